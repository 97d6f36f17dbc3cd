# SPDX-License-Identifier: Apache-2.0
"""A PNG written strip by strip: OpenCV's writer wants the whole picture in memory.

W3C, Portable Network Graphics Specification (Third Edition): chunks 5.3, filter type 2 (Up) 9.2, compression 10.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_LEVEL = 4  # half of the time of zlib's own 6 for two parts in a hundred more bytes


def write_png(
    path: Path,
    size_wh: tuple[int, int],
    strips: Iterable[NDArray[np.uint8]],
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write a picture.

    Args:
        path: It appears whole or not at all.
        size_wh: Of the picture, px.
        strips: From top to bottom, (h, W, 4) RGBA, in all H rows.
        advance: Told how many of how many rows are written.

    Raises:
        ValueError: The strips do not make up the size.
        OSError: The file can't be written.
    """
    partial = path.with_name(path.name + '.part')
    try:
        with partial.open('wb') as file:
            file.write(b'\x89PNG\r\n\x1a\n')
            _chunk(file, b'IHDR', struct.pack('>IIBBBBB', *size_wh, 8, 6, 0, 0, 0))
            _write_rows(file, size_wh, strips, advance)
            _chunk(file, b'IEND', b'')
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_rows(
    file: BinaryIO,
    size_wh: tuple[int, int],
    strips: Iterable[NDArray[np.uint8]],
    advance: Callable[[int, int], None],
) -> None:
    squeeze, above, rows = zlib.compressobj(_LEVEL), np.zeros((1, size_wh[0], 4), np.uint8), 0
    for strip in strips:
        if strip.shape[1:] != (size_wh[0], 4):
            raise ValueError(f'strips: expected shape (h, {size_wh[0]}, 4), got {strip.shape}')
        up = strip - np.concatenate([above, strip[:-1]])  # modulo 256, as the filter wants it
        lines = np.concatenate([np.full((len(strip), 1), 2, np.uint8), up.reshape(len(strip), -1)], axis=1)
        _chunk(file, b'IDAT', squeeze.compress(lines.tobytes()))
        above, rows = strip[-1:], rows + len(strip)
        advance(rows, size_wh[1])
    if rows != size_wh[1]:
        raise ValueError(f'strips: expected {size_wh[1]} rows, got {rows}')
    _chunk(file, b'IDAT', squeeze.flush())


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    if data or kind == b'IEND':
        file.write(struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data)))
