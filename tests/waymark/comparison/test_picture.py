# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.comparison.images import ImagePair
from waymark.comparison.patches import PatchMatch
from waymark.comparison.picture import (
    difference_panel,
    draw_comparison,
    painted_key,
    painted_matches,
    position_colours,
    ssim_panel,
)

MATCH = PatchMatch((2, 2), np.array([[3, 0], [0, 1]]), np.array([[1.0, 0.5], [0.0, -0.2]]))


def pair_of(a, b):
    rgb = [x if x.ndim == 3 else cv2.cvtColor(x, cv2.COLOR_GRAY2RGB) for x in (a, b)]
    return ImagePair(('a.png', 'bé.png'), tuple(rgb), (a, b))


def test_equal_pixels_are_black_and_the_largest_difference_is_white():
    a, b = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    b[10:20, 10:20] = 120
    caption, panel = difference_panel(pair_of(a, b))
    assert caption == '|A - B|: black 0, white 120 or more grey levels'
    assert panel[30, 30].tolist() == [0, 0, 0]
    assert panel[15, 15].min() > 250


def test_equal_structure_is_yellow_and_none_is_violet(scene):
    other = scene.copy()
    other[:, 160:] = 255 - other[:, 160:]
    _, panel = ssim_panel(pair_of(scene, other))
    assert panel[120, 60].tolist() == panel[60, 100].tolist() == [253, 231, 37]  # the last of viridis
    assert panel[:, 180:].mean(axis=(0, 1))[1] < 90


def test_a_patch_has_the_colour_of_its_match_darker_where_it_is_worse():
    white = np.full((40, 40, 3), 255, np.uint8)
    colours = position_colours((2, 2))
    painted, key = painted_matches(white, MATCH), painted_key(white, MATCH)
    np.testing.assert_allclose(key[5, 5], colours[0, 0], atol=1)
    np.testing.assert_allclose(painted[5, 5], colours[1, 1], atol=1)
    np.testing.assert_allclose(painted[5, 35], colours[0, 0] / 2, atol=1)
    assert painted[35].max() == 0  # cosines of 0 and below


def test_places_have_colours_of_their_own():
    colours = position_colours((8, 8)).reshape(-1, 3)
    apart = np.abs(colours[:, None] - colours[None]).sum(axis=2) + 99 * np.eye(64)
    assert apart.min() > 5


@pytest.mark.parametrize('shape', [(240, 320, 3), (240, 320), (2, 2), (1, 1), (30, 2000), (1500, 40, 3)])
def test_the_picture_holds_six_panels_for_any_size_and_eight_with_a_mask(shape):
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 256, shape).astype(np.uint8) for _ in 'ab')
    six = draw_comparison(pair_of(a, b), None, MATCH)
    eight = draw_comparison(pair_of(a, b), np.ones(shape[:2], np.float32), MATCH)
    assert six.dtype == np.uint8 and six.shape[1] == eight.shape[1] == 2 * 640 + 6
    assert eight.shape[0] == six.shape[0] * 4 // 3 <= 4 * (960 + 26)
