# SPDX-License-Identifier: Apache-2.0
"""Videos: all frames in order at their own times, and a cut is told."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, open_source

KINDS = [('v.avi', 'MJPG'), ('v.mkv', 'MJPG'), ('v.mp4', 'mp4v')]


def with_index_first(mp4: bytes) -> bytes:
    """Move moov before mdat, as web servers like it; chunk offsets (stco) move along."""
    boxes, start = {}, 0
    while start < len(mp4):
        length, name = struct.unpack('>I4s', mp4[start : start + 8])
        boxes[name] = mp4[start : start + length]
        start += length
    moov = bytearray(boxes[b'moov'])
    at = moov.index(b'stco') + 8
    (count,) = struct.unpack('>I', moov[at : at + 4])
    for i in range(count):
        place = slice(at + 4 + 4 * i, at + 8 + 4 * i)
        moov[place] = struct.pack('>I', struct.unpack('>I', moov[place])[0] + len(moov))
    return boxes[b'ftyp'] + bytes(moov) + b''.join(v for k, v in boxes.items() if k not in (b'ftyp', b'moov'))


@pytest.mark.parametrize(('name', 'fourcc'), KINDS)
def test_frames_come_in_order_at_the_rate_of_the_file(write_video, read_all, index_of, name, fourcc):
    frames, error = read_all(write_video(name, fourcc, count=20, rate_hz=25.0))

    assert [abs(index_of(f) - i) <= 1 for i, f in enumerate(frames)] == [True] * 20  # mp4v is lossy
    assert [f.frame.header.stamp_ns for f in frames] == [10**9 + i * 40_000_000 for i in range(20)]
    assert error == ''


def test_rate_hz_replaces_the_times_of_the_file(write_video, read_all):
    frames, _ = read_all(write_video(count=4), rate_hz=2.0)

    assert [f.frame.header.stamp_s for f in frames] == [1.0, 1.5, 2.0, 2.5]


@pytest.mark.parametrize('share', [0.3, 0.5, 0.8])
@pytest.mark.parametrize('name', ['v.avi', 'v.mkv'])
def test_a_cut_video_gives_its_frames_and_then_says_so(write_video, read_all, index_of, name, share):
    path = write_video(name, count=40)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])

    frames, error = read_all(path)

    assert 40 * share - 8 <= len(frames) <= 40 * share + 2
    assert [index_of(f) for f in frames[:-1]] == list(range(len(frames) - 1))
    assert f'the video is cut off: {len(frames)} frames were read' in error
    assert 'Copy or record it again.' in error


def test_an_mp4_cut_before_its_index_can_not_be_opened(write_video):
    path = write_video('v.mp4', 'mp4v')
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])

    with pytest.raises(SourceError, match=r'has no index \(moov\): it was cut off'):
        open_source(ImageSourceConfig(input=str(path)))


def test_an_mp4_cut_behind_its_index_gives_its_frames_and_then_says_so(write_video, read_all):
    path = write_video('v.mp4', 'mp4v', count=40)
    whole = with_index_first(path.read_bytes())
    path.write_bytes(whole)
    assert [len(read_all(path)[0]), read_all(path)[1]] == [40, '']

    path.write_bytes(whole[: len(whole) - (len(whole) - whole.index(b'mdat')) // 2])
    frames, error = read_all(path)

    assert 5 < len(frames) < 38
    assert 'the video is cut off' in error


@pytest.mark.parametrize('content', [b'hello, this is a text\n' * 50, b'\0' * 5000, b'RIFF\xff\xff\xff\xffAVI '])
def test_a_file_that_is_no_video_is_refused(tmp_path, content):
    (tmp_path / 'a.mp4').write_bytes(content)

    with pytest.raises(SourceError, match=r'a.mp4: not a video that OpenCV can read'):
        open_source(ImageSourceConfig(input=str(tmp_path / 'a.mp4')))


def test_an_empty_video_is_refused(tmp_path):
    (tmp_path / 'a.mp4').touch()

    with pytest.raises(SourceError, match='0 bytes'):
        open_source(ImageSourceConfig(input=str(tmp_path / 'a.mp4')))


def test_closing_ends_the_frames_without_an_error(write_video):
    source = open_source(ImageSourceConfig(input=str(write_video())))
    frames = source.frames()
    next(frames)

    source.close()
    source.close()

    assert next(frames, None) is None


def test_broken_videos_print_nothing_of_their_own(write_video):
    path = write_video('v.mp4', 'mp4v')
    broken = bytearray(path.read_bytes())
    broken[100 : len(broken) // 2] = bytes(len(broken) // 2 - 100)
    path.write_bytes(broken)
    code = (
        'import sys; from waymark.sources import open_source, ImageSourceConfig\n'
        'try: list(open_source(ImageSourceConfig(input=sys.argv[1])).frames())\n'
        'except Exception: pass\n'
    )

    done = subprocess.run([sys.executable, '-c', code, str(path)], capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ('', '')


@pytest.mark.parametrize(
    ('name', 'file', 'count', 'last_stamp_s', 'declared'),
    [
        # 69 images in 30 s: its recorder dropped the others, and the header counts them all (451).
        ('opencv_samples', 'tree.avi', 69, 31.000, None),
        ('opencv_samples', '768x576.avi', 100, 4.960, None),
        ('opencv_samples', 'big_buck_bunny.mp4', 125, 6.167, 125),
        ('shotboundary_pyscenedetect', 'counter.mp4', 30, 3.900, 30),
        ('shotboundary_pyscenedetect', 'delayed_start.mp4', 24, 1.920, 24),
        ('shotboundary_pyscenedetect', 'issue-134-rotate.mp4', 240, 10.968, 240),
        ('shotboundary_pyscenedetect', 'testvideo.mp4', 720, 24.991, 720),
    ],
)
def test_real_videos_are_read_whole(shared_data, name, file, count, last_stamp_s, declared):
    source = open_source(ImageSourceConfig(input=str(shared_data(name) / file)))

    stamps = [f.frame.header.stamp_ns for f in source.frames()]

    assert len(stamps) == count
    assert stamps[-1] / 1e9 == pytest.approx(last_stamp_s, abs=1e-3)
    assert all(a < b for a, b in zip(stamps, stamps[1:], strict=False))
    assert source.info.frame_count == declared
