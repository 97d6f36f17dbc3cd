# SPDX-License-Identifier: Apache-2.0
"""Pictures of nothing, and pictures that look ahead."""

import numpy as np
import pytest

from waymark.boxes import from_corners
from waymark_sim.aerial import LAYOUTS, make_scene
from waymark_sim.aerial.backdrops import behind
from waymark_sim.aerial.leaves import dead_leaves, lattice, relief
from waymark_sim.aerial.oblique import View
from waymark_sim.aerial.sheet import Sheet, Sun
from waymark_sim.aerial.thing import Part, Thing, rectangle

ODD = ('leaves', 'lines', 'eye level', 'roadside')
EMPTY = ('lines', 'eye level')


@pytest.mark.parametrize('layout', ODD)
def test_equal_seeds_paint_equal_odd_scenes_and_others_do_not(layout):
    one, same, other = (make_scene(seed, 64, layout) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.rgb, same.rgb)
    np.testing.assert_array_equal(one.boxes, same.boxes)
    assert (one.rgb != other.rgb).any()


@pytest.mark.parametrize('layout', EMPTY)
def test_nothing_is_to_be_found_in_them(layout):
    assert sum(len(make_scene(seed, 64, layout).boxes) for seed in range(6)) == 0


def test_objects_among_leaves_have_labels_in_about_half_of_the_pictures():
    scenes = [make_scene(seed, 64, 'leaves') for seed in range(12)]
    assert 3 <= sum(len(scene.boxes) > 0 for scene in scenes) <= 9
    assert all((scene.boxes[:, 2] >= scene.boxes[:, 3]).all() for scene in scenes)


def test_odd_layouts_are_painted_only_when_asked_for():
    assert {make_scene(seed, 32).layout for seed in range(40)} <= set(LAYOUTS) - set(ODD)


@pytest.mark.parametrize('paint', [relief, dead_leaves])
def test_grounds_have_edges_everywhere_and_no_black_rim(paint):
    picture = paint(96, np.random.default_rng(2))
    assert picture.shape == (96, 96, 3)
    assert picture.dtype == np.uint8
    assert (picture.max(axis=-1) > 0).all()
    assert picture.std() > 3


def test_a_lattice_is_laid_over_a_picture():
    picture = np.full((96, 96, 3), 7, np.uint8)
    lattice(picture, np.random.default_rng(0))
    assert (picture != 7).any()
    assert (picture == 7).any()


def test_the_sky_ends_at_the_horizon():
    picture = np.zeros((60, 60, 3), np.uint8)
    behind(picture, 25, np.random.default_rng(1))
    assert (picture[:25].max(axis=-1) > 0).all()
    assert not picture[28:].any()


def test_looking_ahead_the_far_side_fills_the_width_below_the_sky():
    view = View.ahead(np.radians(60), 0.5)
    assert view.sky == pytest.approx(1 / 3)  # 1 - cos 60 deg * 2 / 1.5
    sheet = np.array([[0, 0], [12, 0], [9, 12], [3, 12], [6, 0]], float)
    seen = [[0, 4], [12, 4], [12, 12], [0, 12], [6, 4]]
    np.testing.assert_allclose(view.seen(sheet, 12.0), seen, atol=1e-5)
    assert View(np.radians(60), 1.0).sky == 0


def test_looking_ahead_a_label_holds_what_was_painted():
    sheet = Sheet(200, 0.1, Sun((0.0, 0.0), 0.0), view=View.ahead(np.radians(55), 0.6))
    sheet.lay(Thing('ship', (Part(rectangle(0, 0, 4, 1.5), (255, 255, 255)),), 4.0, 1.5, 0.0), 9.0, 15.0, 0.0)
    corners = sheet.view.rectangle_around(sheet.laid[0].corners, sheet.size_m) / 0.1 - 0.5
    cx, cy, w, h, theta = from_corners(corners)
    rows, columns = np.nonzero(sheet.picture()[..., 0] > 127)
    assert (columns.min(), rows.min()) == pytest.approx((cx - w / 2, cy - h / 2), abs=2.0)
    assert (columns.max(), rows.max()) == pytest.approx((cx + w / 2, cy + h / 2), abs=2.0)
    assert theta == pytest.approx(0, abs=0.1)
    assert w > 40 > 15 > h * 0.5  # nearer than the far side, where a metre has 10 px


def test_looking_ahead_scenes_have_objects_and_no_black_rim():
    scene = make_scene(1, 160, 'marina', ahead=True)
    assert len(scene.boxes) > 5
    assert (scene.rgb.max(axis=-1) > 0).all()
