# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.tracking.distinct import distinctness
from waymark.tracking.likeness import likeness
from waymark.tracking.template import detail, templates_of

EVERYWHERE = np.ones((240, 240), np.bool_)


@pytest.fixture
def picture(texture):
    return texture(1, (240, 240))


@pytest.fixture
def template(picture):
    return templates_of(picture, EVERYWHERE, 240, 240, 60)[0]


@pytest.mark.parametrize('light', [lambda g: g, lambda g: g * 0.5, lambda g: g * 0.6 + np.linspace(0, 90, 240)])
def test_the_same_picture_in_any_light_agrees_wholly(picture, template, light):
    seen = np.asarray(np.clip(light(picture.astype(float)), 0, 255), np.uint8)
    found = likeness(template, detail(seen), EVERYWHERE)
    assert found.agreement > 0.97 and found.enclosed < 0.01


def test_another_picture_agrees_nowhere(template, texture):
    assert likeness(template, detail(texture(2, (240, 240))), EVERYWHERE).agreement < 0.1


def test_what_comes_from_outside_is_not_enclosed_and_what_stands_inside_is(picture, template, texture):
    other = texture(2, (240, 240))
    from_left, inside = picture.copy(), picture.copy()
    from_left[:, :72] = other[:, :72]
    inside[72:168, 72:168] = other[72:168, 72:168]
    covered, replaced = (likeness(template, detail(p), EVERYWHERE) for p in (from_left, inside))
    assert covered.agreement == pytest.approx(0.7, abs=0.1) and covered.enclosed < 0.01
    assert replaced.agreement == pytest.approx(0.84, abs=0.1) and replaced.enclosed > 0.08


def test_only_what_both_show_is_compared(picture, template, texture):
    half = EVERYWHERE.copy()
    half[:, 120:] = False
    seen = picture.copy()
    seen[:, 120:] = texture(2, (240, 240))[:, 120:]
    assert likeness(template, detail(seen), half).agreement > 0.95
    assert likeness(template, detail(seen), ~EVERYWHERE).agreement == 0


def test_a_blank_image_agrees_nowhere(template):
    assert likeness(template, detail(np.full((240, 240), 90, np.uint8)), EVERYWHERE).agreement == 0


def test_what_repeats_itself_proves_little(texture):
    brick = texture(4, (40, 40))
    wall = np.tile(brick, (6, 6))
    plate = wall.copy()
    plate[84:156, 84:156] = cv2.resize(texture(5, (72, 72)), (72, 72))
    proof = distinctness(detail(plate))
    rows, columns = (slice(s // 3, s - s // 3) for s in proof.shape)
    assert proof[rows, columns].mean() > 0.7
    assert np.median(proof) < 0.1
    bare = likeness(templates_of(plate, EVERYWHERE, 240, 240, 60)[0], detail(wall), EVERYWHERE)
    assert bare.agreement < 0.6  # though nine tenths of the wall are the same


def test_blur_takes_from_all_of_a_picture_and_other_words_only_from_them(texture):
    head, words, others = texture(1, (240, 120)), texture(2, (240, 120)), texture(3, (240, 120))
    page = np.vstack([head, words])
    template = templates_of(page, EVERYWHERE, 240, 240, 60)[0]
    half_other = np.vstack([head, np.asarray(0.45 * words + 0.55 * others, np.uint8)])
    blurred, other = (
        likeness(template, detail(np.asarray(cv2.GaussianBlur(p, (0, 0), s), np.uint8)), EVERYWHERE)
        for p, s in ((page, 2.0), (half_other, 0.5))
    )
    assert blurred.gap < 0.15
    assert other.gap > 0.3
