# SPDX-License-Identifier: Apache-2.0
"""The filter against what can be worked out by hand: straight flights where only x counts."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.ego_motion.anchors import AnchorMap, Fix
from waymark.ego_motion.ground import BIASES, Equations, Pose

X = BIASES  # row of the x of the first pose in a fix


def begin():
    """A map with one anchor whose pose is known exactly."""
    anchors = AnchorMap(np.full(3, 0.1))
    N = np.zeros((BIASES + 6, BIASES + 6))
    N[BIASES:, BIASES:] = 1e12 * np.eye(6)
    first = anchors.learn(Fix(Pose(np.eye(3), np.zeros(3)), (), Equations(N, np.zeros(9))), becomes_anchor=True)
    return anchors, first


def link(anchor, metres, sigma, guess=0.0):
    """The current camera is this far ahead of an anchor."""
    size = BIASES + 12
    J = np.hstack([np.zeros((6, BIASES)), -np.eye(6), np.eye(6)])
    weight = np.r_[1 / sigma**2, np.full(5, 1e8)]
    g = J.T @ (weight * np.r_[metres - guess, np.zeros(5)])
    p = anchor.pose.p + (guess, 0.0, 0.0)
    return Fix(Pose(np.eye(3), p), (anchor,), Equations(J.T * weight @ J, g)), size


def test_errors_of_links_add_up_as_squares():
    anchors, last = begin()
    for _ in range(4):
        last = anchors.learn(link(last, 2.0, 0.3)[0], becomes_anchor=True)
    assert last.pose.p[0] == pytest.approx(8.0, abs=1e-6)
    assert anchors.covariance_of(last)[0, 0] == pytest.approx(4 * 0.3**2, rel=1e-6)


def test_locating_says_the_same_as_learning_and_changes_nothing():
    anchors, first = begin()
    fix, _ = link(first, 2.0, 0.3, guess=1.9)
    located = anchors.locate(fix)
    assert len(anchors.anchors) == 1
    kept = anchors.learn(fix, becomes_anchor=True)
    np.testing.assert_allclose(located.pose.p, kept.pose.p)
    np.testing.assert_allclose(located.covariance, anchors.covariance_of(kept), atol=1e-12)


def test_a_loop_shares_its_correction_evenly_between_equal_links():
    anchors, first = begin()
    chain = [first]
    for _ in range(4):
        chain.append(anchors.learn(link(chain[-1], 2.0, 0.3)[0], becomes_anchor=True))
    # The last place is seen 0.6 m nearer to the first than the links say, by an exact link to both.
    size = BIASES + 18
    J = np.zeros((12, size))
    J[:6, BIASES : BIASES + 6], J[:6, size - 6 :] = -np.eye(6), np.eye(6)
    J[6:, BIASES + 6 : BIASES + 12], J[6:, size - 6 :] = -np.eye(6), np.eye(6)
    residual = np.zeros(12)
    residual[6] = 7.4 - 8.0  # relative to the first; the guess is the last's place
    weight = np.full(12, 1e8)
    fix = Fix(
        Pose(np.eye(3), chain[-1].pose.p), (chain[-1], first), Equations(J.T * weight @ J, J.T @ (weight * residual))
    )
    anchors.learn(fix)
    np.testing.assert_allclose([a.pose.p[0] for a in chain], [0.0, 1.85, 3.7, 5.55, 7.4], atol=1e-4)
    assert anchors.covariance_of(chain[-1])[0, 0] < 1e-6


def test_a_forgotten_anchor_leaves_the_others_as_they_are():
    anchors, first = begin()
    second = anchors.learn(link(first, 2.0, 0.3)[0], becomes_anchor=True)
    third = anchors.learn(link(second, 2.0, 0.3)[0], becomes_anchor=True)
    before = anchors.covariance_of(third)
    anchors.forget(second)
    np.testing.assert_array_equal(anchors.covariance_of(third), before)
    assert [a.number for a in anchors.anchors] == [0, 2]


def test_a_camera_that_nothing_fixes_is_not_located():
    anchors, first = begin()
    empty = Fix(Pose(np.eye(3), np.zeros(3)), (first,), Equations(np.zeros((15, 15)), np.zeros(15)))
    assert anchors.locate(empty) is None
    assert anchors.learn(empty, becomes_anchor=True) is None


def test_a_number_measured_at_the_camera_teaches_the_anchor_that_it_hangs_on():
    anchors = AnchorMap(np.full(3, 1e-6))
    N = np.zeros((BIASES + 6, BIASES + 6))
    N[BIASES:, BIASES:] = np.diag([1e8, 1e8, 1.0, 1e8, 1e8, 1e8])  # z is known to a metre
    first = anchors.learn(Fix(Pose(np.eye(3), np.zeros(3)), (), Equations(N, np.zeros(9))), becomes_anchor=True)
    fix, _ = link(first, 2.0, 1e-4)
    row = np.zeros(BIASES + 6)
    row[BIASES + 2] = 1.0
    after = anchors.weigh(fix, row, 0.5, 1.0)  # the camera is half a metre higher, give or take a metre
    assert first.pose.p[2] == pytest.approx(0.25, abs=1e-3)
    assert anchors.covariance_of(first)[2, 2] == pytest.approx(0.5, abs=1e-3)
    located = anchors.locate(after)
    np.testing.assert_allclose(located.pose.p, [2.0, 0.0, 0.25], atol=1e-3)
    assert located.covariance[2, 2] == pytest.approx(0.5, abs=1e-3)
