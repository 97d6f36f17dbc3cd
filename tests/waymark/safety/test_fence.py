# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.safety.fence import Fence

SQUARE = (0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0)
L_SHAPE = (0.0, 0.0, 4.0, 0.0, 4.0, 2.0, 2.0, 2.0, 2.0, 4.0, 0.0, 4.0)


@pytest.mark.parametrize('corners', [SQUARE, SQUARE[::-1]])
def test_clearance_is_the_distance_to_the_border_less_the_margin(corners):
    points = np.array([[2.0, 2.0], [1.0, 2.0], [0.2, 2.0], [-1.0, 2.0], [5.0, 5.0]])
    found = Fence(corners, 0.5).clearance(points)
    np.testing.assert_allclose(found, [1.5, 0.5, -0.3, -1.5, -np.sqrt(2) - 0.5])


def test_outside_is_zero_where_the_vehicle_may_be():
    fence = Fence(L_SHAPE, 0.0)
    points = np.array([[1.0, 3.0], [3.0, 1.0], [3.0, 3.0], [2.5, 2.5]])
    np.testing.assert_allclose(fence.outside(points), [0, 0, 1.0, 0.5])
    assert fence.area_m2 == 12.0


@pytest.mark.parametrize('corners', [SQUARE, L_SHAPE, L_SHAPE[::-1]])
@pytest.mark.parametrize('margin', [0.0, 0.3])
def test_looking_at_near_borders_alone_says_the_same(corners, margin):
    fence, rng = Fence(corners, margin), np.random.default_rng(1)
    for origin in rng.uniform(-0.5, 4.5, (300, 2)):
        points = origin + rng.normal(0, rng.uniform(0.01, 1.5), (40, 2))
        expected, found = fence.outside(points), fence.outside_from(origin, points)
        is_beyond = expected > margin
        np.testing.assert_allclose(found[~is_beyond], expected[~is_beyond], atol=1e-12)
        assert (found[is_beyond] >= expected[is_beyond] - 1e-12).all()


@pytest.mark.parametrize(
    ('corners', 'message'),
    [
        ((0, 0, 1, 1), 'x and y of 3 to 64 corners, got 4'),
        ((0, 0, 1, 0, 1), 'got 5 numbers'),
        (tuple(range(130)), 'got 130'),
        ((0, 0, 1, 1, 1, 0, 0, 1), 'meets another one'),
        ((0, 0, 4, 0, 4, 4, 2, 0, 0, 4), 'meets another one'),
        ((0, 0, 0, 0, 1, 1), r'\(0, 0\) stands twice'),
    ],
)
def test_what_is_no_polygon_is_refused(corners, message):
    with pytest.raises(ConfigError, match=message):
        Fence(corners, 0.1)


@pytest.mark.parametrize(
    ('inner', 'holds'),
    [
        (SQUARE, True),
        ((1, 1, 2, 1, 2, 2), True),
        (L_SHAPE, True),
        ((1, 1, 5, 1, 2, 2), False),
        ((-1, -1, 9, -1, 9, 9, -1, 9), False),
    ],
)
def test_a_fence_holds_another_one_that_lies_inside(inner, holds):
    assert Fence(SQUARE, 0.3).holds(Fence(inner, 0.3)) is holds


def test_a_square_is_not_held_by_an_l_that_has_all_but_one_of_its_corners():
    assert not Fence(L_SHAPE, 0.3).holds(Fence(SQUARE, 0.3))
    across = (0.5, 3.8, 0.5, 0.5, 3.8, 0.5)  # its corners are inside, its long side is not
    assert not Fence(L_SHAPE, 0.3).holds(Fence(across, 0.3))


def test_a_smaller_margin_allows_more():
    assert not Fence(SQUARE, 0.3).holds(Fence(SQUARE, 0.2))


def test_the_grid_gives_back_the_area():
    clearance, cell = Fence(L_SHAPE, 0.0).grid()
    assert (clearance >= 0).sum() * cell == pytest.approx(12.0, rel=0.02)
