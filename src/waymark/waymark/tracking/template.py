# SPDX-License-Identifier: Apache-2.0
"""A target's picture at the sizes at which it is compared with the camera's image."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.agreement import BLOCK_PX, per_block
from waymark.image.geometry import transform_points
from waymark.image.rectification import scaling
from waymark.tracking.distinct import distinctness
from waymark.tracking.scratch import planes

_STEP = 0.7  # from one template to the next smaller one
_SMALLEST_PX = 36  # longer side below which a picture shows nothing that could be verified
_DETAIL_PX = 17  # side of the window whose mean and contrast are taken off
_CONTRAST = 6.0  # grey levels of noise, which must not be blown up to texture
_GAIN = 36.0  # grey levels of the result per standard deviation


@dataclass(frozen=True, eq=False)
class Template:
    """A picture at one size.

    Attributes:
        gray: (h, w) uint8.
        detail: (h, w) uint8, `gray` without slow changes of light.
        points: (N, 2) float32 px, corners that are spread over the picture, strongest first.
        H_ref_template: (3, 3) template px to px of the target's picture.
        shown: (h, w) bool, where the picture is known (a further view may show a part).
        distinct: (h / 12, w / 12) how much each block proves, 0 to 1.
        plane: (h, w) float32, `detail` about 0.
        mean, variance: (h / 12, w / 12) float32, of `plane` in each block.
        area: Number of pixels that are shown.
        centre_ref: (1, 2) its middle, px of the target's picture.
    """

    gray: NDArray[np.uint8]
    detail: NDArray[np.uint8]
    points: NDArray[np.float32]
    H_ref_template: NDArray[np.float64]
    shown: NDArray[np.bool_]
    distinct: NDArray[np.float32]
    plane: NDArray[np.float32] = field(init=False)
    mean: NDArray[np.float32] = field(init=False)
    variance: NDArray[np.float32] = field(init=False)
    area: int = field(init=False)
    centre_ref: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        plane = self.detail.astype(np.float32) - 128
        mean = per_block(plane)
        derived = {
            'plane': plane,
            'mean': mean,
            'variance': np.maximum(per_block(plane * plane) - mean**2, 0),
            'area': int(np.count_nonzero(self.shown)),
            'centre_ref': transform_points(self.H_ref_template, (np.array(self.size_wh, np.float64) - 1)[None] / 2),
        }
        for name, value in derived.items():  # the only way to complete what is frozen
            object.__setattr__(self, name, value)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Px."""
        return self.gray.shape[1], self.gray.shape[0]


def detail(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the local mean off and divide by the local contrast, so that light no longer matters.

    Args:
        gray: (H, W) uint8.

    Returns:
        (H, W) uint8 around 128.
    """
    window = (_DETAIL_PX, _DETAIL_PX)
    mean, contrast, plane = planes(3, gray.shape)
    cv2.boxFilter(gray, cv2.CV_32F, window, mean)
    cv2.sqrBoxFilter(gray, cv2.CV_32F, window, contrast)
    np.subtract(contrast, np.multiply(mean, mean, out=plane), out=contrast)
    np.maximum(contrast, 0, out=contrast)
    np.sqrt(np.add(contrast, _CONTRAST**2, out=contrast), out=contrast)
    np.subtract(gray, mean, out=plane)
    cv2.divide(plane, contrast, plane, _GAIN)
    return np.asarray(cv2.addWeighted(plane, 1, plane, 0, 128, dtype=cv2.CV_8U), np.uint8)  # saturates


def templates_of(
    gray: NDArray[np.uint8], shown: NDArray[np.bool_], followed_px: int, check_px: int, points: int
) -> tuple[Template, ...]:
    """A picture at several sizes, largest first.

    Args:
        gray: (H, W) uint8 picture of the target.
        shown: (H, W) bool, where it is known.
        followed_px: Longer side of one of the templates, where the picture is that large.
        check_px: Longer side of the largest one; at most the picture's.
        points: Most points in one.

    Returns:
        At least one template.
    """
    found: list[Template] = []
    proof = None
    for longest_px in _lengths_px(float(max(gray.shape)), followed_px, check_px):
        scale = longest_px / max(gray.shape)
        size = _whole_blocks(gray.shape[1] * scale), _whole_blocks(gray.shape[0] * scale)
        small = _resized(gray, size)
        plane = detail(small)
        proof = distinctness(plane) if proof is None else proof
        blocks = size[0] // BLOCK_PX, size[1] // BLOCK_PX
        known = cv2.resize(shown.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        H_ref_template = scaling(size, (gray.shape[1], gray.shape[0]))
        corners = _spread_corners(plane, np.asarray(known), points)
        distinct = cv2.resize(proof, blocks, interpolation=cv2.INTER_LINEAR).reshape(blocks[::-1])
        found.append(
            Template(small, plane, corners, H_ref_template, np.asarray(known), np.asarray(distinct, np.float32))
        )
    return tuple(found)


def _lengths_px(longest_px: float, followed_px: int, check_px: int) -> list[float]:
    """Longer sides of the templates: steps down to the one that is followed, and on from there."""
    finer, length = [], float(min(check_px, longest_px))
    while length > followed_px:
        finer.append(length)
        length *= _STEP
    followed = [min(float(followed_px), longest_px)]
    while followed[-1] * _STEP >= _SMALLEST_PX:
        followed.append(followed[-1] * _STEP)
    return finer + followed


def _resized(gray: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    shrinks = size_wh[0] <= gray.shape[1] and size_wh[1] <= gray.shape[0]
    return np.asarray(cv2.resize(gray, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC), np.uint8)


def _whole_blocks(length_px: float) -> int:
    """The nearest length that is cut into blocks without a rest, in which pictures are compared."""
    return max(round(length_px / BLOCK_PX), 1) * BLOCK_PX


def _spread_corners(plane: NDArray[np.uint8], known: NDArray[np.bool_], count: int) -> NDArray[np.float32]:
    """The strongest corners of each cell of a grid, so that they hold the whole picture and not its busiest part."""
    apart = max(3.0, 0.7 * float(np.sqrt(plane.size / count)))
    mask = cv2.erode(known.astype(np.uint8), np.ones((7, 7), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    corners = cv2.goodFeaturesToTrack(plane, count, 0.02, apart, mask=mask, blockSize=5)
    found = np.zeros((0, 2)) if corners is None else corners  # the stubs don't know of None
    return np.asarray(found, np.float32).reshape(-1, 2)
