# SPDX-License-Identifier: Apache-2.0
"""Where a letterboxed image lies in a model's input, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape

FILL = 114  # grey around the image, as detectors of the YOLO family are trained with


@dataclass(frozen=True)
class Letterbox:
    """A whole image, shrunk or enlarged to fit and centred in a model's input.

    Integer coordinates are pixel centres on both sides. The content has whole pixels, so its scale differs slightly
    between x and y for most aspect ratios; both are exact here, and so is the way back.

    Attributes:
        source_wh: Size of the image, px.
        target_wh: Size of the model's input, px.
        content_wh: Size of the resized image inside the input, px.
        offset_xy: Column and row of the content's first pixel.
    """

    source_wh: tuple[int, int]
    target_wh: tuple[int, int]
    content_wh: tuple[int, int]
    offset_xy: tuple[int, int]

    @classmethod
    @lru_cache(maxsize=64)
    def fit(cls, source_wh: tuple[int, int], target_wh: tuple[int, int]) -> Letterbox:
        """Place an image as ultralytics does: rounded size, the odd pixel of the border on the right and below.

        Raises:
            ValueError: A size is not positive.
        """
        if min(*source_wh, *target_wh) < 1:
            raise ValueError(f'letterbox: sizes must be positive, got {source_wh} and {target_wh}')
        scale = min(t / s for s, t in zip(source_wh, target_wh, strict=True))
        width, height = (max(round(s * scale), 1) for s in source_wh)
        return cls(source_wh, target_wh, (width, height), ((target_wh[0] - width) // 2, (target_wh[1] - height) // 2))

    @property
    def scale_xy(self) -> tuple[float, float]:
        """Input pixels per image pixel along x and y."""
        return self.content_wh[0] / self.source_wh[0], self.content_wh[1] / self.source_wh[1]

    def to_target(self, points_px: NDArray[Any]) -> NDArray[np.float64]:
        """Map points of the image into the model's input.

        Args:
            points_px: (..., 2) x, y.

        Returns:
            (..., 2): (p + 1/2) * scale - 1/2 + offset; pixels are squares around their centres.
        """
        points = _points(points_px)
        return np.asarray((points + 0.5) * self.scale_xy - 0.5 + self.offset_xy, np.float64)

    def to_source(self, points_px: NDArray[Any]) -> NDArray[np.float64]:
        """Map points (..., 2) of the model's input back into the image: the inverse of `to_target`.

        Points on the border fall outside the image; nothing is clipped.
        """
        points = _points(points_px)
        return np.asarray((points - self.offset_xy + 0.5) / self.scale_xy - 0.5, np.float64)

    def boxes_to_source(self, boxes_px: NDArray[Any]) -> NDArray[np.float64]:
        """Map upright boxes (N, 4) x1, y1, x2, y2 back into the image."""
        require_shape('boxes_px', boxes_px, ('N', 4))
        return self.to_source(np.asarray(boxes_px).reshape(-1, 2, 2)).reshape(-1, 4)

    def boxes_to_target(self, boxes_px: NDArray[Any]) -> NDArray[np.float64]:
        """Map upright boxes (N, 4) x1, y1, x2, y2 of the image into the model's input."""
        require_shape('boxes_px', boxes_px, ('N', 4))
        return self.to_target(np.asarray(boxes_px).reshape(-1, 2, 2)).reshape(-1, 4)


def _points(points_px: NDArray[Any]) -> NDArray[np.float64]:
    points = np.asarray(points_px, np.float64)
    if points.shape[-1:] != (2,):
        raise ValueError(f'points_px: expected shape (..., 2), got {points.shape}')
    return points
