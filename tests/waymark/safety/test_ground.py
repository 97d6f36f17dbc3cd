# SPDX-License-Identifier: Apache-2.0
"""Fences and altitude bands, with a vehicle that does what it is told."""

import numpy as np
import pytest
from safety_runs import SQUARE, Run, T, drive

from waymark.safety import Pose, Reason, State
from waymark.types import NANOSECONDS as S


def test_no_odometry_no_motion_where_there_is_a_fence():
    run = Run(fence_xy_m=SQUARE)
    out = run.ticks(3, 0.4)[-1]
    assert out.state is State.BLIND and not out.values.any()
    assert 'no odometry younger than 0.5 s' in out.reason
    run.at()
    assert run.ticks(1, 0.4)[0].state is State.RUNNING
    assert run.tick(0.6).state is State.BLIND


@pytest.mark.parametrize(
    ('pose', 'message'),
    [({'x': np.nan}, 'not finite'), ({'age_s': 0.6}, 'old'), ({'age_s': -0.2}, 'old'), ({'age_s': T / S}, 'old')],
)
def test_odometry_that_is_worth_nothing_is_refused_with_a_reason(pose, message):
    run = Run(fence_xy_m=SQUARE)
    assert message in run.at(**pose)
    assert run.ticks(1, 0.4)[0].state is State.BLIND


def test_a_vehicle_that_drives_at_a_fence_stops_at_the_margin():
    poses = drive(Run(fence_xy_m=SQUARE, fence_margin_m=0.3), 400, 0.5)
    x = np.array([p.x_m for p in poses])
    assert x.max() <= 1.7 + 1e-9
    assert x[-1] == pytest.approx(1.7, abs=0.01)
    assert x[-1] - x[-20] < 1e-3


def test_a_vehicle_that_can_go_sideways_slides_along_the_fence():
    run = Run(
        fence_xy_m=SQUARE, max_velocity=(0.5, 0.5, 0, 0, 0, 1.0), max_acceleration=(0.5, 0.5, 0, 0, 0, 1.5),
        max_jerk=(3.0, 3.0, 1.0, 1.0, 1.0, 9.0),
    )  # fmt: skip
    poses = drive(run, 400, 0.35, 0.35, 0, 0, 0, 0, pose=Pose(1.0, -1.5, 0.0, 0.0))
    assert max(p.x_m for p in poses) <= 1.7 + 1e-9
    assert poses[-1].y_m > 0.5  # it went on along the border


def test_a_vehicle_that_stands_outside_may_come_in_and_not_go_further_out():
    run = Run(fence_xy_m=SQUARE)
    out = drive(run, 100, 0.5, pose=Pose(2.5, 0.0, 0.0, 0.0))
    assert max(p.x_m for p in out) <= 2.5 + 1e-9
    back = drive(Run(fence_xy_m=SQUARE), 200, 0.5, pose=Pose(2.5, 0.0, 0.0, np.pi))
    assert back[-1].x_m < 1.7


def test_a_drone_keeps_its_altitude_band():
    run = Run(
        vehicle='drone', altitude_band_m=(0.5, 2.0), max_velocity=(1.0, 1.0, 1.0, 0, 0, 1.0),
        max_acceleration=(1.0, 1.0, 1.0, 0, 0, 1.0),
    )  # fmt: skip
    z = np.array([p.z_m for p in drive(run, 300, 0, 0, 1.0, 0, 0, 0)])
    assert z.max() <= 1.7 + 1e-9 and z[-1] > 1.65
    assert run.filter.tick(run.now, run.steady).interventions[-1].reason is Reason.ALTITUDE
