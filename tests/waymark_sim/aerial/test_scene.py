# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import corners, from_corners
from waymark_sim.aerial import CLASS_NAMES, LAYOUTS, make_scene
from waymark_sim.aerial.oblique import View
from waymark_sim.aerial.scene import _above_rim
from waymark_sim.aerial.sheet import Laid, Sheet, Sun
from waymark_sim.aerial.thing import Part, Thing, rectangle, standing

NOON = Sun((0.0, 0.0), 0.0)


def bar(kind='ship', length=8.0, width=2.0):
    return Thing(kind, (Part(rectangle(0, 0, length, width), (255, 255, 255)),), length, width, 1.0)


def box_of(laid, metres_per_pixel):
    return from_corners(laid.corners / metres_per_pixel - 0.5)


def test_equal_seeds_paint_equal_scenes_and_others_do_not():
    one, same, other = make_scene(5, 96), make_scene(5, 96), make_scene(6, 96)
    np.testing.assert_array_equal(one.rgb, same.rgb)
    np.testing.assert_array_equal(one.boxes, same.boxes)
    assert (one.rgb != other.rgb).any()


@pytest.mark.parametrize('layout', LAYOUTS)
def test_every_layout_paints_a_picture_whose_labels_are_boxes(layout):
    scene = make_scene(3, 96, layout)
    assert scene.rgb.shape == (96, 96, 3)
    assert scene.layout == layout
    assert len(scene.boxes) == len(scene.classes)
    assert (scene.boxes[:, 2] >= scene.boxes[:, 3]).all()
    assert set(scene.classes) <= set(range(len(CLASS_NAMES)))


def test_all_classes_are_painted():
    scenes = [make_scene(seed, 96, name) for name in ('marina', 'apron', 'yard', 'field', 'street') for seed in (1, 2)]
    seen = {int(c) for scene in [*scenes, make_scene(0, 96, 'yard')] for c in scene.classes}
    assert seen == set(range(len(CLASS_NAMES)))


def test_grounds_kept_for_measuring_are_on_no_scene_to_learn_from():
    learned, kept = make_scene(8, 96, 'field'), make_scene(8, 96, 'field', unseen=True)
    assert (learned.rgb != kept.rgb).any()


@pytest.mark.parametrize('heading', [0.0, 0.3, -1.2])
def test_a_label_is_the_box_of_what_was_painted(heading):
    sheet = Sheet(200, 0.1, NOON)
    sheet.lay(bar(), 10.0, 8.0, heading)
    cx, cy, w, h, theta = box_of(sheet.laid[0], 0.1)
    assert (cx, cy, w, h, theta) == pytest.approx((99.5, 79.5, 80, 20, heading))
    rows, columns = np.nonzero(sheet.picture()[..., 0] > 127)
    assert (columns.mean(), rows.mean()) == pytest.approx((cx, cy), abs=0.51)
    assert len(rows) == pytest.approx(w * h, rel=0.08)
    xx, yy, xy = np.cov(columns, rows)[[0, 1, 0], [0, 1, 1]]
    assert 0.5 * np.arctan2(2 * xy, xx - yy) == pytest.approx(theta, abs=0.01)


@pytest.mark.parametrize(('azimuth', 'box'), [(np.pi / 2, (99.5, 89.5, 160, 40)), (0.0, (109.5, 79.5, 100, 40))])
def test_from_the_side_a_label_holds_roof_and_wall(azimuth, box):
    # At 60 degrees the ground is twice as wide across the azimuth, and 1 m of height leans by 1.73 m along it.
    height_m = 2.0 / np.tan(np.radians(60))
    body = Thing('ship', tuple(standing(bar().parts)), 8.0, 2.0, height_m)
    sheet = Sheet(200, 0.1, NOON, view=View(np.radians(60), azimuth))
    sheet.lay(body, 10.0, 9.0 if azimuth == 0 else 8.0, 0.0)
    corners = sheet.view.rectangle_around(sheet.laid[0].corners, sheet.size_m) / 0.1 - 0.5
    cx, cy, w, h, theta = from_corners(corners)
    assert (cx, cy, w, h) == pytest.approx(box, abs=0.01)
    assert theta == pytest.approx(0, abs=1e-6)
    rows, columns = np.nonzero(sheet.picture()[..., 0] > 127)
    low, high = (cx - w / 2, cy - h / 2), (cx + w / 2, cy + h / 2)
    assert (columns.min(), rows.min()) == pytest.approx(low, abs=1.6)
    assert (columns.max(), rows.max()) == pytest.approx(high, abs=1.6)


def test_from_the_side_scenes_have_the_same_objects_and_no_black_rim():
    above, aside = make_scene(1, 96, 'parking'), make_scene(1, 96, 'parking', oblique=True)
    assert 0 < len(aside.boxes) <= len(above.boxes)
    assert (aside.rgb.max(axis=-1) > 0).all()


def test_nothing_is_laid_on_something_else():
    sheet = Sheet(100, 0.2, NOON)
    assert sheet.lay(bar(), 10, 10, 0.0)
    assert not sheet.lay(bar(), 11, 10, 1.0)
    assert len(sheet.laid) == 1


def test_what_a_tree_hides_is_not_labelled():
    sheet = Sheet(100, 0.2, NOON)
    sheet.lay(bar(), 10, 10, 0.0)
    sheet.cover(rectangle(10, 10, 6, 4))
    assert sheet.seen(0.9) == sheet.laid
    assert sheet.seen(0.5) == []


def test_shadows_fall_away_from_the_sun():
    sheet = Sheet(100, 0.2, Sun((2.0, 0.0), 0.5))
    sheet.rgb[:] = 200
    sheet.lay(bar(length=2.0), 10, 10, 0.0)
    picture = sheet.picture()
    assert picture[50, 60].max() == pytest.approx(100, abs=2)  # east of it: x from 11 to 13 m
    assert (picture[50, 30] == 200).all()


@pytest.mark.parametrize('view', [{}, {'oblique': True}, {'ahead': True}])
def test_labels_are_of_what_the_picture_shows(view):
    for seed in range(12):
        outlines = corners(make_scene(seed, 96, **view).boxes)
        assert (outlines.max(axis=1) > -0.5).all() and (outlines.min(axis=1) < 95.5).all()


def test_the_lower_rim_cuts_what_the_camera_has_left_behind():
    """Seed 2010752 painted a plane over the rim; perspective made its box 80 pictures long."""
    outlines = corners(make_scene(2010752, ahead=True).boxes)
    assert np.abs(outlines).max() < 3 * 640


def test_of_what_the_rim_cuts_in_two_the_half_that_shows_is_told():
    thing = Laid('ship', rectangle(50, 98, 2, 10))  # from 93 to 103 m of 100
    kept = _above_rim(thing, 100.0)
    np.testing.assert_allclose(sorted(kept.corners.tolist()), [[49, 93], [49, 100], [51, 93], [51, 100]], atol=1e-5)
    assert _above_rim(Laid('ship', rectangle(50, 101, 2, 10)), 100.0) is None
    assert _above_rim(Laid('ship', rectangle(50, 120, 2, 10)), 100.0) is None
    whole = Laid('ship', rectangle(50, 95, 2, 10))
    assert _above_rim(whole, 100.0) is whole
