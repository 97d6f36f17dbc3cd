# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import corners
from waymark_sim.roads import BODIES_M, RoadPlan, Roads


@pytest.fixture(scope='module')
def roads():
    return Roads(RoadPlan(seed=3))


def test_equal_seeds_give_equal_images_in_any_order(roads):
    later = roads.sight(7, 10.0)
    again = Roads(RoadPlan(seed=3))
    again.sight(2, 10.0)
    np.testing.assert_array_equal(again.sight(7, 10.0).boxes, later.boxes)
    assert not np.array_equal(Roads(RoadPlan(seed=4)).sight(7, 10.0).boxes[:5], later.boxes[:5])


def test_boxes_are_the_bodies_seen_from_that_height(roads):
    sight = roads.sight(0, 10.0)
    assert len(sight.ids) > 10
    to_ground = np.linalg.inv(sight.H_image_from_ground)
    outline = np.concatenate([corners(sight.boxes), np.ones((len(sight.ids), 4, 1))], axis=2) @ to_ground.T
    outline = outline[..., :2] / outline[..., 2:]
    length, width = (np.linalg.norm(outline[:, a] - outline[:, 0], axis=1) for a in (1, 3))
    longest, widest = np.array(BODIES_M).max(axis=0)
    assert (length < 1.12 * longest).all() and (width < 1.12 * widest).all()
    assert (width > 1.6).all() and (length > 2.0).all(), 'a slight slant of the camera changes them by a few per cent'


def test_the_part_that_shows_lies_in_the_box_and_is_all_of_what_nothing_hides(roads):
    sights = [roads.sight(k, 10.0) for k in range(0, 60, 6)]
    boxes, seen, visible = (np.concatenate([getattr(s, n) for s in sights]) for n in ('boxes', 'seen', 'visible'))
    whole = visible == 1
    assert 0.3 < whole.mean() < 1
    np.testing.assert_allclose(corners(seen[whole]), corners(boxes[whole]), atol=1e-6)
    areas = seen[:, 2] * seen[:, 3] / (boxes[:, 2] * boxes[:, 3])
    assert (areas < 1.02).all() and areas[~whole].mean() < 0.9


def test_vehicles_turn_and_pass_below_others(roads):
    angles: dict[int, list[float]] = {}
    hidden: dict[int, list[bool]] = {}
    for k in range(0, 80, 8):
        sight = roads.sight(k, 10.0)
        for vehicle in range(roads.count):
            hidden.setdefault(vehicle, []).append(vehicle not in sight.ids)
        for vehicle, box in zip(sight.ids.tolist(), sight.boxes, strict=True):
            angles.setdefault(vehicle, []).append(box[4])
    assert max(np.ptp(np.unwrap(a, period=np.pi)) for a in angles.values()) > 1.5
    comes_back = [h for h in hidden.values() if not h[0] and not h[-1] and any(h)]
    assert comes_back, 'hidden for a while'
