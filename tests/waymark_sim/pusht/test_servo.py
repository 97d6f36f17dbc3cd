# SPDX-License-Identifier: Apache-2.0
"""The expert that teaches: it succeeds by what it sees, and knows what a push does wherever the T lies."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip('gym_pusht', reason='gym-pusht is not installed (docs/policy_data.md)')

from waymark_sim.pusht import PushTable, PushWorld, ServoExpert  # noqa: E402
from waymark_sim.pusht.expert import CORNERS, distance_px, placed, straight  # noqa: E402
from waymark_sim.pusht.servo import clearance_px, towards  # noqa: E402
from waymark_sim.pusht.world import PushTrial  # noqa: E402


@pytest.fixture(scope='module')
def table() -> PushTable:
    return PushTable.tried(300, seed=1)


def test_the_expert_brings_the_tee_to_its_mark(table):
    world = PushWorld()
    seen, expert, steps = world.reset(3), ServoExpert(world.mark, table), 0
    while steps < 300 and not seen.is_success:
        seen, steps = world.step(expert.act(seen)), steps + 1

    assert seen.is_success


def test_a_push_does_the_same_to_a_tee_that_lies_elsewhere(table):
    tee, turned = np.array([300.0, 220.0, 0.0]), 0.7
    cos, sin = math.cos(turned), math.sin(turned)
    R = np.array([[cos, -sin], [sin, cos]])
    push = int(np.argmax(np.linalg.norm(table.moved[:, :2], axis=1)))
    path = straight(R @ table.starts_px[push] + tee[:2], R @ table.ends_px[push] + tee[:2])

    after = PushTrial().push(tee + (0, 0, turned), path)

    foretold = np.array([*(R @ table.moved[push, :2] + tee[:2]), turned + table.moved[push, 2]])
    assert distance_px(tee + (0, 0, turned), placed(foretold)) > 20.0
    assert distance_px(after, placed(foretold)) < 2.0


def test_clearance_is_the_distance_from_the_outline():
    points = np.array([(0.0, -7.0), (100.0, 0.0), (0.0, 130.0), (0.0, 60.0)])

    np.testing.assert_allclose(clearance_px(points, CORNERS), [7.0, 40.0, 10.0, 15.0])
    assert clearance_px(np.zeros((0, 2)), CORNERS).shape == (0,)


def test_a_stride_ends_at_the_place_or_before_it():
    disc, place = np.array([10.0, 10.0]), np.array([13.0, 14.0])

    np.testing.assert_allclose(towards(disc, place, 60.0), place)
    np.testing.assert_allclose(towards(disc, place, 2.5), [11.5, 12.0])
    np.testing.assert_allclose(towards(disc, disc, 2.5), disc)
