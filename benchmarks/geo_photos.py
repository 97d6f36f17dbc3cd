# SPDX-License-Identifier: Apache-2.0
"""Photos of a picture of the ground as a drone would take them on another day, with exact truth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.ground import Ground
from waymark_sim.ortho import Look, OrthoRenderer
from waymark_sim.route import rotation

SIZE_WH = (640, 480)
_KNOWN = 0.75  # least share of a photo that shows known ground


@dataclass(frozen=True)
class Case:
    """How photos are taken.

    Attributes:
        altitude_m: Lowest and highest, drawn by their logarithm.
        tilt_deg: Standard deviation of roll and pitch; with `oblique_deg` what is added to that of pitch.
        oblique_deg: See tilt_deg.
        relief_px: Largest standard deviation of the smooth displacement that hills, trees and houses make.
        seasons: Whether the ground is recoloured, has other shadows and a tenth of it replaced.
    """

    altitude_m: tuple[float, float] = (20.0, 90.0)
    tilt_deg: float = 6.0
    oblique_deg: float = 0.0
    relief_px: float = 4.0
    seasons: bool = False


@dataclass(frozen=True, eq=False)
class Taken:
    """One photo and its truth: the pixel of the ground's picture below the camera, and the rest of the pose."""

    rgb: NDArray[np.uint8]
    K: NDArray[np.float64]
    place_px: NDArray[np.float64]
    middle_px: NDArray[np.float64]
    yaw_deg: float
    altitude_m: float


def take_photos(ground: Ground, case: Case, count: int, seed: int) -> Iterator[Taken]:
    """Photos with any heading, light from .5 to 1.4, gamma, blur and noise."""
    rng = np.random.default_rng((seed, 17))
    changed = Ground(other_season(ground.rgb, rng), ground.metres_per_pixel, ground.known) if case.seasons else ground
    for index in range(count):
        yield _take(changed, case, rng, index)


def _take(ground: Ground, case: Case, rng: np.random.Generator, index: int) -> Taken:
    side_m = np.array(ground.known.shape[::-1]) * ground.metres_per_pixel
    while True:
        look = Look(float(rng.uniform(0.5, 1.4)), float(rng.choice([0, 0, 0.8, 1.5])), float(rng.uniform(0, 8)))
        renderer = OrthoRenderer(ground, SIZE_WH, math.radians(rng.uniform(45, 70)), look, index)
        altitude = math.exp(rng.uniform(*np.log(case.altitude_m)))
        roll, pitch = np.radians(case.tilt_deg) * rng.normal(size=2)
        yaw = rng.uniform(-math.pi, math.pi)
        T = np.eye(4)
        T[:3, :3] = rotation(roll, pitch - math.radians(case.oblique_deg), yaw)
        T[:3, 3] = *(rng.uniform(-0.5, 0.5, 2) * side_m), altitude
        H = ground.H_texture_from_ground @ np.linalg.inv(renderer.H_image_from_ground(T))
        if _share_known(ground, H) >= _KNOWN:
            break
    rgb = _relief(renderer.render(T, index), rng, case.relief_px)
    rgb = np.asarray(255 * (rgb / 255.0) ** rng.uniform(0.7, 1.4), np.uint8)
    below = (ground.H_texture_from_ground @ (*T[:2, 3], 1.0))[:2]
    middle = cv2.perspectiveTransform(np.array([[[(SIZE_WH[0] - 1) / 2, (SIZE_WH[1] - 1) / 2]]]), H)[0, 0]
    return Taken(rgb, renderer.camera.K, below, middle, math.degrees(math.pi / 2 - yaw) % 360, altitude)


def _share_known(ground: Ground, H: NDArray[np.float64]) -> float:
    u, v = np.meshgrid(np.linspace(0, SIZE_WH[0] - 1, 20), np.linspace(0, SIZE_WH[1] - 1, 15))
    mapped = H @ np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    if (mapped[2] * mapped[2, 0] <= 0).any():
        return 0.0
    x, y = np.rint(mapped[:2] / mapped[2])
    inside = (x >= 0) & (y >= 0) & (x < ground.known.shape[1]) & (y < ground.known.shape[0])
    seen = np.zeros(len(x), bool)
    seen[inside] = ground.known[y[inside].astype(int), x[inside].astype(int)]
    return float(seen.mean())


def _relief(rgb: NDArray[np.uint8], rng: np.random.Generator, most_px: float) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    field = cv2.GaussianBlur(rng.normal(size=(height, width, 2)).astype(np.float32), (0, 0), 40)
    field *= float(rng.uniform(0, most_px)) / max(float(field.std()), 1e-9)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = cv2.remap(rgb, x + field[..., 0], y + field[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


def other_season(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The ground recoloured: hues turned, green browned, tones bent, shadows laid, a tenth replaced by other pieces."""
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV).astype(np.float32)
    green = np.exp(-(((hsv[..., 0] - 45) / 18) ** 2)) * (hsv[..., 1] > 25)
    hsv[..., 0] = (hsv[..., 0] - 22 * green) % 180
    hsv[..., 1] *= 1 - 0.5 * green
    hsv[..., 2] = np.clip(hsv[..., 2] * (1 + rng.uniform(0.4, 0.9) * green), 0, 255)
    changed = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.float32)
    height, width = rgb.shape[:2]
    coarse = rng.normal(size=(height // 64 + 2, width // 64 + 2)).astype(np.float32)
    changed *= np.clip(1 + 0.35 * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0.4, 1.8)[
        ..., None
    ]
    fine = rng.normal(0, 14, (height // 6 + 1, width // 6 + 1)).astype(np.float32)
    changed += cv2.resize(fine, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    side = max(min(height, width) // 20, 8)
    for _ in range(round(0.1 * height * width / side**2)):
        y, x = rng.integers(0, (height - side, width - side))
        other_y, other_x = rng.integers(0, (height - side, width - side))
        changed[y : y + side, x : x + side] = changed[other_y : other_y + side, other_x : other_x + side]
    return np.asarray(np.clip(changed, 0, 255), np.uint8)
