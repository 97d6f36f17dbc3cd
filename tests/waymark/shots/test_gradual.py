# SPDX-License-Identifier: Apache-2.0
"""Dissolves and fades while cameras move, light changes and noise hides; what the simplest films hold."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from .conftest import watch


def mixed(a, b, share):
    return np.rint((1 - share) * a + share * b.astype(np.float64)).astype(np.uint8)


def noisy(pictures, sigma):
    rng = np.random.default_rng(0)
    return [np.clip(p + rng.normal(0, sigma, p.shape), 0, 255).astype(np.uint8) for p in pictures]


def plain(*colour):
    return np.full((192, 256, 3), colour, np.uint8)


def turned(picture, degrees):
    M = cv2.getRotationMatrix2D((128, 96), degrees, 1.0)
    return cv2.warpAffine(picture, M, (256, 192), borderMode=cv2.BORDER_REFLECT_101)


def pan(view, seed, x, speed, frames):
    return [view(seed, x + speed * i) for i in range(frames)]


@pytest.mark.parametrize('speed', [2, 5])
def test_a_dissolve_between_two_pans_is_found(view, speed):
    old, new = pan(view, 1, 60, speed, 50), pan(view, 2, 400, -speed, 60)
    mixture = [mixed(a, b, (i + 1) / 17) for i, (a, b) in enumerate(zip(old[-16:], new[:16], strict=True))]
    [(_, boundary)] = watch(old[:-16] + mixture + new[16:])
    assert boundary.kind == 'dissolve'
    assert boundary.start_index <= 42 <= boundary.frame_index  # its middle
    assert abs(boundary.start_index - 34) <= 4 and abs(boundary.frame_index - 50) <= 4


def test_a_dissolve_at_the_end_of_a_stream_is_told_with_the_last_ones(view):
    mixture = [mixed(view(1), view(2), s) for s in np.arange(1, 13) / 13]
    [(told_at, boundary)] = watch([view(1)] * 30 + mixture + [view(2)] * 6)
    assert (told_at, boundary.kind) == (48, 'dissolve')


def test_a_fade_through_black_is_one_boundary_also_where_the_camera_moves(view):
    old, new = pan(view, 1, 60, 2, 40), pan(view, 2, 300, 2, 40)
    out = [mixed(p, 0 * p, (i + 1) / 12) for i, p in enumerate(old[-12:])]
    into = [mixed(0 * p, p, (i + 1) / 12) for i, p in enumerate(new[:12])]
    [(_, boundary)] = watch(old[:-12] + out + [plain(0, 0, 0)] * 6 + into + new[12:])
    assert boundary.kind == 'fade'
    assert abs(boundary.frame_index - 46) <= 1


def test_plain_pictures_fade_too(detect):
    def faded(colour, shares):
        return [mixed(plain(0, 0, 0), plain(*colour), s) for s in shares]

    out, into = np.linspace(1, 0, 12), np.linspace(0, 1, 12)
    pictures = faded((210, 60, 40), [1] * 20 + [*out]) + faded((60, 80, 190), [*into] + [1] * 20)
    assert [kind for kind, _ in detect(pictures)] == ['fade']
    same = faded((210, 60, 40), [1] * 20 + [*out, *into] + [1] * 20)
    assert detect(same) == []


@pytest.mark.parametrize('blank', [0, 255])
def test_noise_hides_no_blank_picture(view, detect, blank):
    """Fades to black or white and back in one scene are no boundary, whatever the camera's noise."""
    nothing = np.full_like(view(1), blank)
    ramp = [mixed(view(1), nothing, s) for s in np.linspace(0, 1, 10)]
    assert detect(noisy([view(1)] * 20 + ramp + [nothing] * 6 + ramp[::-1] + [view(1)] * 20, 16)) == []


def test_lost_frames_while_the_camera_turns_are_no_cut(view, detect):
    pictures = [turned(view(1), 2.0 * i) for i in range(50)]
    for i in range(24, 27):
        pictures[i] = plain(0, 0, 0)
    assert detect(pictures) == []


def test_light_that_goes_out_in_a_noisy_night_is_no_cut(view, detect):
    night = [mixed(0 * p, p, 0.12) for p in pan(view, 1, 100, 1, 60)]
    dark = [mixed(0 * p, p, 0.4) for p in night[30:]]
    assert detect(noisy(night[:30] + dark, 3)) == []


def test_a_title_over_plain_colours_makes_no_scene_of_two(detect):
    def titled(*colour):
        return cv2.putText(plain(*colour), 'Frame 10', (60, 170), 0, 1.0, (255, 255, 255), 2)

    pictures = [titled(100, 95, 88)] * 15 + [titled(88, 93, 144)] * 15 + [titled(82, 128, 80)] * 15
    assert detect(pictures) == [('cut', 15), ('cut', 30)]


def test_two_flashes_soon_after_another_while_the_camera_pans_are_no_cut(view, detect):
    pictures = pan(view, 1, 60, 5, 60)
    for i in (20, 21, 22, 27, 28):
        pictures[i] = np.full_like(pictures[i], 255)
    pictures[29] = mixed(pictures[29], pictures[28], 0.8)
    assert detect(pictures) == []


def test_a_flash_of_a_colour_over_a_bare_wall_is_no_cut(detect):
    pictures = [plain(54, 66, 58)] * 20 + [plain(255, 255, 255)] * 4 + [plain(80, 255, 255)] * 3
    assert detect(pictures + [plain(54, 66, 58)] * 20) == []
