# SPDX-License-Identifier: Apache-2.0
"""Start, end, loop and calibration work alike for every kind of input."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.sources import ImageSourceConfig, open_source

CALIBRATION = 'image_width: 64\nimage_height: 48\ncamera_matrix: {data: [50.0, 0, 32, 0, 50.0, 24, 0, 0, 1]}\n'


@pytest.fixture
def folder(write_images):
    return write_images([f'{i}.png' for i in range(1, 7)])


@pytest.fixture
def ground_picture(tmp_path):
    """Read in no time, where painting the generated ground takes a while."""
    picture = np.random.default_rng(0).integers(1, 255, (1000, 1000), np.uint8)
    cv2.imwrite(str(tmp_path / 'ground.png'), picture)
    return tmp_path / 'ground.png'


def info_of(uri, **options):
    source = open_source(ImageSourceConfig(input=str(uri), **options))
    source.close()
    return source.info


def test_start_s_skips_and_keeps_the_stamps(folder, read_all, index_of):
    frames, _ = read_all(folder, start_s=0.25)

    assert [index_of(f) for f in frames] == [3, 4, 5]
    assert frames[0].frame.header.stamp_ns == 1_300_000_000
    assert info_of(folder, start_s=0.25).frame_count == 3


def test_a_start_after_the_end_leaves_nothing(folder, read_all):
    assert read_all(folder, start_s=9.0) == ([], '')
    assert info_of(folder, start_s=9.0).frame_count == 0


def test_max_frames_stops_early(folder, read_all):
    assert len(read_all(folder, max_frames=4)[0]) == 4
    assert info_of(folder, max_frames=4).frame_count == 4
    assert info_of(folder, max_frames=99).frame_count == 6


def test_looping_goes_on_with_increasing_stamps(folder, read_all, index_of):
    frames, _ = read_all(folder, loop=True, max_frames=14)

    assert [index_of(f) for f in frames] == [0, 1, 2, 3, 4, 5] * 2 + [0, 1]
    assert [f.frame.header.stamp_ns for f in frames] == [10**9 + i * 10**8 for i in range(14)]
    assert info_of(folder, loop=True, max_frames=14).frame_count == 14
    assert info_of(folder, loop=True).frame_count is None


@pytest.mark.parametrize('kind', ['video', 'bag', 'sim'])
def test_every_recorded_kind_loops(write_video, small_bag, ground_picture, read_all, kind):
    uri = {
        'video': write_video,
        'bag': small_bag,
        'sim': lambda: (
            f'sim:{ground_picture}?metres_per_pixel=0.05&altitude=5&laps=1&lap_s=1&rate=5&width=64&height=48'
        ),
    }[kind]()
    once = 20 if kind == 'video' else 5

    frames, error = read_all(uri, loop=True, max_frames=2 * once + 1)

    stamps = [f.frame.header.stamp_ns for f in frames]
    assert (len(stamps), error) == (2 * once + 1, '')
    assert all(a < b for a, b in itertools.pairwise(stamps))


def test_closing_ends_a_loop(folder):
    source = open_source(ImageSourceConfig(input=str(folder), loop=True))
    frames = source.frames()
    for _ in range(8):
        next(frames)

    source.close()

    assert len(list(frames)) <= 1


def test_a_calibration_file_is_given_with_every_frame(folder, read_all, tmp_path):
    (tmp_path / 'c.yaml').write_text(CALIBRATION)

    frames, _ = read_all(folder, camera_info_file=str(tmp_path / 'c.yaml'))

    assert {f.camera.K[0, 0] for f in frames} == {50.0}
    assert read_all(folder)[0][0].camera is None


def test_a_calibration_file_that_is_missing_is_refused_before_the_first_frame(folder):
    with pytest.raises(ConfigError, match='camera_info_file'):
        open_source(ImageSourceConfig(input=str(folder), camera_info_file='/no/such.yaml'))
