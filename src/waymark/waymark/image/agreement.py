# SPDX-License-Identifier: Apache-2.0
"""Whether two images look alike through a homography, whatever the light: the gate that matches alone can't give."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_shape
from waymark.image.rectification import scale_at_centre, scaling, seen_through, shown

BLOCK_PX = 12  # side of the squares that are compared, in the reduced pictures
_BLOCKS = 8  # along the reference's longer side
_FEWEST_BLOCKS = 3
_DETAIL_PX = 9  # side of the mean that is taken off: slow changes of light go with it
NOISE = 1.0  # variance, grey levels^2, that reduced pictures have of their own
_TEXTURE = 9.0  # variance, grey levels^2, at which a block counts half
_LEAST_SCALE = 1e-4  # a picture seen smaller than this is a point
_SEEN = 0.5  # least share of a block that the current image must show

Plane = NDArray[np.float32]


def photometric_agreement(
    reference_gray: NDArray[np.uint8],
    current_gray: NDArray[np.uint8],
    H_cur_ref: NDArray[np.floating],
    mask: NDArray[np.uint8] | None = None,
) -> float:
    """Correlate the reference with the current image seen through a homography.

    Both are reduced to 8 blocks of 12 px along the reference's longer side (fewer where the current image shows it
    smaller than that), local means are taken off, and each block gives its zero-mean normalised correlation (Lewis,
    Fast normalized cross-correlation, 1995). The answer is their median, weighted by the reference's texture: gain,
    offset and slow changes of light leave it alone, and so does an occlusion of less than half of the texture.

    Args:
        reference_gray: (H, W) uint8.
        current_gray: (H', W') uint8.
        H_cur_ref: (3, 3), reference px to current px.
        mask: (H, W) uint8, 0 where the reference does not count; None: all of it counts.

    Returns:
        -1 to 1: the same plane gives .5 and more, another one 0 give or take .2; 0 where nothing can be compared
        (no texture, H_cur_ref not finite or not invertible, the horizon through the reference's middle, the reference
        outside of the current image).

    Raises:
        ValueError: Not such images, or a mask or homography of another shape.
    """
    require_gray('reference_gray', reference_gray)
    require_gray('current_gray', current_gray)
    require_shape('H_cur_ref', H_cur_ref, (3, 3))
    if mask is not None:
        require_shape('mask', mask, reference_gray.shape)
    H = np.asarray(H_cur_ref, np.float64)
    size_wh = (reference_gray.shape[1], reference_gray.shape[0])
    if not np.isfinite(H).all() or not _LEAST_SCALE < scale_at_centre(H, size_wh) < 1 / _LEAST_SCALE:
        return 0.0
    small_wh = _small_size(size_wh, H)
    H_ref_small = scaling(small_wh, size_wh)
    small = seen_through(reference_gray, H_ref_small, small_wh)
    seen = seen_through(current_gray, H @ H_ref_small, small_wh)
    valid = shown(H @ H_ref_small, small_wh, (current_gray.shape[1], current_gray.shape[0]))
    if mask is not None:
        valid &= cv2.resize(mask, small_wh, interpolation=cv2.INTER_NEAREST) > 0
    return _robust_correlation(small, seen, valid)


def _small_size(size_wh: tuple[int, int], H: NDArray[np.float64]) -> tuple[int, int]:
    """Size at which both are compared: 8 blocks along the longer side, fewer where H leaves no pixels for them."""
    longer = max(size_wh) * min(scale_at_centre(H, size_wh), 1.0)
    blocks = int(np.clip(longer / BLOCK_PX, _FEWEST_BLOCKS, _BLOCKS))
    across, down = (max(round(blocks * side / max(size_wh)), 1) for side in size_wh)
    return across * BLOCK_PX, down * BLOCK_PX


def _robust_correlation(a: NDArray[np.uint8], b: NDArray[np.uint8], valid: NDArray[np.bool_]) -> float:
    """Median of the blocks' correlations, weighted by texture in `a`."""
    a_detail, b_detail = (np.where(valid, _detail(image), np.float32(0)) for image in (a, b))
    correlation, variance = block_correlations(a_detail, b_detail, valid)
    weight = variance / (variance + _TEXTURE)
    return _weighted_median(correlation.ravel(), weight.ravel())


def block_correlations(a: Plane, b: Plane, valid: NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """Compare two pictures block by block.

    Args:
        a: (H, W) float32 of mean about 0, 0 where not valid.
        b: (H, W) float32, likewise.
        valid: (H, W) bool, what is compared.

    Returns:
        (rows, columns) zero-mean normalised correlation of blocks of 12 px (a rest at the right and below is left out),
        and variance of `a` in them: 0 in a block of which less than half is valid.
    """
    counted = per_block(valid.astype(np.float32))
    share = np.maximum(counted, 1.0 / BLOCK_PX**2)
    a_mean, b_mean = per_block(a) / share, per_block(b) / share
    a_var = np.maximum(per_block(a * a) / share - a_mean**2, 0)
    b_var = np.maximum(per_block(b * b) / share - b_mean**2, 0)
    shared = per_block(a * b) / share - a_mean * b_mean
    correlation = shared / np.sqrt((a_var + NOISE) * (b_var + NOISE))
    return np.asarray(correlation, np.float32), np.where(counted >= _SEEN, a_var, np.float32(0))


def _detail(image: NDArray[np.uint8]) -> Plane:
    plane = image.astype(np.float32)
    return np.asarray(plane - cv2.blur(plane, (_DETAIL_PX, _DETAIL_PX)), np.float32)


def per_block(plane: Plane) -> Plane:
    """Means of the blocks of 12 px of a plane (H, W), (rows, columns)."""
    size_wh = plane.shape[1] // BLOCK_PX, plane.shape[0] // BLOCK_PX
    whole = plane[: size_wh[1] * BLOCK_PX, : size_wh[0] * BLOCK_PX]
    return np.asarray(cv2.resize(whole, size_wh, interpolation=cv2.INTER_AREA), np.float32).reshape(size_wh[::-1])


def _weighted_median(values: NDArray[np.floating], weights: NDArray[np.floating]) -> float:
    total = float(weights.sum())
    if total < 0.5:  # less than one well textured block
        return 0.0
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), total / 2)])
