# SPDX-License-Identifier: Apache-2.0
import time

import numpy as np
import pytest

from waymark.places.sequence import SequenceFilter, evidence_of


def known_map(count):
    path = SequenceFilter()
    path.grow(count)
    return path


def see(path, position, strength=2.0, **more):
    path.update(np.array([position]), np.array([strength]), **more)


def test_belief_and_elsewhere_sum_to_one():
    path = known_map(7)
    for position in (0, 1, 6, 3):
        see(path, position)
        assert path.belief.sum() + path.elsewhere == pytest.approx(1.0)


def test_a_map_never_seen_is_not_believed_in():
    assert known_map(5).elsewhere == 1.0
    assert len(known_map(5).best(3)) == 0


@pytest.mark.parametrize('direction', [1, -1])
def test_going_along_the_map_either_way_tells_alike_places_apart(direction):
    # Places 10 and 30 look the same each time; only those on the way differ.
    path = known_map(41)
    for step in range(-5, 1):
        at = 30 + direction * step
        path.update(np.array([at, 10 + step % 2]), np.array([2.0, 2.0]))
    assert path.best(1)[0] == 30


def test_one_wrong_image_does_not_move_the_belief():
    path = known_map(100)
    for at in range(20, 28):
        see(path, at)
    see(path, 80, 3.0)
    assert 26 <= path.best(1)[0] <= 31


def test_images_that_agree_elsewhere_do_move_it_within_three():
    path = known_map(100)
    for at in range(20, 28):
        see(path, at)
    for at in (80, 81, 82):
        see(path, at, 6.0)
    assert path.best(1)[0] == 82 and path.near(np.array([82]), 2) > 0.5


def test_images_that_fit_nothing_end_elsewhere():
    path = known_map(50)
    for at in range(10):
        see(path, at)
    for _ in range(10):
        path.update(np.arange(50), np.full(50, -2.0))
    assert path.elsewhere > 0.9


def test_odometry_that_stood_still_keeps_the_place_and_one_that_moved_goes_on():
    still, moved = known_map(60), known_map(60)
    for at in range(10):
        see(still, at, 4.0)
        see(moved, at, 4.0)
    nothing = np.zeros(0, np.intp), np.zeros(0)
    still.update(*nothing, moved=0.0)
    moved.update(*nothing, moved=6.0)
    assert still.best(1)[0] == 9 and moved.best(1)[0] == 15


def test_a_removed_keyframe_leaves_its_belief_to_its_neighbours():
    path = known_map(5)
    for _ in range(4):
        see(path, 2, 6.0, moved=0.0)
    before = path.belief
    path.remove(2)
    assert len(path) == 4
    np.testing.assert_allclose(path.belief.sum(), before.sum())
    assert path.near(np.array([1, 2]), 0) > 0.9


def test_near_counts_each_place_once_and_stays_inside():
    path = known_map(6)
    see(path, 0)
    assert path.near(np.array([0, 1]), 10) == pytest.approx(path.belief.sum())


def test_growing_keeps_the_belief_and_resetting_forgets_it():
    path = known_map(3)
    see(path, 1)
    before = path.belief
    path.grow(10)
    np.testing.assert_array_equal(path.belief[:3], before)
    path.reset()
    assert len(path) == 10 and path.elsewhere == 1.0 and path.belief.sum() == 0


def test_an_empty_map_takes_images():
    path = SequenceFilter()
    path.update(np.zeros(0, np.intp), np.zeros(0))
    assert path.elsewhere == 1.0 and len(path.best(1)) == 0


def test_evidence_of_another_length_is_refused():
    with pytest.raises(ValueError, match='evidence: expected shape'):
        known_map(3).update(np.array([1]), np.zeros(2))


def test_evidence_does_not_change_when_all_scores_rise():
    scores = np.array([0.9, 0.5, 0.4])
    np.testing.assert_allclose(evidence_of(scores, scores), evidence_of(scores + 3, scores + 3))
    assert evidence_of(np.zeros(0), np.zeros(0)).shape == (0,)


def test_ten_thousand_keyframes_cost_a_millisecond_at_most():
    path = known_map(10_000)
    positions, evidence = np.arange(30), np.linspace(-1, 2, 30)
    path.update(positions, evidence)
    start = time.process_time()
    for _ in range(50):
        path.update(positions, evidence)
    assert (time.process_time() - start) / 50 < 0.002  # 0.2 ms alone; a busy machine is slower
