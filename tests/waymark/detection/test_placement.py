# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import canonical, corners
from waymark.detection.placement import Placement
from waymark.image.letterbox import Letterbox


def random_boxes(seed, thinnest=0.5):
    rng = np.random.default_rng(seed)
    w = rng.uniform(20, 300, 50)
    return canonical(np.column_stack([rng.uniform(0, 900, (50, 2)), w, w * thinnest, rng.uniform(-2, 2, 50)]))


@pytest.mark.parametrize('size', [(640, 640), (1920, 1080), (333, 1717), (4000, 37), (7, 5), (641, 639)])
@pytest.mark.parametrize('resize', ['letterbox', 'stretch'])
def test_the_way_there_and_back_is_exact_for_any_aspect_ratio(size, resize):
    place = Placement.of(size, (640, 512), resize)
    rng = np.random.default_rng(0)
    upright = np.column_stack([rng.uniform(0, 900, (50, 2)), rng.uniform(20, 30, (50, 2)), np.zeros(50)])
    boxes = np.vstack([canonical(upright), random_boxes(1)] if resize == 'letterbox' else [canonical(upright)])
    np.testing.assert_allclose(corners(place.to_source(place.to_target(boxes))).mean(axis=1), boxes[:, :2], atol=1e-9)
    back, there = corners(place.to_source(place.to_target(boxes))), corners(boxes)
    apart = np.linalg.norm(back[:, :, None] - there[:, None], axis=-1)
    assert max(apart.min(axis=1).max(), apart.min(axis=2).max()) < 1e-8 * 1e3 / min(place.scale_xy)


def test_centres_move_as_the_letterbox_moves_points():
    box = Letterbox.fit((1917, 1080), (640, 640))
    place, rows = Placement.of((1917, 1080), (640, 640), 'letterbox'), random_boxes(2)
    np.testing.assert_allclose(place.to_target(rows)[:, :2], box.to_target(rows[:, :2]), atol=1e-9)
    np.testing.assert_allclose(place.to_source(rows)[:, :2], box.to_source(rows[:, :2]), atol=1e-9)


def test_equal_scales_keep_the_angle_and_the_shape():
    rows = random_boxes(3)
    there = Placement.of((1280, 1280), (640, 640), 'letterbox').to_target(rows)
    np.testing.assert_allclose(there[:, 2:], rows[:, 2:] * [0.5, 0.5, 1], atol=1e-12)


def test_a_stretched_upright_box_stays_upright_and_may_change_its_longer_side():
    place = Placement.of((100, 400), (100, 100), 'stretch')
    np.testing.assert_allclose(place.to_target([(9.5, 39.5, 40, 20, 0)]), [(9.5, 9.5, 40, 5, 0)])
    np.testing.assert_allclose(place.to_source([(9.5, 9.5, 40, 20, 0)]), [(9.5, 39.5, 80, 40, -np.pi / 2)])


def test_rules_that_cut_the_image_are_refused():
    with pytest.raises(ValueError, match='expected letterbox or stretch'):
        Placement.of((10, 10), (5, 5), 'crop')
