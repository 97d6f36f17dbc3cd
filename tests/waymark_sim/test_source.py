# SPDX-License-Identifier: Apache-2.0
"""The simulator as a source: frames, stamps, camera and exact poses, the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.sources import ImageSourceConfig, open_source
from waymark_sim.source import open_simulator

SMALL = 'sim:ground?laps=2&lap_s=3&rate=5&width=160&height=120&ground_px=512'


def frames_of(uri=SMALL, **options):
    source = open_source(ImageSourceConfig(input=uri, **options))
    with_frames = list(source.frames())
    source.close()
    return source.info, with_frames


@pytest.fixture(scope='module')
def flight():
    """Description and frames of one flight of two laps."""
    return frames_of()


def test_it_gives_laps_times_seconds_times_rate_frames(flight):
    info, frames = flight

    assert info.frame_count == len(frames) == 2 * 3 * 5
    assert (info.rate_hz, info.is_live) == (5.0, False)


def test_stamps_begin_at_one_second_and_go_on_at_the_rate(flight):
    _, frames = flight

    stamps = [f.frame.header.stamp_ns for f in frames]

    assert stamps == [1_000_000_000 + i * 200_000_000 for i in range(30)]


def test_each_frame_carries_camera_and_exact_pose():
    source = open_simulator(ImageSourceConfig(input=SMALL))
    for i, frame in zip(range(3), source.frames(), strict=False):
        assert frame.frame.size_wh == frame.camera.size_wh == (160, 120)
        np.testing.assert_array_equal(frame.T_map_base, source.world.route.pose(i / 5))
        assert not frame.T_map_base.flags.writeable


def test_two_flights_of_one_seed_are_equal_to_the_last_pixel(flight):
    (_, first), (_, again) = flight, frames_of()

    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.frame.pixels, b.frame.pixels)
        np.testing.assert_array_equal(a.T_map_base, b.T_map_base)


def test_lap_two_shows_the_places_of_lap_one_but_not_the_same_pixels(flight):
    _, frames = flight

    for a, b in zip(frames[:15], frames[15:], strict=True):
        assert np.linalg.norm(a.T_map_base[:2, 3] - b.T_map_base[:2, 3]) <= 1.6
        assert (a.frame.pixels != b.frame.pixels).mean() > 0.5


def test_rate_hz_of_the_source_overrides_the_uri():
    info, frames = frames_of(rate_hz=2.0)

    assert info.rate_hz == 2.0
    assert len(frames) == 12


def test_closing_ends_the_flight():
    source = open_simulator(ImageSourceConfig(input=SMALL))
    frames = source.frames()
    next(frames)

    source.close()
    source.close()

    assert next(frames, None) is None
