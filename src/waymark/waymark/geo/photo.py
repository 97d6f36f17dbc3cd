# SPDX-License-Identifier: Apache-2.0
"""A photo that is to be found on a map: its features at several sizes, and how it looks turned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_rgb, require_shape
from waymark.errors import MessageError
from waymark.geo.local_features import LocalFeatures, find_features, joined
from waymark.image.camera import CameraModel
from waymark.image.geometry import image_corners

_SIZES = ((640, 800), (320, 500), (160, 250))  # longer side px, features: a map shows a photo's ground at any of these
_SMALLEST_PX = 64
_FLAT = 2.0  # standard deviation, grey levels, below which a photo shows nothing
MOST_LENS_SHIFT = 0.01  # of the diagonal; above it photos should be undistorted first
CROPS = (1.0, 0.7)  # of the shorter side, that are compared with tiles


def lens_shift(camera: CameraModel) -> float:
    """How far the lens moves the image's corners, as a share of its diagonal: homographies know nothing of it.

    Args:
        camera: Calibrated.
    """
    corners = image_corners(camera.size_wh)
    moved = np.linalg.norm(camera.undistort_points(corners) - corners, axis=1)
    return float(moved.max() / np.hypot(*camera.size_wh))


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo.

    Attributes:
        rgb: (H, W, 3) uint8.
        K: (3, 3) intrinsics px, None where they are not known.
        metres_per_pixel: Of the ground in its middle, where altitude and camera say; else None.
    """

    rgb: NDArray[np.uint8]
    K: NDArray[np.float64] | None = None
    metres_per_pixel: float | None = None

    def __post_init__(self) -> None:
        require_rgb('rgb', self.rgb)
        if self.K is not None:
            require_shape('K', self.K, (3, 3))
        if min(self.rgb.shape[:2]) < _SMALLEST_PX:
            raise MessageError(
                f'the photo is {self.size_wh[0]}x{self.size_wh[1]} px: too small to be found on a map. '
                f'Give one of at least {_SMALLEST_PX} px a side.'
            )

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.rgb.shape[1], self.rgb.shape[0]

    @property
    def diagonal_px(self) -> float:
        """From corner to corner."""
        return float(np.hypot(*self.size_wh))

    @property
    def middle_px(self) -> NDArray[np.float64]:
        """(1, 2): the middle of the image."""
        return (np.array([self.size_wh], np.float64) - 1) / 2

    @cached_property
    def gray(self) -> NDArray[np.uint8]:
        """(H, W) uint8."""
        return np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), np.uint8)

    @property
    def is_flat(self) -> bool:
        """Whether it shows nothing: black, white, fog."""
        return float(self.gray[::4, ::4].std()) < _FLAT

    @cached_property
    def features(self) -> LocalFeatures:
        """Found at several sizes, in px of the photo."""
        longer = max(self.size_wh)
        parts = []
        for side, most in _SIZES:
            factor = min(side / longer, 1.0)
            small_wh = max(round(self.size_wh[0] * factor), 1), max(round(self.size_wh[1] * factor), 1)
            small = self.gray if factor == 1 else cv2.resize(self.gray, small_wh, interpolation=cv2.INTER_AREA)
            parts.append(find_features(np.asarray(small, np.uint8), most).placed(longer / max(small_wh), (0, 0)))
        return joined(parts)

    def turned(self, heading_rad: float, crop: float, side_px: int) -> NDArray[np.uint8]:
        """A square about its middle as it looks turned.

        Args:
            heading_rad: From +x towards +y: by how much what it shows is turned.
            crop: Side of the square relative to the photo's shorter side.
            side_px: Of the result.

        Returns:
            (side, side, 3) uint8; beyond the photo its border is mirrored.
        """
        side = crop * min(self.size_wh)
        shrink = max(int(side / side_px), 1)
        small_wh = max(self.size_wh[0] // shrink, 1), max(self.size_wh[1] // shrink, 1)
        small = self.rgb if shrink == 1 else cv2.resize(self.rgb, small_wh, interpolation=cv2.INTER_AREA)
        k = side / side_px * small_wh[0] / self.size_wh[0]  # small px per px of the result
        c, s = k * np.cos(heading_rad), k * np.sin(heading_rad)
        half, middle = (side_px - 1) / 2, (np.array(small_wh) - 1) / 2
        M = np.array([[c, s, middle[0] - half * (c + s)], [-s, c, middle[1] - half * (c - s)]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(small, M, (side_px, side_px), flags=flags, borderMode=cv2.BORDER_REFLECT_101), np.uint8
        )
