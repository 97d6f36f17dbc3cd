# SPDX-License-Identifier: Apache-2.0
"""A picture of the ground from a file: what of it shows ground, and the rest said to be unknown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_rgb, require_shape
from waymark.errors import MapError
from waymark.image.ground_file import read_ground_file

_SMALLEST_PX = 64
_LARGEST_PX = 400_000_000


@dataclass(frozen=True, eq=False)
class OrthoPicture:
    """The ground from straight above.

    Attributes:
        rgb: (H, W, 3) uint8; what is not known has the mean colour of the rest.
        known: (H, W) bool.
    """

    rgb: NDArray[np.uint8]
    known: NDArray[np.bool_]

    def __post_init__(self) -> None:
        require_rgb('rgb', self.rgb)
        require_shape('known', self.known, self.rgb.shape[:2])

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.rgb.shape[1], self.rgb.shape[0]


def read_ortho(path: Path) -> OrthoPicture:
    """Read one: where it is transparent, or all black or white in patches, it counts as unknown.

    Raises:
        MapError: It is missing, no picture, too small, too large, or shows nothing.
    """
    if not path.is_file():
        raise MapError(f'{path}: there is no such picture of the ground. Give a PNG, JPEG or TIFF.')
    image = read_ground_file(path)
    if image is None:
        raise MapError(f'{path}: not a picture of the ground. Give a PNG, JPEG or TIFF of 8 or 16 bits.')
    if image.shape[0] * image.shape[1] > _LARGEST_PX or min(image.shape[:2]) < _SMALLEST_PX:
        raise MapError(
            f'{path}: {image.shape[1]}x{image.shape[0]} px are too few or too many. Give a picture of at least '
            f'{_SMALLEST_PX} px a side and at most {_LARGEST_PX // 1_000_000} million in all: cut it or reduce it.'
        )
    return ortho_of(image, str(path))


def ortho_of(image: NDArray[np.uint8], name: str = 'the picture') -> OrthoPicture:
    """What an image of a file (gray, BGR or BGRA) shows.

    Raises:
        MapError: Nothing.
    """
    known = _known(image)
    if not known.any():
        raise MapError(f'{name}: all of it is transparent, black or white. Give a picture that shows ground.')
    code = {2: cv2.COLOR_GRAY2RGB}.get(image.ndim) or (cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    rgb = np.asarray(cv2.cvtColor(image, code), np.uint8)
    if not known.all():
        rgb[~known] = np.asarray(cv2.mean(rgb, known.astype(np.uint8))[:3]).astype(np.uint8)
    return OrthoPicture(rgb, known)


def _known(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Single black or white pixels are shadows and gleams: only patches count, and a rim where they mixed."""
    colour = image if image.ndim == 2 else image[:, :, :3]
    low, high = (colour, colour) if image.ndim == 2 else (colour.min(axis=2), colour.max(axis=2))
    empty = (high == 0) | (low == 255)
    if image.ndim == 3 and image.shape[2] == 4:
        empty |= image[:, :, 3] == 0
    patches = cv2.morphologyEx(empty.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.dilate(patches, np.ones((5, 5), np.uint8)) == 0)
