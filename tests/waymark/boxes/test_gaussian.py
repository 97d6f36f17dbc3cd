# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import box_from_mask, canonical, from_gaussians, gaussians
from waymark.masks import box_mask


def random_boxes(count, seed=0):
    rng = np.random.default_rng(seed)
    sides = rng.uniform(20, 40, count), rng.uniform(1, 15, count)
    return np.column_stack([rng.uniform(-50, 50, (count, 2)), *sides, rng.uniform(-1.5, 1.5, count)])


def test_the_covariance_is_that_of_points_spread_evenly_over_the_box():
    mean, cov = gaussians((3, 4, 12, 6, 0))
    np.testing.assert_allclose(mean, (3, 4))
    np.testing.assert_allclose(cov, [[12, 0], [0, 3]])
    _, cov = gaussians((0, 0, 12, 6, np.pi / 4))
    np.testing.assert_allclose(cov, [[7.5, 4.5], [4.5, 7.5]])


def test_a_gaussian_gives_its_box_back():
    boxes = random_boxes(500)
    np.testing.assert_allclose(from_gaussians(*gaussians(boxes)), boxes, atol=1e-9)


def test_a_square_comes_back_upright_since_its_gaussian_has_no_angle():
    np.testing.assert_allclose(from_gaussians(*gaussians((5, 6, 8, 8, 0.4))), (5, 6, 8, 8, 0), atol=1e-12)


def test_a_line_comes_back_as_a_line():
    np.testing.assert_allclose(from_gaussians(*gaussians((5, 6, 8, 0, 0))), (5, 6, 8, 0, 0), atol=1e-12)


@pytest.mark.parametrize('box', [(60.3, 50.7, 40, 12, 0.5), (60, 50, 30, 8, -1.5), (55.5, 48.2, 30, 29, 0.2)])
def test_a_rendered_gaussian_box_is_recovered_by_moments(box):
    mask = box_mask(np.array([box]), (110, 120))
    np.testing.assert_allclose(box_from_mask(mask), canonical(box), atol=2e-3)


def test_a_filled_box_is_recovered_but_for_the_size_of_a_pixel():
    mask = np.zeros((40, 60), bool)
    mask[10:18, 20:44] = True  # 24 x 8 pixels, centres 20..43 and 10..17
    expected = (31.5, 13.5, np.sqrt(24**2 - 1), np.sqrt(8**2 - 1), 0)
    np.testing.assert_allclose(box_from_mask(mask), expected, atol=1e-9)


def test_an_empty_mask_holds_no_box():
    assert box_from_mask(np.zeros((5, 5))) is None
    assert box_from_mask(np.zeros((0, 5))) is None


def test_one_pixel_is_a_point():
    mask = np.zeros((5, 5))
    mask[3, 1] = 0.5
    np.testing.assert_allclose(box_from_mask(mask), (1, 3, 0, 0, 0), atol=1e-12)


@pytest.mark.parametrize(
    ('cov', 'message'),
    [
        ([[1, 2], [2, 1]], 'positive semidefinite'),
        ([[1, 0.5], [0, 1]], 'symmetric'),
        ([1, 2], 'expected shape'),
        ([[1, np.nan], [0, 1]], 'not finite'),
    ],
)
def test_what_is_no_covariance_is_refused(cov, message):
    with pytest.raises(ValueError, match=message):
        from_gaussians((0, 0), cov)


def test_a_mask_below_zero_is_refused():
    with pytest.raises(ValueError, match='at least 0, got -1'):
        box_from_mask(np.full((2, 2), -1.0))
