# SPDX-License-Identifier: Apache-2.0
"""A pinhole camera over a flat ground. What it sees is a homography of the ground's picture, known exactly.

The map is ENU, the vehicle FLU. The camera looks down out of the vehicle's middle: the image's up is the
vehicle's forward, its right the vehicle's right. Integer pixel coordinates are pixel centres.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.camera import CameraModel
from waymark_sim.ground import Ground
from waymark_sim.look import Development, Look

# Columns: the optical frame's x (right), y (down), z (forward) in the vehicle's forward, left, up.
R_BASE_CAMERA = np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
SKY = (176, 204, 232)


def pinhole(size_wh: tuple[int, int], fov_rad: float) -> CameraModel:
    """A camera without distortion, its axis through the image's middle.

    Args:
        size_wh: Of images, px.
        fov_rad: Vertical field of view.
    """
    width, height = size_wh
    focal = height / 2 / math.tan(fov_rad / 2)
    K = np.array([[focal, 0.0, (width - 1) / 2], [0.0, focal, (height - 1) / 2], [0.0, 0.0, 1.0]])
    return CameraModel(size_wh, K, np.zeros(5))


class OrthoRenderer:
    """Renders images of one ground with one camera."""

    def __init__(
        self,
        ground: Ground,
        size_wh: tuple[int, int],
        fov_rad: float,
        look: Look | None = None,
        seed: int = 0,
    ) -> None:
        """Prepare the ground's picture at all scales.

        Args:
            ground: The ground.
            size_wh: Image size, px.
            fov_rad: Vertical field of view, rad.
            look: Light, blur and noise; none by default.
            seed: Of the noise.
        """
        self.camera = pinhole(size_wh, fov_rad)
        self.look = look or Look()
        self._ground = ground
        self._fill = tuple(int(v) for v in ground.rgb[:: len(ground.rgb) // 8 + 1].mean(axis=(0, 1)))
        self._levels = pyramid(ground.rgb)
        self._development = Development(size_wh, self.look.noise, seed)

    def render(
        self,
        T_map_base: NDArray[np.float64],
        index: int = 0,
        paint: Callable[[NDArray[np.uint8], NDArray[np.float64]], object] | None = None,
    ) -> NDArray[np.uint8]:
        """Take an image.

        Args:
            T_map_base: (4, 4) pose of the vehicle, m; above the ground.
            index: Number of the image: it decides the noise, so that equal calls give equal images.
            paint: Paints onto the ground what does not belong to its picture (traffic): given the RGB image, to be
                changed in place, and H_image_from_ground, before blur, light and noise.

        Returns:
            RGB (H, W, 3).
        """
        H_image_from_ground = self.H_image_from_ground(T_map_base)
        H_image_from_texture = H_image_from_ground @ np.linalg.inv(self._ground.H_texture_from_ground)
        level = self._level(H_image_from_texture)
        image = np.empty((self.camera.size_wh[1], self.camera.size_wh[0], 3), np.uint8)
        cv2.warpPerspective(
            self._levels[level],
            H_image_from_texture @ _texture_from_level(level),
            self.camera.size_wh,
            dst=image,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101 if self._ground.known.all() else cv2.BORDER_CONSTANT,
            borderValue=self._fill,
        )
        if paint is not None:
            paint(image, H_image_from_ground)
        self._paint_sky(image, T_map_base)
        return self._development.apply(image, self.look, index)

    def H_image_from_ground(self, T_map_base: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the exact (3, 3) map from (x, y, 1) on the ground, m, to the image, px.

        K [r1 r2 t] of the world in the camera: Hartley and Zisserman, Multiple View Geometry, 8.1.1.

        Raises:
            ValueError: The vehicle is not above the ground.
        """
        require_shape('T_map_base', T_map_base, (4, 4))
        if T_map_base[2, 3] <= 0.0:
            raise ValueError(f'T_map_base: the camera must be above the ground, got z = {T_map_base[2, 3]:g} m')
        R_camera_map = (T_map_base[:3, :3] @ R_BASE_CAMERA).T
        t = -R_camera_map @ T_map_base[:3, 3]
        return np.asarray(self.camera.K @ np.column_stack([R_camera_map[:, 0], R_camera_map[:, 1], t]))

    def H_cur_ref(self, T_map_cur: NDArray[np.float64], T_map_ref: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the exact (3, 3) homography from the image at one pose to that at another, H[2, 2] = 1."""
        H = self.H_image_from_ground(T_map_cur) @ np.linalg.inv(self.H_image_from_ground(T_map_ref))
        return np.asarray(H / H[2, 2])

    def _level(self, H_image_from_texture: NDArray[np.float64]) -> int:
        """Choose the scale of the picture that fits the middle of the image."""
        cx, cy = self.camera.K[:2, 2]
        at = np.array([[[cx, cy]], [[cx + 1, cy]], [[cx, cy + 1]]])
        middle, right, below = cv2.perspectiveTransform(at, np.linalg.inv(H_image_from_texture)).reshape(3, 2)
        area = abs(np.linalg.det(np.column_stack([right - middle, below - middle])))  # texture px per image px
        return int(np.clip(round(0.5 * math.log2(max(area, 1e-9))), 0, len(self._levels) - 1))

    def _paint_sky(self, image: NDArray[np.uint8], T_map_base: NDArray[np.float64]) -> None:
        """Cover what a strongly tilted camera sees above the horizon: there the homography has no meaning."""
        width, height = self.camera.size_wh
        rays = T_map_base[2, :3] @ R_BASE_CAMERA @ np.linalg.inv(self.camera.K)  # upward part of each pixel's ray
        u, v = np.meshgrid(np.arange(width), np.arange(height), sparse=True)
        corners = np.array([[0, 0], [width, 0], [0, height], [width, height]])
        if (corners @ rays[:2] + rays[2]).max() >= 0.0:
            image[rays[0] * u + rays[1] * v + rays[2] >= 0.0] = SKY


def pyramid(rgb: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """A picture, and again and again half of it: one more than it takes to come near 32 px, 8 at most."""
    levels = [rgb]
    while min(levels[-1].shape[:2]) >= 64 and len(levels) < 8:
        height, width = levels[-1].shape[:2]
        # Whole blocks of 2 x 2 only, so that each level is exactly half as large.
        even = levels[-1][: height // 2 * 2, : width // 2 * 2]
        levels.append(np.asarray(cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8))
    return levels


def _texture_from_level(level: int) -> NDArray[np.float64]:
    """Map a smaller picture's pixels to the full one's: a pixel's centre lies in the middle of its block."""
    k = float(2**level)
    offset = (k - 1.0) / 2.0
    return np.array([[k, 0.0, offset], [0.0, k, offset], [0.0, 0.0, 1.0]])
