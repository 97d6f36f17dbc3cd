# SPDX-License-Identifier: Apache-2.0
"""A safety filter with both of its clocks, tick by tick, and a vehicle that does what it is told."""

from __future__ import annotations

import numpy as np

from waymark.safety import Command, Pose, SafetyConfig, SafetyFilter
from waymark.types import NANOSECONDS as S

T = 1_000_000_000_000_000
SQUARE = (-2.0, -2.0, 2.0, -2.0, 2.0, 2.0, -2.0, 2.0)
ARM = {
    'vehicle': 'arm', 'joints': ('a', 'b'), 'max_velocity': (1.0, 1.0), 'max_acceleration': (4.0, 4.0),
    'min_position': (-1.0, -1.0), 'max_position': (1.0, 1.0),
}  # fmt: skip


class Run:
    """A filter and its clocks, one tick at a time."""

    def __init__(self, **parameters):
        self.config = SafetyConfig(**{'latched_at_start': False, **parameters})
        self.filter = SafetyFilter(self.config)
        self.now, self.steady = T, 7 * S
        self.reports = False  # an arm that says where it is after each tick

    def say(self, *values, source='policy', **more):
        values = np.array(values if len(values) > 1 else (values[0], 0, 0, 0, 0, 0), float)
        joints = self.config.joints
        return self.filter.receive(Command(source, self.now, values, joints=joints, **more), self.now, self.steady)

    def at(self, x=0.0, y=0.0, yaw=0.0, z=0.0, age_s=0.0):
        return self.filter.set_pose(Pose(x, y, z, yaw), self.now - round(age_s * S), self.now, self.steady)

    def wait(self, seconds=0.02):
        self.now += round(seconds * S)
        self.steady += round(seconds * S)
        return self

    def now_tick(self):
        out = self.filter.tick(self.now, self.steady)
        if self.reports and out.values is not None:
            self.filter.set_joints(out.values, self.steady)
        return out

    def tick(self, seconds=0.02):
        return self.wait(seconds).now_tick()

    def ticks(self, count, *values, **more):
        """Outputs of some ticks with the same command before each."""
        out = []
        for _ in range(count):
            self.say(*values, **more)
            out.append(self.tick())
        return out


def drive(run, ticks, *values, pose=None):
    """Poses of a vehicle that does what it is told, with odometry each fifth tick, 60 ms late."""
    pose, past = pose or Pose(0.0, 0.0, 1.0, 0.0), []
    for k in range(ticks):
        run.wait()
        past.append(pose)
        if k % 5 == 0:
            old = past[max(0, k - 3)]
            run.at(old.x_m, old.y_m, old.yaw_rad, old.z_m, age_s=0.02 * (k - max(0, k - 3)))
        run.say(*values)
        pose = pose.moved(run.now_tick().values, 0.02)
    return [*past[1:], pose]


def arm_at(*positions, **more):
    run = Run(**ARM, **more)
    run.filter.set_joints(np.array(positions), run.steady)
    run.reports = True
    return run
