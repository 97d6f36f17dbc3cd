# SPDX-License-Identifier: Apache-2.0
"""What a video file says about itself, read without a decoder: is it whole, does it have its index."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MATROSKA_SEGMENT = bytes.fromhex('18538067')
_MATROSKA_HEADER = bytes.fromhex('1a45dfa3')


@dataclass(frozen=True)
class Container:
    """Facts about one video file.

    Attributes:
        kind: 'mp4', 'avi', 'matroska' or '' for anything else.
        is_cut: The file ends before the size that it declares.
        has_index: False for an mp4 without `moov`: nothing can be decoded.
        counts_frames: True where the header's number of frames is a count and not duration times rate.
    """

    kind: str
    is_cut: bool = False
    has_index: bool = True
    counts_frames: bool = False


def inspect(path: Path) -> Container:
    """Read the outer structure of a video file.

    Args:
        path: A readable, non-empty file.

    Returns:
        What is known; of unknown formats nothing is claimed.
    """
    size = path.stat().st_size
    with path.open('rb') as file:
        head = file.read(16)
        if head[4:8] in (b'ftyp', b'moov', b'mdat', b'wide', b'free', b'skip'):
            return _inspect_mp4(file, size)
        if head[:4] == b'RIFF' and head[8:12] == b'AVI ':
            (declared,) = struct.unpack('<I', head[4:8])
            return Container('avi', is_cut=declared + 8 > size)
        if head[:4] == _MATROSKA_HEADER:
            return Container('matroska', is_cut=_matroska_end(file) > size)
    return Container('')


def _inspect_mp4(file: BinaryIO, size: int) -> Container:
    boxes = list(_boxes(file, size))
    # A fragmented mp4 (moof) counts in each fragment, not in moov.
    names = {name for name, _ in boxes}
    is_cut = any(end > size for _, end in boxes)
    return Container('mp4', is_cut, b'moov' in names, counts_frames=b'moof' not in names)


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Yield name and end offset of each top-level box (ISO/IEC 14496-12, 4.2)."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        length, name = struct.unpack('>I4s', file.read(8))
        if length == 1:  # the size follows in 64 bits
            (length,) = struct.unpack('>Q', file.read(8).ljust(8, b'\0'))
        if length == 0:  # to the end of the file
            length = size - start
        yield name, start + length
        if length < 8:  # nonsense: no box is shorter than its own header
            return
        start += length


def _matroska_end(file: BinaryIO) -> int:
    """Return the offset where the segment says it ends, 0 where it says nothing (RFC 8794, 4 and 6)."""
    file.seek(4)
    header_size = _read_vint(file)
    if header_size is None:
        return 0
    file.seek(header_size, 1)
    if file.read(4) != MATROSKA_SEGMENT:
        return 0
    segment_size = _read_vint(file)
    return 0 if segment_size is None else file.tell() + segment_size


def _read_vint(file: BinaryIO) -> int | None:
    """Read one EBML variable-size integer; None means unknown (all ones: a live recording)."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1)
    bits = 7 * length
    value = int.from_bytes(first + rest, 'big') & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 or len(rest) < length - 1 else value
