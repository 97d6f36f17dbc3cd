# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.shots.likeness import coarse_likeness, hue_agreement, likeness, turned_likeness, view_of


def seen(picture, coarse=False):
    return view_of(np.asarray(cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA), np.uint8), coarse)


def turned(a, b):
    return turned_likeness((seen(a), seen(b)), (seen(a, True), seen(b, True)))


def test_a_picture_is_like_itself_and_unlike_other_scenes(view):
    assert likeness(seen(view(1)), seen(view(1))) == pytest.approx(1.0, abs=0.01)
    others = [likeness(seen(view(a)), seen(view(b))) for a in range(6) for b in range(6, 12)]
    assert max(others) < 0.4


@pytest.mark.parametrize(
    'change', ['darker', 'brighter', 'gamma', 'shifted', 'turned', 'nearer', 'noisy', 'half hidden']
)
def test_light_and_motion_keep_a_scene_what_it_is(view, change):
    a, b = view(1), view(1).astype(np.float64)
    M = cv2.getRotationMatrix2D((128, 96), 6 if change == 'turned' else 0, 1.12 if change == 'nearer' else 1)
    b = {
        'darker': b * 0.2,
        'brighter': np.minimum(b * 1.7, 255),
        'gamma': 255 * (b / 255) ** 0.5,
        'shifted': view(1, 200 + 90, 90 + 20),
        'noisy': np.clip(b + np.random.default_rng(0).normal(0, 25, b.shape), 0, 255),
        'half hidden': np.where(np.arange(256)[None, :, None] < 100, view(7), b),
    }.get(change, cv2.warpAffine(b, M, (256, 192), borderMode=cv2.BORDER_REFLECT))
    assert likeness(seen(a), seen(b.astype(np.uint8))) > 0.5


def test_black_bars_do_not_count(view):
    a, b = (view(seed).copy() for seed in (1, 2))
    for picture in (a, b):
        picture[:48] = picture[-48:] = 0
    assert likeness(seen(a), seen(b)) < 0.4


def test_plain_pictures_are_compared_by_colour():
    plain = [seen(np.full((36, 64, 3), colour, np.uint8)) for colour in ((90, 90, 90), (95, 90, 90), (160, 60, 60))]
    assert likeness(plain[0], plain[1]) > 0.9
    assert likeness(plain[0], plain[2]) == 0.0


def test_a_plain_picture_is_unlike_one_with_structure(view):
    assert likeness(seen(np.full((36, 64, 3), 120, np.uint8)), seen(view(1))) < 0.2


def test_likeness_does_not_depend_on_the_order(view):
    a, b = seen(view(1)), seen(view(1, 230, 100))
    assert likeness(a, b) == pytest.approx(likeness(b, a), abs=0.05)


def test_another_size_is_refused():
    with pytest.raises(ValueError, match=r'rgb: expected shape \(36, 64, 3\)'):
        view_of(np.zeros((64, 36, 3), np.uint8))


def test_coarse_views_see_through_noise_that_hides_the_fine_one(view):
    noise = np.random.default_rng(0).normal(0, 110, view(1).shape)
    hidden = np.clip(view(1) + noise, 0, 255).astype(np.uint8)
    assert likeness(seen(view(1)), seen(hidden)) < 0.7 < coarse_likeness(seen(view(1), True), seen(hidden, True))
    others = [coarse_likeness(seen(view(a), True), seen(view(b), True)) for a in range(5) for b in range(5, 10)]
    assert max(others) < 0.6


@pytest.mark.parametrize(('degrees', 'scale'), [(12, 1.0), (0, 1.2), (-8, 0.9)])
def test_a_turned_or_nearer_view_is_recognised_at_the_second_look(view, degrees, scale):
    M = cv2.getRotationMatrix2D((128, 96), degrees, scale)
    moved = cv2.warpAffine(view(1), M, (256, 192), borderMode=cv2.BORDER_REFLECT_101)
    assert turned(view(1), moved) > 0.6
    assert turned(view(2), moved) < 0.45


def test_nothing_is_recognised_in_plain_pictures_at_the_second_look(view):
    assert turned(np.full((48, 64, 3), 90, np.uint8), view(1)) == 0.0


def test_a_title_does_not_make_one_scene_of_two_hues(view):
    def titled(*colour):
        picture = np.full((192, 256, 3), colour, np.uint8)
        return cv2.putText(picture, 'Frame 10', (60, 170), 0, 1.0, (255, 255, 255), 2)

    assert hue_agreement(seen(titled(100, 95, 88)), seen(titled(88, 93, 144))) < 0
    assert hue_agreement(seen(titled(100, 95, 88)), seen(titled(65, 62, 57))) > 0.9  # less light
    assert hue_agreement(seen(titled(90, 90, 90)), seen(titled(40, 90, 160))) is None  # grey has no hue
    assert hue_agreement(seen(view(1)), seen(255 - view(1))) is None  # structure tells
