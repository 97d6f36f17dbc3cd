# SPDX-License-Identifier: Apache-2.0
"""A corridor with pillars, rendered from any pose: a scene with depth whose truth is exact."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel

Floats = NDArray[np.float64]

ROOM = np.array([[0.0, -1.5, 0.0], [30.0, 1.5, 2.6]])  # m: along, across, up
_PX_PER_M = 80.0
_TEXTURE_WH = 2400, 300
# Columns: the optical frame's right, down and ahead, for a camera that looks along +x.
R_AHEAD = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


class Corridor:
    """Walls, floor, ceiling and pillars, all with texture."""

    def __init__(self, seed: int, size_wh: tuple[int, int] = (320, 240), fov_rad: float = 1.2) -> None:
        rng = np.random.default_rng(seed)
        width, height = size_wh
        focal = width / 2 / np.tan(fov_rad / 2)
        K = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])
        self.camera = CameraModel(size_wh, K, np.zeros(5))
        corners = np.c_[rng.uniform(1, 28, 7), rng.choice([-1.5, 1.1], 7), np.zeros(7)]
        self._boxes = [ROOM, *(np.stack([c, c + [0.4, 0.4, 2.6]]) for c in corners)]
        self._textures = [_texture(rng) for _ in range(3 * len(self._boxes))]
        # Twice as fine, then averaged: far texture must not flicker.
        u, v = np.meshgrid(np.arange(2 * width) / 2 - 0.25, np.arange(2 * height) / 2 - 0.25)
        self._rays = np.stack([u, v, np.ones(u.shape)], axis=-1).reshape(-1, 3) @ np.linalg.inv(K).T
        self._rng = rng

    def render(self, T_map_camera: Floats, noise: float = 2.0) -> NDArray[np.uint8]:
        """An image (H, W, 3) from inside the room."""
        rays, origin = self._rays @ T_map_camera[:3, :3].T, T_map_camera[:3, 3]
        best, gray = np.full(len(rays), np.inf), np.zeros(len(rays), np.float32)
        for number, box in enumerate(self._boxes):
            with np.errstate(divide='ignore', invalid='ignore'):
                faces = np.sort((box[:, None, :] - origin) / rays, axis=0)  # (2, N, 3): into and out of each slab
            into, out = faces[0].max(axis=1), faces[1].min(axis=1)
            depth, axis = (out, faces[1].argmin(axis=1)) if number == 0 else (into, faces[0].argmax(axis=1))
            hit = (depth > 0) & (depth < best) & ((into < out) | (number == 0))
            points = origin + rays[hit] * depth[hit, None]
            best[hit] = depth[hit]
            gray[hit] = self._sampled(points, axis[hit], number)
        width, height = self.camera.size_wh
        image = gray.reshape(height, 2, width, 2).mean(axis=(1, 3)) + self._rng.normal(0, noise, (height, width))
        return np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)

    def _sampled(self, points: Floats, axis: NDArray[np.intp], number: int) -> NDArray[np.float32]:
        found = np.zeros(len(points), np.float32)
        for a in range(3):
            on = axis == a
            if not on.any():
                continue
            x, y = (points[on][:, [i for i in range(3) if i != a]].T * _PX_PER_M).astype(np.float32)
            # Both walls of an axis share a texture, shifted: their other coordinate tells them apart.
            x = (x + np.float32(997.0) * (points[on][:, a] > 0.5)) % np.float32(_TEXTURE_WH[0])
            found[on] = _bilinear(self._textures[3 * number + a], x, y)
        return found


def _bilinear(texture: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values (N,) at (x, y), wrapped around."""
    height, width = texture.shape
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    dx, dy = x - column, y - row
    corner = [texture[(row + j) % height, (column + i) % width].astype(np.float32) for j in (0, 1) for i in (0, 1)]
    upper, lower = corner[0] + dx * (corner[1] - corner[0]), corner[2] + dx * (corner[3] - corner[2])
    return np.asarray(upper + dy * (lower - upper), np.float32)


def ahead(x_m: float, y_m: float = 0.0, z_m: float = 1.3, yaw_rad: float = 0.0, pitch_rad: float = 0.0) -> Floats:
    """T_map_camera of a camera in the corridor, looking along it but for a turn to the left and downwards."""
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    c, s = np.cos(pitch_rad), np.sin(pitch_rad)
    tilt = np.array([[c, 0, s], [0, 1.0, 0], [-s, 0, c]])
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = turn @ tilt @ R_AHEAD, (x_m, y_m, z_m)
    return T


def _texture(rng: np.random.Generator, size_wh: tuple[int, int] = _TEXTURE_WH) -> NDArray[np.uint8]:
    image = np.full((size_wh[1], size_wh[0]), 128, np.uint8)
    for _ in range(1500):
        x, y = (int(rng.integers(0, s)) for s in size_wh)
        w, h = (int(v) for v in rng.integers(4, 50, 2))
        cv2.rectangle(image, (x, y), (x + w, y + h), int(rng.integers(0, 256)), -1)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.8), np.uint8)
