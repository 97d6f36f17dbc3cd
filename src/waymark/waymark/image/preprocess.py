# SPDX-License-Identifier: Apache-2.0
"""From an RGB image to the tensor that a model expects, as its manifest says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.compiled import Halve
from waymark.image.letterbox import FILL, Letterbox
from waymark.image.resample import Window, planar, resample
from waymark.image.shrink import plan_shrink, shrink
from waymark.types import ModelManifest

Planes = NDArray[np.uint8] | NDArray[np.float32]
Strips = Iterator[tuple[int, Planes]]  # a row of the resized image, and the planes (C, n, w) from there on

_LEVELS = np.arange(256, dtype=np.uint8)[None]
_STRIP_PIXELS = 240_000  # their colours (0.7 MB) stay in a core's cache; shorter strips cost more calls


class InputTensor:
    """A model's input that is written anew for each image: no new memory, and a border that fits is left as it is.

    At 640 px that saves a third of the time. Whoever holds it must be done with the last tensor before the next one,
    and one thread at a time may write; `to_tensor` has no such strings.

    Attributes:
        halve: What prepares images that are exactly twice as large as their place here; None: nothing of its own.
    """

    def __init__(self, manifest: ModelManifest, halve: Halve | None = None) -> None:
        """Allocate it.

        Args:
            manifest: See `to_tensor`.
            halve: See `compiled_halving`.

        Raises:
            ValueError: The manifest's mean or std has a wrong length.
        """
        channels = 1 if manifest.channels == 'gray' else 3
        self._manifest, self.halve = manifest, halve
        self._factor, self._shift = _affine(manifest.mean, manifest.std, channels)
        self._order = slice(None, None, -1 if manifest.channels == 'bgr' else 1)  # of colours in an image
        levels = [_scaled(_LEVELS, *line) for line in zip(self._factor, self._shift, strict=True)]
        self._table = np.concatenate(levels[self._order])
        self._tensor = np.empty((1, channels, manifest.input_wh[1], manifest.input_wh[0]), np.float32)
        self._content: tuple[slice, slice] | None = None

    def write(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepare an image (see `to_tensor`); the tensor is the same at each call."""
        strips, content = _placed(rgb, self._manifest)
        inside = self._tensor[0][:, content[0], content[1]]
        if self.halve and _is_halved(rgb, inside, self._manifest):
            self.halve(rgb.reshape(len(rgb), -1), inside[self._order], self._table)
            strips = iter(())
        for row, planes in strips:
            for c, plane in enumerate(planes):
                _scaled(plane, self._factor[c], self._shift[c], inside[c, row : row + len(plane)])
        if content != self._content:
            for plane, factor, shift in zip(self._tensor[0], self._factor, self._shift, strict=True):
                _fill_border(plane, content, FILL * factor + shift)
            self._content = content
        return self._tensor


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
    return InputTensor(manifest).write(rgb)


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
    channels = 1 if manifest.channels == 'gray' else 3
    pixels = np.full((1, manifest.input_wh[1], manifest.input_wh[0], channels), FILL, np.uint8)
    strips, content = _placed(rgb, manifest)
    for row, planes in strips:
        pixels[0][content][row : row + planes.shape[1]] = np.rint(planes).transpose(1, 2, 0)
    return pixels


def to_batch(images: Sequence[NDArray[np.uint8]], manifest: ModelManifest) -> NDArray[np.float32]:
    """Prepare several images, of any sizes, as one tensor (N, C, h, w); N is at least 1."""
    return np.concatenate([to_tensor(rgb, manifest) for rgb in images])


def _is_halved(rgb: NDArray[np.uint8], inside: NDArray[np.float32], manifest: ModelManifest) -> bool:
    """Whether all that is done to the whole image is to take the means of 2 x 2 pixels."""
    if manifest.resize not in ('letterbox', 'stretch') or manifest.channels == 'gray':
        return False
    plan = plan_shrink((rgb.shape[1], rgb.shape[0]), (inside.shape[2], inside.shape[1]), manifest.interpolation)
    return plan is not None and plan.only_halves and rgb.shape[:2] == (2 * inside.shape[1], 2 * inside.shape[2])


def _placed(rgb: NDArray[np.uint8], manifest: ModelManifest) -> tuple[Strips, tuple[slice, slice]]:
    """The resized image in the model's channels, and the rows and columns of the input that it fills."""
    image, (width, height), (left, top) = rgb, manifest.input_wh, (0, 0)
    if manifest.channels == 'gray':
        image = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)[..., None]
    if manifest.resize == 'letterbox':
        box = Letterbox.fit((image.shape[1], image.shape[0]), manifest.input_wh)
        (width, height), (left, top) = box.content_wh, box.offset_xy
        strips = _resized(image, box.content_wh, manifest.interpolation)
    else:
        strips = _filling(image, manifest)
    if manifest.channels == 'bgr':
        strips = ((row, planes[::-1]) for row, planes in strips)
    return strips, (slice(top, top + height), slice(left, left + width))


def _filling(image: NDArray[np.uint8], manifest: ModelManifest) -> Strips:
    """Planes of the whole input, by the rules that leave no border."""
    if manifest.resize == 'shortest_crop':
        whole_wh = _shortest_to((image.shape[1], image.shape[0]), manifest.resize_to)
        window = _centre(whole_wh, manifest.input_wh)
        return iter([(0, resample(image, whole_wh, manifest.interpolation, window))])
    if manifest.resize == 'crop':
        image = _centre_crop(image, manifest.input_wh)
    elif manifest.resize != 'stretch':
        raise ValueError(f'resize: expected stretch, crop, shortest_crop or letterbox, got {manifest.resize!r}')
    return _resized(image, manifest.input_wh, manifest.interpolation)


def _resized(image: NDArray[np.uint8], size_wh: tuple[int, int], interpolation: str) -> Strips:
    """Planes of 0..255, from the top down."""
    plan = plan_shrink((image.shape[1], image.shape[0]), size_wh, interpolation)
    if plan is None:
        yield 0, resample(image, size_wh, interpolation)
        return
    sized = shrink(image, size_wh, plan)
    step = max(_STRIP_PIXELS // size_wh[0], 1)
    for row in range(0, size_wh[1], step):
        yield row, planar(sized[row : row + step])


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


@lru_cache(maxsize=64)
def _affine(
    mean: tuple[float, ...], std: tuple[float, ...], channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(x / 255 - mean) / std as a factor and a shift per channel."""
    for name, values in (('mean', mean), ('std', std)):
        if len(values) not in (1, channels):
            raise ValueError(f'{name}: expected 1 or {channels} values, got {len(values)}')
    mean, std = (values * (channels // len(values)) for values in (mean, std))
    return tuple(1 / (255 * s) for s in std), tuple(-m / s for m, s in zip(mean, std, strict=True))


def _scaled(plane: Planes, factor: float, shift: float, into: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Factor * x + shift in float32, in one pass; NumPy would take three."""
    return np.asarray(cv2.addWeighted(plane, factor, plane, 0.0, shift, dst=into, dtype=cv2.CV_32F), np.float32)


def _fill_border(plane: NDArray[np.float32], content: tuple[slice, slice], value: float) -> None:
    rows, columns = content
    plane[: rows.start] = value
    plane[rows.stop :] = value
    plane[rows, : columns.start] = value
    plane[rows, columns.stop :] = value
