# SPDX-License-Identifier: Apache-2.0
"""From an RGB image to the tensor that a model expects, as its manifest says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.letterbox import FILL, Letterbox
from waymark.image.resample import Window, planar, resample
from waymark.image.shrink import plan_shrink, shrink
from waymark.types import ModelManifest

Planes = NDArray[np.uint8] | NDArray[np.float32]


def to_tensor(rgb: NDArray[np.uint8], manifest: ModelManifest) -> NDArray[np.float32]:
    """Resize, normalise and lay out one image.

    Args:
        rgb: (H, W, 3) uint8.
        manifest: Size, resize rule, interpolation, channels, mean and std on the 0..1 scale.

    Returns:
        (1, C, h, w) float32 with C = 1 for 'gray', else 3.

    Raises:
        ValueError: The manifest's rule, interpolation, mean or std is none that there is.
    """
    placed = _placed(rgb, manifest)
    channels = len(placed.planes)
    factor, shift = _affine(manifest, channels)
    tensor = np.empty((1, channels, manifest.input_wh[1], manifest.input_wh[0]), np.float32)
    content = tensor[0][placed.content]
    for c in range(channels):  # a plane at a time stays in the cache between both steps
        np.multiply(placed.planes[c], factor[c], out=content[c], dtype=np.float32)
        content[c] += shift[c]
        if content.size < tensor.size:
            _fill_border(tensor[0, c], placed.content, FILL * factor[c] + shift[c])
    return tensor


def to_pixels(rgb: NDArray[np.uint8], manifest: ModelManifest) -> NDArray[np.uint8]:
    """Resize and lay out one image for a model that has mean and std inside.

    Args:
        rgb: (H, W, 3) uint8.
        manifest: Size, resize rule, interpolation and channels.

    Returns:
        (1, h, w, C) uint8 with C = 1 for 'gray', else 3 in the model's order.

    Raises:
        ValueError: The manifest's rule or interpolation is none that there is.
    """
    placed = _placed(rgb, manifest)
    pixels = np.full((1, manifest.input_wh[1], manifest.input_wh[0], len(placed.planes)), FILL, np.uint8)
    pixels[0][placed.content[1:]] = np.rint(placed.planes).transpose(1, 2, 0)
    return pixels


def to_batch(images: Sequence[NDArray[np.uint8]], manifest: ModelManifest) -> NDArray[np.float32]:
    """Prepare several images, of any sizes, as one tensor (N, C, h, w); N is at least 1."""
    return np.concatenate([to_tensor(rgb, manifest) for rgb in images])


@dataclass(frozen=True, eq=False)
class _Placed:
    planes: Planes  # (C, h, w), 0..255, in the model's order of channels
    content: tuple[slice, slice, slice]  # where they lie in the input


def _placed(rgb: NDArray[np.uint8], manifest: ModelManifest) -> _Placed:
    image = (
        np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)[..., None] if manifest.channels == 'gray' else rgb
    )
    left, top = 0, 0
    if manifest.resize == 'letterbox':
        box = Letterbox.fit((image.shape[1], image.shape[0]), manifest.input_wh)
        planes, (left, top) = _resized(image, box.content_wh, manifest.interpolation), box.offset_xy
    else:
        planes = _filling(image, manifest)
    if manifest.channels == 'bgr':
        planes = planes[::-1]
    height, width = planes.shape[1:]
    return _Placed(planes, (slice(None), slice(top, top + height), slice(left, left + width)))


def _filling(image: NDArray[np.uint8], manifest: ModelManifest) -> Planes:
    """Planes of the whole input, by the rules that leave no border."""
    if manifest.resize == 'shortest_crop':
        whole_wh = _shortest_to((image.shape[1], image.shape[0]), manifest.resize_to)
        return resample(image, whole_wh, manifest.interpolation, _centre(whole_wh, manifest.input_wh))
    if manifest.resize == 'crop':
        image = _centre_crop(image, manifest.input_wh)
    elif manifest.resize != 'stretch':
        raise ValueError(f'resize: expected stretch, crop, shortest_crop or letterbox, got {manifest.resize!r}')
    return _resized(image, manifest.input_wh, manifest.interpolation)


def _resized(image: NDArray[np.uint8], size_wh: tuple[int, int], interpolation: str) -> Planes:
    """Planes (C, h, w), 0..255."""
    plan = plan_shrink((image.shape[1], image.shape[0]), size_wh, interpolation)
    return planar(shrink(image, size_wh, plan)) if plan else resample(image, size_wh, interpolation)


def _shortest_to(source_wh: tuple[int, int], shortest: int) -> tuple[int, int]:
    """Size with the shorter side as asked, the longer one rounded down as in transformers."""
    short = min(source_wh)
    return tuple(int(s * shortest / short) for s in source_wh)  # type: ignore[return-value]


def _centre(whole_wh: tuple[int, int], size_wh: tuple[int, int]) -> Window:
    if any(w < s for w, s in zip(whole_wh, size_wh, strict=True)):
        raise ValueError(f'resize_to: {min(whole_wh)} px is less than the crop of {size_wh} px')
    return Window((whole_wh[0] - size_wh[0]) // 2, (whole_wh[1] - size_wh[1]) // 2, *size_wh)


def _centre_crop(image: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Largest centred part with the aspect of `size_wh`."""
    height, width = image.shape[:2]
    scale = min(width / size_wh[0], height / size_wh[1])
    w, h = max(round(size_wh[0] * scale), 1), max(round(size_wh[1] * scale), 1)
    left, top = (width - w) // 2, (height - h) // 2
    return image[top : top + h, left : left + w]


def _affine(manifest: ModelManifest, channels: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(x / 255 - mean) / std as a factor and a shift per channel."""
    mean, std = (np.asarray(v, np.float64) for v in (manifest.mean, manifest.std))
    for name, values in (('mean', mean), ('std', std)):
        if len(values) not in (1, channels):
            raise ValueError(f'{name}: expected 1 or {channels} values, got {len(values)}')
    factor, shift = 1 / (255 * std), -mean / std
    return _spread(factor, channels), _spread(shift, channels)


def _spread(values: NDArray[Any], channels: int) -> NDArray[np.float32]:
    return np.broadcast_to(values.astype(np.float32), (channels,))


def _fill_border(plane: NDArray[np.float32], content: tuple[slice, slice, slice], value: float) -> None:
    _, rows, columns = content
    plane[: rows.start] = value
    plane[rows.stop :] = value
    plane[rows, : columns.start] = value
    plane[rows, columns.stop :] = value
