# SPDX-License-Identifier: Apache-2.0
"""Walk the records of an MCAP file from the front, as far as it is whole.

The library's StreamReader ends in another exception for each place where a file can be cut, and hands out a
cut record as if it were whole; so frames (opcode, length, content) are taken apart here and the library reads
what is in them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import zstandard
from mcap.exceptions import McapError

from waymark.errors import RecordingError
from waymark.report.plots import counted

# Damage shows in the frame, in a decompressor (lz4: RuntimeError), at the checksum or in a record inside.
DAMAGE = (McapError, zstandard.ZstdError, RuntimeError, ValueError, struct.error, MemoryError)
MAGIC = b'\x89MCAP0\r\n'
_FRAME = struct.Struct('<BQ')  # opcode, length of the content
_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _METADATA, _DATA_END, _FOOTER = 0x03, 0x04, 0x05, 0x06, 0x0C, 0x0F, 0x02
_READ = frozenset((_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _METADATA))


@dataclass
class ScanResult:
    """What a walk found out about the file as a whole.

    Attributes:
        has_end: The footer was reached: the recorder closed the file.
        lost_bytes: At the end of a cut file, after the last whole record.
        damaged_records: Chunks whose content does not match its checksum, and other records that do not read.
        orphans: Messages whose topic was announced in a damaged part.
        metadata: Metadata records, in order.
    """

    has_end: bool = False
    lost_bytes: int = 0
    damaged_records: int = 0
    orphans: int = 0
    metadata: list[Any] = field(default_factory=list)

    def warnings(self, message_count: int) -> list[str]:
        """One sentence for each thing that is missing."""
        found = []
        if not self.has_end:
            found.append(
                f'The recording was not closed (the recorder was killed or the disk was full): '
                f'{message_count} messages were recovered, {self.lost_bytes} bytes at the end were not whole.'
            )
        if self.damaged_records:
            found.append(f'{counted(self.damaged_records, "damaged part")} of the recording left out.')
        if self.orphans:
            found.append(f'{self.orphans} messages were left out: their topic was announced in a damaged part.')
        return found


def walk(path: Path, scan: ScanResult) -> Iterator[Any]:
    """Yield Schema, Channel and Message records in file order, those inside chunks included.

    Args:
        path: The .mcap file.
        scan: Filled on the way; complete when the iteration is.

    Raises:
        RecordingError: The file does not start like an MCAP file.
    """
    size = path.stat().st_size
    with path.open('rb') as file:
        _check_magic(path, file.read(len(MAGIC)))
        for opcode, content in _frames(file, size, scan):
            records = _records(opcode, content, scan) if opcode in _READ else []
            if opcode == _METADATA:
                scan.metadata.extend(records)
            else:
                yield from records


def _check_magic(path: Path, start: bytes) -> None:
    if len(start) < len(MAGIC) and MAGIC.startswith(start):
        raise RecordingError(f'recording {str(path)!r} is too short ({len(start)} bytes): nothing was recorded.')
    if start != MAGIC:
        raise RecordingError(f'{str(path)!r} is not an MCAP recording: its first bytes are {start!r}.')


def _frames(file: BinaryIO, size: int, scan: ScanResult) -> Iterator[tuple[int, bytes]]:
    """Yield whole frames up to the summary; note the footer, or how many bytes at the end are no frame."""
    data_ended = False
    while True:
        start = file.tell()
        head = file.read(_FRAME.size)
        opcode, length = _FRAME.unpack(head) if len(head) == _FRAME.size else (0, size)
        if opcode == 0 or start + _FRAME.size + length > size:  # the space after a power cut reads as zeros
            scan.lost_bytes = size - start
            return
        if opcode == _FOOTER:
            scan.has_end = True
            return
        data_ended |= opcode == _DATA_END
        if data_ended:  # the summary repeats what is known already
            file.seek(length, 1)
        else:
            yield opcode, file.read(length)


def _records(opcode: int, content: bytes, scan: ScanResult) -> list[Any]:
    from mcap.stream_reader import StreamReader, breakup_chunk

    frame = BytesIO(_FRAME.pack(opcode, len(content)) + content)
    try:
        record: Any = next(StreamReader(frame, skip_magic=True, emit_chunks=True).records)
        return breakup_chunk(record, validate_crc=True) if opcode == _CHUNK else [record]
    except DAMAGE:
        scan.damaged_records += 1
        return []
