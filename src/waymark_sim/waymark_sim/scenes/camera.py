# SPDX-License-Identifier: Apache-2.0
"""Lenses from narrow to fisheye, and the ray caster that looks through them at a scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.scenes.planes import CUTOUT, LEVELS, Scene

_NEAR_M = 0.05
_FAR_M = 1e6


@dataclass(frozen=True, eq=False)
class Lens:
    """Directions of all pixels.

    Attributes:
        size_wh: px.
        focal_px: Pixels per radian in the middle.
        rays: (3, h * w) unit vectors: right, down, forward.
        lit: (h * w,) bool: inside the image circle.
    """

    size_wh: tuple[int, int]
    focal_px: float
    rays: NDArray[np.float32]
    lit: NDArray[np.bool_]


def pinhole(size_wh: tuple[int, int], fov_rad: float) -> Lens:
    """Straight lines stay straight; `fov_rad` over the width."""
    x, y, focal = _pixels(size_wh, size_wh[0] / 2 / np.tan(fov_rad / 2))
    rays = np.stack([x, y, np.ones_like(x)])
    return Lens(size_wh, focal, np.asarray(rays / np.linalg.norm(rays, axis=0), np.float32), np.ones(x.size, bool))


def fisheye(size_wh: tuple[int, int], fov_rad: float, circle: float) -> Lens:
    """Equidistant: the angle from the axis grows with the radius.

    Args:
        size_wh: px.
        fov_rad: Over the width.
        circle: Radius of the image circle as part of half the height; beyond it all is black.
    """
    x, y, focal = _pixels(size_wh, size_wh[0] / fov_rad)
    angle = np.minimum(np.hypot(x, y), 3.0)
    rays = np.stack([x * np.sinc(angle / np.pi), y * np.sinc(angle / np.pi), np.cos(angle)])
    lit = np.hypot(x, y) * focal <= circle * size_wh[1] / 2
    return Lens(size_wh, focal, np.asarray(rays, np.float32), lit)


def _pixels(size_wh: tuple[int, int], focal: float) -> tuple[NDArray[Any], NDArray[Any], float]:
    x, y = np.meshgrid(np.arange(size_wh[0]), np.arange(size_wh[1]))
    return (x.ravel() - (size_wh[0] - 1) / 2) / focal, (y.ravel() - (size_wh[1] - 1) / 2) / focal, focal


@dataclass(frozen=True, eq=False)
class Pose:
    """Where a camera is and looks; x east, y north, z up.

    Attributes:
        position: (3,) m.
        yaw_rad, pitch_rad, roll_rad: From east to north; up; clockwise as the picture's content turns against it.
    """

    position: NDArray[np.float64]
    yaw_rad: float = 0.0
    pitch_rad: float = 0.0
    roll_rad: float = 0.0

    @property
    def R_world_camera(self) -> NDArray[np.float32]:
        """(3, 3): columns right, down, forward."""
        cy, sy, cp, sp = np.cos(self.yaw_rad), np.sin(self.yaw_rad), np.cos(self.pitch_rad), np.sin(self.pitch_rad)
        forward, right = np.array([cy * cp, sy * cp, sp]), np.array([sy, -cy, 0.0])
        down = np.cross(forward, right)
        c, s = np.cos(self.roll_rad), np.sin(self.roll_rad)
        return np.asarray(np.column_stack([c * right + s * down, c * down - s * right, forward]), np.float32)


@dataclass(frozen=True, eq=False)
class Light:
    """How bright what is.

    Attributes:
        materials: (4,) factor for WALL, WINDOW, LAMP, CUTOUT.
        sides: (6,) factor for surfaces across x, -x, y, -y, z, -z.
        haze: (3,) colour, 0..255.
        haze_m: Distance over which haze hides two thirds.
    """

    materials: NDArray[np.float32] = field(default_factory=lambda: np.ones(4, np.float32))
    sides: NDArray[np.float32] = field(default_factory=lambda: np.ones(6, np.float32))
    haze: NDArray[np.float32] = field(default_factory=lambda: np.zeros(3, np.float32))
    haze_m: float = _FAR_M


def render(scene: Scene, lens: Lens, pose: Pose, light: Light | None = None) -> NDArray[np.uint8]:
    """Take a picture, RGB (h, w, 3): cast one ray per pixel, look its surface up at the scale that fits."""
    light = light or Light()
    rays = pose.R_world_camera @ lens.rays
    distance, index, a, b = _cast(scene, rays, np.asarray(pose.position, np.float32), lens)
    rgb = _looked_up(scene, lens, distance, index, a, b)
    normal = scene.axes[:, 0]
    facing = np.sign(((pose.position - scene.corners) * normal).sum(axis=1))[:, None] * normal
    side = np.abs(facing).argmax(axis=1)
    side = 2 * side + (np.take_along_axis(facing, side[:, None], 1)[:, 0] < 0)
    gain = light.materials[scene.material] * light.sides[side]
    hit = index >= 0
    rgb *= np.where(hit, gain[index], light.materials[1])[:, None]
    veil = np.where(hit, 1 - np.exp(-distance / light.haze_m), 0)[:, None]
    rgb += veil * (light.haze - rgb)
    rgb[~hit] = _sky(scene, rays[:, ~hit]) * light.materials[1]
    rgb[~lens.lit] = 0
    return np.asarray(np.clip(rgb, 0, 255), np.uint8).reshape(lens.size_wh[1], lens.size_wh[0], 3)


def _cast(
    scene: Scene, rays: NDArray[np.float32], position: NDArray[np.float32], lens: Lens
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
    """Find for each ray the nearest surface (-1: none), its distance, and where on it (0..1 across and down)."""
    n = rays.shape[1]
    nearest, index = np.full(n, _FAR_M, np.float32), np.full(n, -1, np.intp)
    at_a, at_b = np.zeros(n, np.float32), np.zeros(n, np.float32)
    seen = np.flatnonzero(_maybe_seen(scene, rays, position))
    slopes = (scene.axes[seen].reshape(-1, 3) @ rays).reshape(-1, 3, n)
    starts = np.einsum('pij,pj->pi', scene.axes[seen], position - scene.corners[seen])
    for p, slope, start in zip(seen, slopes, starts, strict=True):
        with np.errstate(divide='ignore', invalid='ignore'):
            t = -start[0] / slope[0]
        near = np.flatnonzero((t > _NEAR_M) & (t < nearest))
        t = t[near]
        a, b = start[1] + t * slope[1][near], start[2] + t * slope[2][near]
        inside = (a >= 0) & (a <= 1) & (b >= 0) & (b <= 1)
        if scene.material[p] == CUTOUT:
            inside &= _opaque(scene, int(p), a, b)
        near = near[inside]
        nearest[near], index[near], at_a[near], at_b[near] = t[inside], p, a[inside], b[inside]
    return nearest, index, at_a, at_b


def _maybe_seen(scene: Scene, rays: NDArray[np.float32], position: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Leave out what lies behind the camera or wholly to one side; (P,) bool."""
    middle = rays.mean(axis=1)
    cosine = float((middle @ rays).min() / np.linalg.norm(middle))
    middle = middle / np.linalg.norm(middle)
    u, v = scene.sides[:, 0], scene.sides[:, 1]
    centre = scene.corners + (u + v) / 2 - position
    radius = np.linalg.norm(u + v, axis=1) / 2
    far = np.linalg.norm(centre, axis=1)
    # A ball around the rectangle against the cone around the view.
    angle = np.arccos(np.clip(centre @ middle / np.maximum(far, 1e-6), -1, 1))
    reach = np.arcsin(np.clip(radius / np.maximum(far, 1e-6), 0, 1))
    return np.asarray((far <= radius) | (angle - reach < np.arccos(np.clip(cosine, -1, 1))))


def _opaque(scene: Scene, p: int, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.bool_]:
    x, y, w, h = scene.tiles[p]
    inside = np.clip(a, 0, 1) * (w - 1), np.clip(b, 0, 1) * (h - 1)
    return np.asarray(scene.levels[0][(y + inside[1]).astype(int), (x + inside[0]).astype(int)].any(axis=1))


def _looked_up(
    scene: Scene,
    lens: Lens,
    distance: NDArray[np.float32],
    index: NDArray[np.intp],
    a: NDArray[np.float32],
    b: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Colours (n, 3) float32; black where nothing is hit."""
    tile = scene.tiles[index]
    x, y = tile[:, 0] + a * tile[:, 2] - 0.5, tile[:, 1] + b * tile[:, 3] - 0.5
    footprint = np.maximum(distance * scene.density[index] / lens.focal_px, 1.0)
    # Between the scale that is sharp and the one that is calm on a slanted surface: half a level more.
    level = np.clip(np.rint(np.log2(footprint) + 0.3), 0, LEVELS - 1).astype(int)
    level[index < 0] = -1
    rgb = np.zeros((len(index), 3), np.float32)
    for k in range(LEVELS):
        here = np.flatnonzero(level == k)
        if len(here):
            scale = 0.5**k
            mx, my = ((v[here] + 0.5) * scale - 0.5 for v in (x, y))
            # remap wants pictures: one column, at most 32767 high.
            rows = [cv2.remap(scene.levels[k], mx[i : i + 32000], my[i : i + 32000], cv2.INTER_LINEAR)
                    for i in range(0, len(here), 32000)]  # fmt: skip
            rgb[here] = np.concatenate(rows).reshape(-1, 3)
    return rgb


def _sky(scene: Scene, rays: NDArray[np.float32]) -> NDArray[np.float32]:
    h, w = scene.sky.shape[:2]
    column = (np.arctan2(rays[1], rays[0]) / (2 * np.pi) % 1.0 * (w - 1)).astype(int)
    row = ((0.5 - np.arcsin(np.clip(rays[2], -1, 1)) / np.pi) * (h - 1)).astype(int)
    return np.asarray(scene.sky[row, column], np.float32)
