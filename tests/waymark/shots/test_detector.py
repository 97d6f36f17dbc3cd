# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.shots import BoundaryDetector, ShotsConfig
from waymark.types import Frame, Header

from .conftest import PERIOD_NS, watch


def lit(picture, gain, white=0):
    return np.clip(picture * float(gain) + white, 0, 255).astype(np.uint8)


def mixed(a, b, share):
    return np.rint((1 - share) * a + share * b.astype(np.float64)).astype(np.uint8)


def noisy(pictures, sigma, seed=0):
    rng = np.random.default_rng(seed)
    return [np.clip(p + rng.normal(0, sigma, p.shape), 0, 255).astype(np.uint8) for p in pictures]


def test_a_cut_is_told_after_the_stated_delay_with_the_header_of_the_first_new_frame(view):
    [(told_at, boundary)] = watch([view(1)] * 20 + [view(2)] * 20, boundary_delay=5)
    assert (boundary.kind, boundary.frame_index, boundary.duration_frames) == ('cut', 20, 0)
    assert boundary.stamp_ns == boundary.start_stamp_ns == 21 * PERIOD_NS
    assert told_at == 25
    assert 0.5 < boundary.score <= 1.0


def test_cuts_in_quick_succession_are_all_found(view, detect):
    pictures = [view(seed) for seed in (1, 2, 3, 4) for _ in range(10)]
    assert detect(pictures) == [('cut', 10), ('cut', 20), ('cut', 30)]


def test_a_cut_near_the_end_is_told_when_the_stream_ends(view, detect):
    assert detect([view(1)] * 20 + [view(2)] * 3) == [('cut', 20)]


@pytest.mark.parametrize('length', [1, 2, 5])
@pytest.mark.parametrize('white', [60, 140, 255])
def test_a_flash_is_no_cut(view, detect, length, white):
    pictures = [view(1)] * 20 + [lit(view(1), 1.5, white)] * length + [view(1)] * 20
    assert detect(pictures) == []


def test_a_flash_at_a_cut_leaves_the_cut(view, detect):
    pictures = [view(1)] * 20 + [view(2)] * 6 + [lit(view(2), 1.5, 200)] * 2 + [view(2)] * 20
    assert detect(pictures) == [('cut', 20)]


@pytest.mark.parametrize('gain', [0.03, 0.15, 0.4, 1.6])
def test_light_switched_on_and_off_is_no_cut(view, detect, gain):
    pictures = [view(1)] * 20 + [lit(view(1), gain)] * 40 + [view(1)] * 20
    assert detect(pictures) == []


@pytest.mark.parametrize('blank', [0, 255])
def test_a_fade_and_back_in_the_same_scene_is_no_boundary(view, detect, blank):
    nothing = np.full_like(view(1), blank)
    ramp = [mixed(view(1), nothing, s) for s in np.linspace(0, 1, 12)]
    assert detect([view(1)] * 20 + ramp + [nothing] * 8 + ramp[::-1] + [view(1)] * 20) == []


def test_a_fade_through_black_is_told_at_the_first_frame_that_shows_the_new_scene(view):
    black = np.zeros_like(view(1))
    out = [mixed(view(1), black, s) for s in np.linspace(0, 1, 11)[1:]]
    into = [mixed(black, view(2), s) for s in np.linspace(0, 1, 11)[1:]]
    [(_, boundary)] = watch([view(1)] * 20 + out + [black] * 10 + into + [view(2)] * 20)
    assert (boundary.kind, boundary.frame_index) == ('fade', 40)
    assert 20 <= boundary.start_index <= 22


def test_a_cut_to_black_begins_the_shot_that_comes_out_of_it(view, detect):
    black = np.zeros_like(view(1))
    into = [mixed(black, view(2), s) for s in np.linspace(0, 1, 16)[1:]]
    assert detect([view(1)] * 20 + [black] * 20 + into + [view(2)] * 20) == [('cut', 20)]


def test_a_picture_out_of_black_at_the_beginning_is_a_cut_unless_it_fades_in(view, detect):
    black = np.zeros_like(view(1))
    into = [mixed(black, view(2), s) for s in np.linspace(0, 1, 16)[1:]]
    assert detect([black] * 20 + [view(2)] * 20) == [('cut', 20)]
    assert detect([black] * 20 + into + [view(2)] * 20) == []


def test_a_covered_lens_is_no_boundary_however_long(view, detect):
    black = np.zeros_like(view(1))
    assert detect([view(1)] * 20 + [black] * 200 + [view(1, 210, 95)] * 20) == []


@pytest.mark.parametrize('length', [8, 16, 30])
def test_a_dissolve_is_found_with_its_extent(view, length):
    shares = np.arange(1, length + 1) / (length + 1)
    mixture = [mixed(view(1), view(2), s) for s in shares]
    [(_, boundary)] = watch([view(1)] * 40 + mixture + [view(2)] * 40)
    assert boundary.kind == 'dissolve'
    assert abs(boundary.start_index - 40) <= 3
    assert abs(boundary.frame_index - (40 + length)) <= 3


def test_a_fast_pan_is_no_boundary(view, detect):
    pictures = [view(1, 10 + 0 * i) for i in range(20)] + [view(1, 10 + 40 * i) for i in range(12)]
    assert detect(pictures + [view(1, 10 + 40 * 11)] * 20) == []


def test_a_cut_within_a_fast_pan_is_found(view, detect):
    pictures = [view(1, 10 + 24 * i) for i in range(15)] + [view(2, 10 + 24 * i) for i in range(15)]
    assert detect(pictures) == [('cut', 15)]


def test_a_shaken_camera_is_no_boundary(view, detect):
    rng = np.random.default_rng(3)
    steps = rng.normal(0, 14, (80, 2))
    pictures = [view(1, 200 + np.clip(x, -60, 60), 90 + np.clip(y, -60, 60)) for x, y in steps]
    assert detect(pictures) == []


@pytest.mark.parametrize('speed_px', [16, 40, 64])
def test_a_vehicle_that_fills_the_picture_is_no_boundary(view, canvas, detect, speed_px):
    body, pictures = canvas(9)[:192, :400], []
    for left in range(-400, 256, speed_px):
        picture = view(1).copy()
        shown = slice(max(left, 0), min(left + 400, 256))
        picture[:, shown] = body[:, shown.start - left : shown.stop - left]
        pictures.append(picture)
    assert detect([view(1)] * 20 + pictures + [view(1)] * 20) == []


@pytest.mark.parametrize('has_stamps', [True, False])
def test_dropped_frames_are_no_cut(view, detect, has_stamps):
    xs = [4 * i for i in range(100)]
    kept = [i for i in range(100) if not 45 <= i < 60]
    stamps = [PERIOD_NS * (i + 1) for i in kept] if has_stamps else None
    assert detect([view(1, xs[i]) for i in kept], stamps) == []


def test_cuts_do_not_depend_on_regular_stamps(view, detect):
    rng = np.random.default_rng(5)
    stamps = [int(s) for s in np.cumsum(rng.integers(1_000_000, 400_000_000, 40))]
    assert detect([view(1)] * 20 + [view(2)] * 20, stamps) == [('cut', 20)]


@pytest.mark.parametrize(('gain', 'sigma'), [(1.0, 25.0), (0.12, 3.0), (0.15, 6.0)])
def test_noise_and_darkness_hide_no_cut_and_make_none(view, detect, gain, sigma):
    pictures = noisy([lit(p, gain) for p in [view(1)] * 30 + [view(2)] * 30], sigma)
    assert detect(pictures) == [('cut', 30)]


def test_bars_of_a_film_are_not_what_two_shots_have_in_common(view, detect):
    def barred(picture):
        picture = picture.copy()
        picture[:40] = picture[-40:] = 0
        return picture

    assert detect([barred(view(1))] * 20 + [barred(view(2))] * 20) == [('cut', 20)]


def test_even_colours_are_scenes(detect):
    def plain(*colour):
        return np.full((120, 160, 3), colour, np.uint8)

    pictures = [plain(95, 100, 110)] * 12 + [plain(145, 90, 88)] * 12 + [plain(80, 125, 80)] * 12
    assert detect(pictures) == [('cut', 12), ('cut', 24)]


def test_gray_bgr_and_deep_pictures_have_the_same_boundaries(view):
    pictures = [view(1)] * 20 + [view(2)] * 20
    gray = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures]
    variants = {
        'bgr': [np.ascontiguousarray(p[..., ::-1]) for p in pictures],
        'mono': gray,
        'deep': [p.astype(np.uint16) * 257 for p in gray],
        'float': [p.astype(np.float32) / 255 for p in gray],
    }
    for name, variant in variants.items():
        layout = 'bgr' if name == 'bgr' else 'mono'
        assert [b.frame_index for _, b in watch(variant, layout=layout)] == [20], name


def test_equal_streams_give_equal_boundaries(view):
    pictures = noisy([view(1)] * 30 + [view(2)] * 30, 6)
    assert watch(pictures) == watch(pictures)


def test_after_a_reset_the_next_frame_begins_a_stream(view):
    detector = BoundaryDetector()
    for seed in (1, 2):
        detector.reset()
        found = [detector.observe(Frame(Header(PERIOD_NS * (i + 1)), view(seed))) for i in range(20)]
        assert found == [None] * 20
    assert detector.finish() == ()


def test_nothing_and_a_single_frame_have_no_boundary(view):
    detector = BoundaryDetector()
    assert detector.finish() == ()
    assert detector.observe(Frame(Header(1), view(1)[:1, :1])) is None
    assert detector.finish() == ()


def test_dissolves_are_left_alone_where_they_are_not_wanted(view, detect):
    mixture = [mixed(view(1), view(2), s) for s in np.arange(1, 20) / 20]
    assert detect([view(1)] * 30 + mixture + [view(2)] * 40, boundary_gradual=False) == []


def test_the_delay_is_what_tells_a_flash_from_a_short_shot(view, detect):
    pictures = [view(1)] * 20 + [view(2)] * 6 + [view(1)] * 20
    assert detect(pictures, boundary_delay=8) == []
    assert detect(pictures, boundary_delay=3) == [('cut', 20), ('cut', 26)]
    assert ShotsConfig().boundary_delay == 8
