# SPDX-License-Identifier: Apache-2.0
"""Where an image lies in a model's input, for oriented boxes there and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes import rescaled
from waymark.image.letterbox import Letterbox


@dataclass(frozen=True)
class Placement:
    """A change of scale and origin between pixel centres on both sides.

    Attributes:
        scale_xy: Input pixels per image pixel.
        shift_xy: Where pixel (0, 0) of the image lies in the input, px.
    """

    scale_xy: tuple[float, float]
    shift_xy: tuple[float, float]

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, source_wh: tuple[int, int], target_wh: tuple[int, int], resize: str) -> Placement:
        """Place an image by a manifest's rule: 'letterbox', or 'stretch'.

        Raises:
            ValueError: Another rule, which would lose a part of the image.
        """
        if resize == 'letterbox':
            box = Letterbox.fit(source_wh, target_wh)
            scale, offset = box.scale_xy, box.offset_xy
        elif resize == 'stretch':
            scale, offset = (target_wh[0] / source_wh[0], target_wh[1] / source_wh[1]), (0, 0)
        else:
            raise ValueError(f'resize: expected letterbox or stretch, got {resize!r}')
        shift = tuple(0.5 * s - 0.5 + o for s, o in zip(scale, offset, strict=True))
        return cls(scale, (shift[0], shift[1]))

    def to_target(self, boxes: ArrayLike) -> NDArray[np.float64]:
        """Boxes (N, 5) of the image in the model's input."""
        return rescaled(boxes, self.scale_xy, self.shift_xy)

    def to_source(self, boxes: ArrayLike) -> NDArray[np.float64]:
        """Boxes (N, 5) of the model's input in the image: the inverse of `to_target`."""
        sx, sy = 1 / self.scale_xy[0], 1 / self.scale_xy[1]
        return rescaled(boxes, (sx, sy), (-self.shift_xy[0] * sx, -self.shift_xy[1] * sy))
