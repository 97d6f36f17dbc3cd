# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes under a change of scale and origin."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from waymark.boxes.canonical import Boxes, as_boxes, canonical


def rescaled(boxes: ArrayLike, scale_xy: tuple[float, float], shift_xy: tuple[float, float] = (0.0, 0.0)) -> Boxes:
    """Boxes in an image that was scaled by `scale_xy` and then moved by `shift_xy`.

    Scales that differ make a turned rectangle a parallelogram. The box keeps the direction and length of what its
    longer side became, and the parallelogram's area: exact where the scales are equal or the box is upright, and
    in any case the way there and back gives the same box, unless its longer side becomes the shorter one.

    Args:
        boxes: (..., 5).
        scale_xy: Above 0, along x and y.
        shift_xy: px after scaling, of coordinates (not of pixel edges: see Letterbox for those).

    Returns:
        (..., 5), canonical, read-only.

    Raises:
        ValueError: See as_boxes, or a scale that is not above 0.
    """
    sx, sy = scale_xy
    if not (sx > 0 and sy > 0):
        raise ValueError(f'scale_xy: must be above 0, got {scale_xy}')
    if sx == sy:
        return canonical(as_boxes('boxes', boxes) * [sx, sx, sx, sx, 1] + [*shift_xy, 0, 0, 0])
    rows = canonical(boxes)
    along_x, along_y = sx * np.cos(rows[..., 4]), sy * np.sin(rows[..., 4])
    stretch = np.hypot(along_x, along_y)
    result = np.empty_like(rows)
    result[..., 0], result[..., 1] = rows[..., 0] * sx + shift_xy[0], rows[..., 1] * sy + shift_xy[1]
    result[..., 2], result[..., 3] = rows[..., 2] * stretch, rows[..., 3] * (sx * sy / stretch)
    result[..., 4] = np.arctan2(along_y, along_x)
    return canonical(result)
