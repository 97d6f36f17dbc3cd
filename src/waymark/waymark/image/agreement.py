# SPDX-License-Identifier: Apache-2.0
"""Whether two images look alike through a homography, whatever the light: the gate that matches alone can't give."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_shape
from waymark.image.geometry import image_corners, local_scale, transform_points

BLOCK_PX = 12  # side of the squares that are compared, in the reduced pictures
_BLOCKS = 8  # along the reference's longer side
_FEWEST_BLOCKS = 3
_DETAIL_PX = 9  # side of the mean that is taken off: slow changes of light go with it
_NOISE = 1.0  # variance, grey levels^2, that reduced pictures have of their own
_TEXTURE = 9.0  # variance, grey levels^2, at which a block counts half
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
        (no texture, H_cur_ref not finite or not invertible, the reference outside of the current image).

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
    if not np.isfinite(H).all() or abs(np.linalg.det(H)) < 1e-12:
        return 0.0
    small_wh = _small_size(size_wh, H)
    H_ref_small = _scaling(small_wh, size_wh)
    small = _seen_through(reference_gray, H_ref_small, small_wh)
    seen = _seen_through(current_gray, H @ H_ref_small, small_wh)
    valid = _shown(H @ H_ref_small, small_wh, (current_gray.shape[1], current_gray.shape[0]))
    if mask is not None:
        valid &= cv2.resize(mask, small_wh, interpolation=cv2.INTER_NEAREST) > 0
    return _robust_correlation(small, seen, valid)


def _scale_at_centre(H: NDArray[np.float64], size_wh: tuple[int, int]) -> float:
    """How much a homography enlarges lengths in the middle of its first image; infinite on the horizon."""
    scale = float(abs(local_scale(H, np.array([[size_wh[0] / 2, size_wh[1] / 2]]))[0]))
    return scale if np.isfinite(scale) else np.inf


def _small_size(size_wh: tuple[int, int], H: NDArray[np.float64]) -> tuple[int, int]:
    """Size at which both are compared: 8 blocks along the longer side, fewer where H leaves no pixels for them."""
    longer = max(size_wh) * min(_scale_at_centre(H, size_wh), 1.0)
    blocks = int(np.clip(longer / BLOCK_PX, _FEWEST_BLOCKS, _BLOCKS))
    across, down = (max(round(blocks * side / max(size_wh)), 1) for side in size_wh)
    return across * BLOCK_PX, down * BLOCK_PX


def _scaling(small_wh: tuple[int, int], size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """(3, 3) small px to full px; pixel centres are integers, so it goes through the pixel's edge."""
    x, y = size_wh[0] / small_wh[0], size_wh[1] / small_wh[1]
    return np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1]])


def _seen_through(
    image: NDArray[np.uint8], H_image_small: NDArray[np.float64], small_wh: tuple[int, int]
) -> NDArray[np.uint8]:
    """An image as the small picture sees it: reduced before it is warped, without which fine texture would alias."""
    low, high = _part_seen(image, H_image_small, small_wh)
    part = image[low[1] : high[1], low[0] : high[0]]
    shrink = _scale_at_centre(H_image_small, small_wh)
    factor = 1
    while shrink >= 2 * factor and min(part.shape) >= 2:
        halved_wh = part.shape[1] // 2, part.shape[0] // 2
        whole = part[: 2 * halved_wh[1], : 2 * halved_wh[0]]
        part = np.asarray(cv2.resize(whole, halved_wh, interpolation=cv2.INTER_AREA), np.uint8)
        factor *= 2
    offset = low + (factor - 1) / 2  # pixel 0 of the part is this one of the image
    to_part = np.array([[1, 0, -offset[0]], [0, 1, -offset[1]], [0, 0, factor]]) @ H_image_small
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(part, to_part, small_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.uint8)


def _in_front(H: NDArray[np.float64], points_px: NDArray[np.float64]) -> bool:
    """Whether all points are on one side of the horizon."""
    depths = points_px @ H[2, :2] + H[2, 2]
    return bool((depths * depths[0] > 0).all())


def _part_seen(
    image: NDArray[np.uint8], H_image_small: NDArray[np.float64], small_wh: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First pixel (x, y), and the one after the last, of the part of an image that the small picture takes up."""
    sides = np.array(image.shape[::-1], np.intp)
    corners = image_corners(small_wh)
    if not _in_front(H_image_small, corners):
        return np.zeros(2, np.intp), sides
    seen = transform_points(H_image_small, corners)
    low = np.clip(np.floor(seen.min(axis=0)) - 2, 0, sides - 1).astype(np.intp)
    return low, np.clip(np.ceil(seen.max(axis=0)) + 3, low + 1, sides).astype(np.intp)


def _shown(H_cur_small: NDArray[np.float64], small_wh: tuple[int, int], size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    """Which small pixels lie inside the current image, and on the near side of the horizon."""
    corners = image_corners(small_wh)
    seen = transform_points(H_cur_small, corners)
    if _in_front(H_cur_small, corners) and (seen >= -0.5).all() and (seen < np.array(size_wh) - 0.5).all():
        return np.ones(small_wh[::-1], np.bool_)  # most often, and twenty times faster
    x, y = np.arange(small_wh[0]), np.arange(small_wh[1])[:, None]
    across, down, depth = (row[0] * x + row[1] * y + row[2] for row in H_cur_small)
    near = depth * depth[small_wh[1] // 2, small_wh[0] // 2] > 0
    depth = np.where(near, depth, 1.0)
    u, v = across / depth, down / depth
    return np.asarray(near & (u > -0.5) & (v > -0.5) & (u < size_wh[0] - 0.5) & (v < size_wh[1] - 0.5), np.bool_)


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
    counted = _per_block(valid.astype(np.float32))
    share = np.maximum(counted, 1.0 / BLOCK_PX**2)
    a_mean, b_mean = _per_block(a) / share, _per_block(b) / share
    a_var = np.maximum(_per_block(a * a) / share - a_mean**2, 0)
    b_var = np.maximum(_per_block(b * b) / share - b_mean**2, 0)
    shared = _per_block(a * b) / share - a_mean * b_mean
    correlation = shared / np.sqrt((a_var + _NOISE) * (b_var + _NOISE))
    return np.asarray(correlation, np.float32), np.where(counted >= _SEEN, a_var, np.float32(0))


def _detail(image: NDArray[np.uint8]) -> Plane:
    plane = image.astype(np.float32)
    return np.asarray(plane - cv2.blur(plane, (_DETAIL_PX, _DETAIL_PX)), np.float32)


def _per_block(plane: Plane) -> Plane:
    """Means of the blocks, (rows, columns)."""
    size_wh = plane.shape[1] // BLOCK_PX, plane.shape[0] // BLOCK_PX
    whole = plane[: size_wh[1] * BLOCK_PX, : size_wh[0] * BLOCK_PX]
    return np.asarray(cv2.resize(whole, size_wh, interpolation=cv2.INTER_AREA), np.float32).reshape(size_wh[::-1])


def _weighted_median(values: NDArray[np.floating], weights: NDArray[np.floating]) -> float:
    total = float(weights.sum())
    if total < 0.5:  # less than one well textured block
        return 0.0
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), total / 2)])
