# SPDX-License-Identifier: Apache-2.0
"""An image as another camera would see it: warped by a homography after it was reduced, so that nothing aliases."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import image_corners, local_scale, transform_points


def scale_at_centre(H: NDArray[np.float64], size_wh: tuple[int, int]) -> float:
    """How much a homography enlarges lengths in the middle of its first image; infinite on the horizon."""
    scale = float(abs(local_scale(H, np.array([[size_wh[0] / 2, size_wh[1] / 2]]))[0]))
    return scale if np.isfinite(scale) else np.inf


def scaling(from_wh: tuple[int, int], to_wh: tuple[int, int]) -> NDArray[np.float64]:
    """(3, 3) pixels of an image to pixels of the same one at another size; integers are centres in both."""
    x, y = to_wh[0] / from_wh[0], to_wh[1] / from_wh[1]
    return np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1]])


def seen_through(
    image: NDArray[np.uint8], H_image_view: NDArray[np.float64], view_wh: tuple[int, int]
) -> NDArray[np.uint8]:
    """Warp an image to a view of it.

    Args:
        image: (H, W) uint8.
        H_image_view: (3, 3), pixels of the view to pixels of the image, invertible.
        view_wh: Size of the view, px.

    Returns:
        (h, w) uint8; what the image does not show repeats its border (see `shown`).
    """
    shrink = scale_at_centre(H_image_view, view_wh)
    low, high = _part_seen(image, H_image_view, view_wh, shrink + 2)
    part = image[low[1] : high[1], low[0] : high[0]]
    factor = 1
    while shrink * (1 + 1e-9) >= 2 * factor and min(part.shape) >= 2:
        halved_wh = part.shape[1] // 2, part.shape[0] // 2
        whole = part[: 2 * halved_wh[1], : 2 * halved_wh[0]]
        part = np.asarray(cv2.resize(whole, halved_wh, interpolation=cv2.INTER_AREA), np.uint8)
        factor *= 2
    offset = low + (factor - 1) / 2  # pixel 0 of the part is this one of the image
    to_part = np.array([[1, 0, -offset[0]], [0, 1, -offset[1]], [0, 0, factor]]) @ H_image_view
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(part, to_part, view_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def shown(H_image_view: NDArray[np.float64], view_wh: tuple[int, int], image_wh: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels of a view lie inside the image, and on the near side of the horizon: (h, w)."""
    corners = image_corners(view_wh)
    seen = transform_points(H_image_view, corners)
    if _in_front(H_image_view, corners) and (seen >= -0.5).all() and (seen < np.array(image_wh) - 0.5).all():
        return np.ones(view_wh[::-1], np.bool_)  # most often, and twenty times faster
    x, y = np.arange(view_wh[0]), np.arange(view_wh[1])[:, None]
    middle = H_image_view[2] @ (view_wh[0] // 2, view_wh[1] // 2, 1.0)
    u, v, depth = H_image_view * (1.0 if middle > 0 else -1.0)
    # Edges and horizon are lines in the view as well: no pixel needs a division.
    left, top = u + 0.5 * depth, v + 0.5 * depth
    right, bottom = (image_wh[0] - 0.5) * depth - u, (image_wh[1] - 0.5) * depth - v
    inside = np.ones(view_wh[::-1], np.bool_)
    for a, b, c in (depth, left, top, right, bottom):
        inside &= a * x > -(b * y + c)
    return inside


def _in_front(H: NDArray[np.float64], points_px: NDArray[np.float64]) -> bool:
    """Whether all points are on one side of the horizon."""
    depths = points_px @ H[2, :2] + H[2, 2]
    return bool((depths * depths[0] > 0).all())


def _part_seen(
    image: NDArray[np.uint8], H_image_view: NDArray[np.float64], view_wh: tuple[int, int], margin_px: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First pixel (x, y), and the one after the last, of the part of an image that a view takes up."""
    sides = np.array(image.shape[::-1], np.intp)
    corners = image_corners(view_wh)
    if not (_in_front(H_image_view, corners) and np.isfinite(margin_px)):
        return np.zeros(2, np.intp), sides
    seen = transform_points(H_image_view, corners)
    low = np.clip(np.floor(seen.min(axis=0) - margin_px), 0, sides - 1).astype(np.intp)
    return low, np.clip(np.ceil(seen.max(axis=0) + margin_px) + 1, low + 1, sides).astype(np.intp)
