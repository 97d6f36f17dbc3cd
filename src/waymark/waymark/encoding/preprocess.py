# SPDX-License-Identifier: Apache-2.0
"""From an RGB image to the tensor that a model expects, as its manifest says."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.types import ModelManifest


def to_tensor(rgb: NDArray[np.uint8], manifest: ModelManifest) -> NDArray[np.float32]:
    """Resize, normalise and lay out one image.

    Args:
        rgb: (H, W, 3) uint8.
        manifest: Size, resize rule, channels, mean and std on the 0..1 scale.

    Returns:
        (1, C, h, w) float32 with C = 1 for 'gray', else 3.
    """
    sized = to_pixels(rgb, manifest)[0]
    mean = np.asarray(manifest.mean, np.float32)
    std = np.asarray(manifest.std, np.float32)
    # One multiplication and one subtraction: (x / 255 - mean) / std.
    normalised = sized * (1 / (255 * std)) - mean / std
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None], np.float32)


def to_pixels(rgb: NDArray[np.uint8], manifest: ModelManifest) -> NDArray[np.uint8]:
    """Resize and lay out one image for a model that has mean and std inside.

    Args:
        rgb: (H, W, 3) uint8.
        manifest: Size, resize rule and channels.

    Returns:
        (1, h, w, C) uint8 with C = 1 for 'gray', else 3 in the model's order.
    """
    sized = _resized(rgb, manifest.input_wh, manifest.resize)
    if manifest.channels == 'gray':
        sized = np.asarray(cv2.cvtColor(sized, cv2.COLOR_RGB2GRAY), np.uint8)[..., None]
    elif manifest.channels == 'bgr':
        sized = sized[..., ::-1]
    return np.ascontiguousarray(sized[None])


def _resized(rgb: NDArray[np.uint8], size_wh: tuple[int, int], rule: str) -> NDArray[np.uint8]:
    if rule == 'crop':
        rgb = _centre_crop(rgb, size_wh)
    elif rule == 'letterbox':
        return _letterboxed(rgb, size_wh)
    return _scaled(rgb, size_wh)


def _scaled(rgb: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    # Plain bilinear skips pixels when it shrinks (33 dB against an antialiased resize); averaging does not.
    shrinks = rgb.shape[1] > size_wh[0] or rgb.shape[0] > size_wh[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=method), np.uint8)


def _centre_crop(rgb: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Largest centred part with the aspect of `size_wh`."""
    height, width = rgb.shape[:2]
    scale = min(width / size_wh[0], height / size_wh[1])
    w, h = max(round(size_wh[0] * scale), 1), max(round(size_wh[1] * scale), 1)
    left, top = (width - w) // 2, (height - h) // 2
    return rgb[top : top + h, left : left + w]


def _letterboxed(rgb: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Whole image, centred on mid grey."""
    height, width = rgb.shape[:2]
    scale = min(size_wh[0] / width, size_wh[1] / height)
    w, h = max(round(width * scale), 1), max(round(height * scale), 1)
    canvas = np.full((size_wh[1], size_wh[0], 3), 114, np.uint8)
    left, top = (size_wh[0] - w) // 2, (size_wh[1] - h) // 2
    canvas[top : top + h, left : left + w] = _scaled(rgb, (w, h))
    return canvas
