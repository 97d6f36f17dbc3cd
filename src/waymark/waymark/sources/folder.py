# SPDX-License-Identifier: Apache-2.0
"""A folder of images, in natural order (1, 2, 10), as a video of 10 frames a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import MessageError, SourceError
from waymark.image.codec import decode_compressed
from waymark.sources.base import SourceFrame, SourceInfo
from waymark.sources.config import ImageSourceConfig
from waymark.sources.paths import existing_path, natural_key
from waymark.sources.stamps import stamp_of
from waymark.types import Frame, Header

IMAGE_SUFFIXES = frozenset({'.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp', '.pgm', '.ppm', '.jp2'})
DEFAULT_RATE_HZ = 10.0


class FolderSource:
    """The images of one folder; sub-folders are not entered."""

    def __init__(self, files: list[Path], config: ImageSourceConfig) -> None:
        """Take image files in the order in which they are to be given."""
        self._files = files
        self._frame_id = config.frame_id
        self._rate_hz = config.rate_hz or DEFAULT_RATE_HZ
        self._closed = False
        self.info = SourceInfo(config.input, False, self._rate_hz, len(files))

    def frames(self) -> Iterator[SourceFrame]:
        """Yield each image, stamped 1 s + index / rate.

        Raises:
            SourceError: At the first file that is not a whole image, naming it; those before it were given.
        """
        for index, file in enumerate(self._files):
            if self._closed:
                return
            pixels, layout = read_image(file)
            header = Header(stamp_of(index, self._rate_hz), self._frame_id)
            yield SourceFrame(Frame(header, pixels, layout), name=file.name)

    def close(self) -> None:
        """End frames()."""
        self._closed = True


def open_folder(config: ImageSourceConfig) -> FolderSource:
    """Open a folder of images.

    Raises:
        SourceError: The folder is empty or holds no images.
    """
    return FolderSource(image_files(Path(config.input).expanduser()), config)


def image_files(folder: Path) -> list[Path]:
    """List the images of a folder in natural order (2 before 10); sub-folders are not entered.

    Raises:
        SourceError: The folder is missing, may not be read, is empty or holds no images.
    """
    if not existing_path(str(folder)).is_dir():
        raise SourceError(f'{folder}: not a folder. Give the folder that the images are in.')
    try:
        entries = list(folder.iterdir())
    except PermissionError:
        raise SourceError(f'{folder}: no permission to read this folder. Allow it with chmod +rx.') from None
    files = _images(entries)
    if not entries:
        raise SourceError(f'{folder}: the folder is empty. Put images into it or give another one.')
    if not files:
        raise SourceError(f'{folder}: no images among its {len(entries)} entries.{_remedy(entries)}')
    return files


def read_image(file: Path) -> tuple[NDArray[Any], str]:
    """Read one image file.

    Returns:
        Pixels (H, W) or (H, W, 3) and their layout, 'mono' or 'bgr'; turned as EXIF says.

    Raises:
        SourceError: The file can't be read, is not a whole image, or holds numbers that are no brightness.
    """
    try:
        pixels, layout = decode_compressed('', file.read_bytes())
    except OSError as error:
        raise SourceError(f'{file}: can not be read ({error.strerror}). Restore it or remove it.') from None
    except MessageError as error:
        raise SourceError(f'{file}: not a readable image: {error} Restore it or remove it.') from None
    if pixels.dtype == np.float32 and np.count_nonzero(pixels > 1) > pixels.size / 2:  # heights, say: all white
        raise SourceError(
            f'{file}: holds numbers up to {np.nanmax(pixels):g}, brightness is 0 to 1. Convert it to 8 bit.'
        )
    return pixels, layout


def _images(entries: list[Path]) -> list[Path]:
    # A leading dot: macOS leaves '._img.jpg' files that are no images.
    files = [p for p in entries if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith('.') and p.is_file()]
    return sorted(files, key=natural_key)


def _remedy(entries: list[Path]) -> str:
    for folder in sorted(p for p in entries if p.is_dir()):
        if _images(list(folder.iterdir())):
            return f' Did you mean {folder}?'
    return f' Read are {", ".join(sorted(IMAGE_SUFFIXES))}.'
