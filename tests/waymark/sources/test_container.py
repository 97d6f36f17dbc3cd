# SPDX-License-Identifier: Apache-2.0
"""A video file's own words about its length are read without a decoder."""

from __future__ import annotations

import struct

import pytest

from waymark.sources.container import Container, inspect


def box(name: bytes, size: int) -> bytes:
    return struct.pack('>I4s', size, name) + bytes(size - 8)


@pytest.mark.parametrize(('name', 'fourcc', 'kind'), [('v.avi', 'MJPG', 'avi'), ('v.mkv', 'MJPG', 'matroska'),
                                                      ('v.mp4', 'mp4v', 'mp4')])  # fmt: skip
def test_a_whole_file_is_whole_and_a_shorter_one_is_cut(write_video, name, fourcc, kind):
    path = write_video(name, fourcc)
    whole = inspect(path)
    path.write_bytes(path.read_bytes()[:-200])
    cut = inspect(path)

    assert (whole.kind, whole.is_cut, whole.has_index) == (kind, False, True)
    assert (cut.kind, cut.is_cut) == (kind, True)


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (box(b'ftyp', 16) + box(b'mdat', 40) + box(b'moov', 20), Container('mp4', False, True, True)),
        (box(b'ftyp', 16) + box(b'mdat', 40), Container('mp4', False, False, True)),
        (box(b'ftyp', 16) + box(b'moov', 20) + box(b'mdat', 4000)[:50], Container('mp4', True, True, True)),
        # A box of 64-bit size, and one that reaches to the end of the file.
        (
            box(b'ftyp', 16) + struct.pack('>I4sQ', 1, b'mdat', 24) + bytes(8) + box(b'moov', 20),
            Container('mp4', False, True, True),
        ),
        (
            box(b'ftyp', 16) + box(b'moov', 20) + struct.pack('>I4s', 0, b'mdat') + bytes(99),
            Container('mp4', False, True, True),
        ),
        # Fragments count their frames themselves.
        (
            box(b'ftyp', 16) + box(b'moov', 20) + box(b'moof', 20) + box(b'mdat', 20),
            Container('mp4', False, True, False),
        ),
        (b'RIFF' + struct.pack('<I', 92) + b'AVI ' + bytes(88), Container('avi', False)),
        (b'RIFF' + struct.pack('<I', 93) + b'AVI ' + bytes(88), Container('avi', True)),
        # Never closed, so its size is not known.
        (b'RIFF' + struct.pack('<I', 0) + b'AVI ' + bytes(88), Container('avi', False)),
        # Matroska: header of 3 bytes, segment of 5; then of unknown size, as live recordings are.
        (b'\x1aE\xdf\xa3\x83abc\x18S\x80g\x85abcde', Container('matroska', False)),
        (b'\x1aE\xdf\xa3\x83abc\x18S\x80g\x86abcde', Container('matroska', True)),
        (b'\x1aE\xdf\xa3\x83abc\x18S\x80g\x01\xff\xff\xff\xff\xff\xff\xffabc', Container('matroska', False)),
        (b'\x1aE\xdf\xa3\x83abc\x18S\x80g\x40\x05abcd', Container('matroska', True)),
        (b'\x1aE\xdf\xa3', Container('matroska', False)),
        (b'x', Container('')),
        (b'GIF89a and so on', Container('')),
    ],
)  # fmt: skip
def test_structures_made_by_hand_are_read(tmp_path, content, expected):
    (tmp_path / 'f').write_bytes(content)

    assert inspect(tmp_path / 'f') == expected


def test_boxes_of_size_zero_or_nonsense_end_the_search(tmp_path):
    (tmp_path / 'f').write_bytes(box(b'ftyp', 16) + struct.pack('>I4s', 3, b'????') * 10)

    assert inspect(tmp_path / 'f') == Container('mp4', False, False, True)
