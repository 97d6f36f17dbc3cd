# SPDX-License-Identifier: Apache-2.0
"""The two images of a comparison, brought to one size."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError, SourceError
from waymark.sources.folder import read_image
from waymark.types import Frame, Header

# Sides may differ by this much in ratio: rounding when an image was scaled down.
_SAME_RATIO = 0.02


@dataclass(frozen=True, eq=False)
class ImagePair:
    """Two images to compare.

    Attributes:
        names: What to call A and B.
        rgb: Both as they are, RGB uint8 (H, W, 3); what encoders see.
        pixels: Both at A's size, gray (H, W) where both files are gray, else RGB (H, W, 3); what image metrics see.
        notes: What was done to them that a reader of the numbers must know.
    """

    names: tuple[str, str]
    rgb: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    pixels: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    notes: list[str] = field(default_factory=list)


def read_pair(a: Path, b: Path, stretch: bool = False) -> ImagePair:
    """Read two image files; B is brought to the size of A.

    Args:
        a: Image file.
        b: Image file.
        stretch: Whether B may be distorted to A's shape.

    Raises:
        SourceError: A file is missing or no image.
        ConfigError: The images differ in shape, not only in size, and `stretch` is False.
    """
    notes: list[str] = []
    frames = [_read(path, name, notes) for path, name in ((a, 'A'), (b, 'B'))]
    is_gray = all(frame.layout == 'mono' for frame in frames)
    first, second = (frame.gray if is_gray else frame.rgb for frame in frames)
    return ImagePair(
        (a.name, b.name), (frames[0].rgb, frames[1].rgb), (first, _fitted(second, first, stretch, notes)), notes
    )


def _read(path: Path, name: str, notes: list[str]) -> Frame:
    if not path.expanduser().is_file():
        what = 'is a folder' if path.expanduser().is_dir() else 'does not exist'
        raise SourceError(f'{name}: {str(path)!r} {what}. Give two image files.')
    pixels, layout = read_image(path.expanduser())
    if pixels.dtype != np.uint8:
        notes.append(f'{name} has {pixels.dtype} pixels; it is compared in 8 bits.')
    return Frame(Header(0), pixels, layout)


def _fitted(image: NDArray[np.uint8], like: NDArray[np.uint8], stretch: bool, notes: list[str]) -> NDArray[np.uint8]:
    (height, width), (own_height, own_width) = like.shape[:2], image.shape[:2]
    if (height, width) == (own_height, own_width):
        return image
    ratio = (own_width / own_height) / (width / height)
    if not stretch and abs(ratio - 1) > _SAME_RATIO:
        raise ConfigError(
            f'A is {width}x{height} and B is {own_width}x{own_height} px: their shapes differ. '
            'Crop one of them, or give --stretch to distort B to the shape of A.'
        )
    notes.append(f'B was resized from {own_width}x{own_height} to {width}x{height} px for everything but the encoder.')
    shrinks = width * height < own_width * own_height
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)
