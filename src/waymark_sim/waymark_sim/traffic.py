# SPDX-License-Identifier: Apache-2.0
"""Vehicles that drive over the ground, and exactly which pixels show them.

They are flat pictures on the plane z = 0, as the ground is: whatever differs from the ground's homography does so
because it moves, not because it stands up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_rgb

VEHICLE, SHADOW = 255, 128  # values of the exact mask; shadows move with what casts them
_PX_PER_M = 40
_SHADOW_M = (0.5, -0.4)  # east, north: the sun stands where the generated ground has it
_SHADE = 0.5
BODIES = {'car': (4.5, 1.85), 'van': (5.6, 2.1), 'truck': (9.0, 2.5), 'bus': (12.0, 2.55)}
PAINTS = ((235, 235, 232), (30, 32, 36), (150, 154, 158), (165, 36, 34), (34, 66, 140), (198, 178, 60), (60, 92, 70))


@dataclass(frozen=True)
class Vehicle:
    """One vehicle on a circle or a straight line, at constant speed.

    Attributes:
        kind: 'car', 'van', 'truck' or 'bus'.
        paint: Number of its colour.
        start_m: (x, y) of its middle at time 0, m.
        heading_rad: At time 0, from east, counter-clockwise.
        speed_m_s: Forward.
        turn_rad_s: Of the heading; 0: straight on.
    """

    kind: str
    paint: int
    start_m: tuple[float, float]
    heading_rad: float
    speed_m_s: float
    turn_rad_s: float = 0.0

    def pose(self, t_s: float) -> tuple[float, float, float]:
        """Return (x, y) of its middle, m, and its heading, rad, at a time."""
        heading = self.heading_rad + self.turn_rad_s * t_s
        x, y = self.start_m
        if self.turn_rad_s == 0.0:
            way = self.speed_m_s * t_s
            return x + way * math.cos(heading), y + way * math.sin(heading), heading
        radius = self.speed_m_s / self.turn_rad_s
        x += radius * (math.sin(heading) - math.sin(self.heading_rad))
        y -= radius * (math.cos(heading) - math.cos(self.heading_rad))
        return x, y, heading


def make_traffic(
    seed: int, count: int, reach_m: float, speed_m_s: tuple[float, float] = (3.0, 16.0)
) -> tuple[Vehicle, ...]:
    """Scatter vehicles around the map's origin.

    Args:
        seed: Equal seeds, equal traffic.
        count: How many.
        reach_m: They start at most this far east or west, north or south.
        speed_m_s: Slowest and fastest.
    """
    rng = np.random.default_rng((seed, 5))
    kinds = rng.choice(list(BODIES), count, p=(0.6, 0.2, 0.15, 0.05))
    return tuple(
        Vehicle(
            str(kind),
            int(rng.integers(len(PAINTS))),
            (float(rng.uniform(-reach_m, reach_m)), float(rng.uniform(-reach_m, reach_m))),
            float(rng.uniform(0, 2 * np.pi)),
            float(rng.uniform(*speed_m_s)),
            float(rng.choice((0.0, rng.normal(0.0, 0.15)))),
        )
        for kind in kinds
    )


def paint_traffic(
    image: NDArray[np.uint8], H_image_from_ground: NDArray[np.float64], vehicles: Sequence[Vehicle], t_s: float
) -> NDArray[np.uint8]:
    """Paint vehicles into an image.

    Args:
        image: RGB (H, W, 3), changed in place.
        H_image_from_ground: (3, 3) from (x, y, 1) m to px; see OrthoRenderer.
        vehicles: What drives.
        t_s: Time since their start.

    Returns:
        (H, W) uint8: VEHICLE where at least half of a pixel shows a vehicle, SHADOW where one darkens the ground, else
        0.
    """
    require_rgb('image', image)
    mask = np.zeros(image.shape[:2], np.uint8)
    poses = [v.pose(t_s) for v in vehicles]
    for vehicle, (x, y, heading) in zip(vehicles, poses, strict=True):
        _lay(image, mask, vehicle, H_image_from_ground, (x + _SHADOW_M[0], y + _SHADOW_M[1], heading), SHADOW)
    for vehicle, pose in zip(vehicles, poses, strict=True):
        _lay(image, mask, vehicle, H_image_from_ground, pose, VEHICLE)
    return mask


def _lay(
    image: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    vehicle: Vehicle,
    H_image_from_ground: NDArray[np.float64],
    pose: tuple[float, float, float],
    value: int,
) -> None:
    picture = _picture(vehicle.kind, vehicle.paint)
    H = H_image_from_ground @ _ground_from_picture(picture.shape, pose)
    corners = np.array([[-0.5, -0.5], [1, -0.5], [1, 1], [-0.5, 1]]) * picture.shape[1::-1]
    at = np.column_stack([corners, np.ones(4)]) @ H.T
    if (at[:, 2] * np.sign(H[2] @ (picture.shape[1] / 2, picture.shape[0] / 2, 1)) <= 0).any():
        return  # partly behind the camera
    at = at[:, :2] / at[:, 2:]
    low = np.maximum(np.floor(at.min(axis=0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(at.max(axis=0)).astype(int) + 3, mask.shape[::-1])
    if (high <= low).any():
        return
    shift = np.array([[1.0, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    warped = _warped(picture, shift @ H, (int(high[0] - low[0]), int(high[1] - low[1])))
    part = np.s_[low[1] : high[1], low[0] : high[0]]
    cover = warped[..., 3:] / 255.0
    if value == SHADOW:
        image[part] = np.rint(image[part] * (1 - _SHADE * cover)).astype(np.uint8)
    else:
        image[part] = np.rint(image[part] * (1 - cover) + warped[..., :3] * cover).astype(np.uint8)
    mask[part][cover[..., 0] >= 0.5] = value


def _warped(picture: NDArray[np.uint8], H: NDArray[np.float64], size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """The picture through H at four times the size, then averaged: no edge is lost between samples."""
    fine = np.array([[4.0, 0, 1.5], [0, 4, 1.5], [0, 0, 1]]) @ H
    large = cv2.warpPerspective(
        np.asarray(picture, np.float32), fine, (4 * size_wh[0], 4 * size_wh[1]), flags=cv2.INTER_LINEAR
    )
    small = np.asarray(cv2.resize(large, size_wh, interpolation=cv2.INTER_AREA), np.float32)
    # Colour was averaged with the black beside the vehicle: undo it by how much of the pixel is vehicle.
    small[..., :3] /= np.maximum(small[..., 3:] / 255, 1e-3)
    return small


def _ground_from_picture(shape: tuple[int, ...], pose: tuple[float, float, float]) -> NDArray[np.float64]:
    """Map the picture's pixels (column: forward, row: to the right) to the ground, m."""
    c, s, k = math.cos(pose[2]), math.sin(pose[2]), 1.0 / _PX_PER_M
    forward, right = np.array([c, s]) * k, np.array([s, -c]) * k
    origin = np.asarray(pose[:2]) - forward * (shape[1] - 1) / 2 - right * (shape[0] - 1) / 2
    return np.array([[forward[0], right[0], origin[0]], [forward[1], right[1], origin[1]], [0.0, 0.0, 1.0]])


@cache
def _picture(kind: str, paint: int) -> NDArray[np.uint8]:
    """Seen from above, nose to the right: RGBA with premultiplied colours."""
    length, width = (round(m * _PX_PER_M) for m in BODIES[kind])
    colour = PAINTS[paint]
    picture = np.zeros((width, length, 4), np.uint8)
    corner = width // 6
    for x0, y0, x1, y1 in ((corner, 0, length - corner, width), (0, corner, length, width - corner)):
        picture[y0:y1, x0:x1] = (*colour, 255)
    for x in (corner, length - corner - 1):
        for y in (corner, width - corner - 1):
            cv2.circle(picture, (x, y), corner, (*colour, 255), -1)
    inset, glass = width // 8, (44, 52, 60, 255)
    if kind in ('car', 'van'):
        roof = tuple(min(round(1.12 * v) + 6, 255) for v in colour)
        picture[inset : width - inset, round(0.2 * length) : round(0.72 * length)] = glass
        picture[inset + 4 : width - inset - 4, round(0.3 * length) : round(0.58 * length)] = (*roof, 255)
    else:
        picture[inset : width - inset, round(0.86 * length) : round(0.95 * length)] = glass
        picture[inset // 2 : width - inset // 2, round(0.02 * length) : round(0.82 * length)] = (206, 204, 198, 255)
        for x in np.linspace(0.1, 0.75, 6):
            picture[inset : width - inset, round(x * length) : round(x * length) + 3] = (168, 166, 160, 255)
    for y in (inset, width - 2 * inset):
        picture[y : y + inset, length - corner : length - corner // 3] = (250, 246, 220, 255)
    return picture
