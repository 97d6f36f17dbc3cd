# SPDX-License-Identifier: Apache-2.0
"""Random command streams for the safety filter, as bad as they come, and what must hold after each tick of each.

One seed is one stream: NaN, jumps, bursts, silence, clock jumps both ways, duplicate, reordered, old and future stamps,
sources that flap, e-stops, tightened limits, lost and late odometry. The checks know nothing of the filter's inside:
they see its outputs, and move a vehicle of their own by them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np

from waymark.safety import SOURCES, Command, Output, Pose, SafetyConfig, SafetyFilter, State
from waymark.safety.fence import Fence
from waymark.types import NANOSECONDS

TOLERANCE = 1e-6
TICKS = 40
JOINTS = ('a', 'b', 'c')
L_SHAPE = (-2.0, -2.0, 2.0, -2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 2.0, -2.0, 2.0)


@cache
def config(kind: int) -> SafetyConfig:
    """A vehicle; bases, drones and arms, with and without jerk limits and fences."""
    rate = (50.0, 20.0, 100.0)[kind % 3]
    base = {'rate_hz': rate, 'latched_at_start': False, 'max_position_age_s': 0.5}
    move = {'max_velocity': (1.0, 0.6, 0.0, 0.0, 0.0, 1.5), 'max_acceleration': (1.0, 0.8, 0.0, 0.0, 0.0, 2.0)}
    fly = {'max_velocity': (2.0, 2.0, 1.0, 0.0, 0.0, 1.0), 'max_acceleration': (3.0, 3.0, 2.0, 0.0, 0.0, 2.0)}
    joint = {'max_velocity': (1.0, 2.0, 0.5), 'max_acceleration': (3.0, 8.0, 1.0), 'joints': JOINTS}
    range_ = {'min_position': (-0.5, -1.0, -0.1), 'max_position': (0.5, 1.5, 0.2)}
    jerk = (6.0, 6.0, 6.0, 6.0, 6.0, 10.0)
    fence = {'fence_xy_m': L_SHAPE, 'fence_margin_m': 0.25}
    values = (
        {**base, **move},
        {**base, **move, 'max_jerk': jerk},
        {**base, **move, 'max_deceleration': (2.5, 0.4, 0.0, 0.0, 0.0, 4.0)},
        {**base, **fly, 'vehicle': 'drone', 'max_jerk': jerk},
        {**base, 'vehicle': 'arm', **joint, **range_, 'max_jerk': (40.0, 80.0, 10.0)},
        {**base, 'vehicle': 'arm', **joint, **range_},
        {**base, **move, **fence, 'max_jerk': jerk},
        {**base, **move, **fence, 'max_deceleration': (2.5, 0.4, 0.0, 0.0, 0.0, 4.0)},
        {**base, **fly, **fence, 'vehicle': 'drone', 'altitude_band_m': (0.5, 2.5)},
    )
    return SafetyConfig(**values[kind])


KINDS = 9


@cache
def tightened(kind: int) -> SafetyConfig:
    """The same vehicle with less allowed."""
    old = config(kind)
    less = {name: tuple(0.6 * v for v in getattr(old, name)) for name in ('max_velocity', 'max_acceleration')}
    less |= {n: tuple(0.6 * v for v in getattr(old, n)) for n in ('max_deceleration', 'max_jerk') if getattr(old, n)}
    return replace(old, **less)


class Stream:
    """One random stream; `run` plays it and asserts after each tick."""

    def __init__(self, seed: int, kind: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.kind, self.config = kind, config(kind)
        self.dt_ns = round(NANOSECONDS / self.config.rate_hz)
        self.filter = SafetyFilter(self.config)
        self.echo = SafetyFilter(self.config)  # gets the first one's outputs as its commands
        self.steady = 10**12
        self.now = 10**18
        self.size = len(self.config.axes)
        self.sent: list[int] = []
        self.pose = Pose(-1.0, -1.0, 1.5, self.rng.uniform(-3, 3))
        self.fence = Fence(L_SHAPE, self.config.fence_margin_m) if self.config.fence_xy_m else None
        self.past: list[tuple[int, Pose]] = []
        self.joints = np.zeros(self.size)
        self.last: np.ndarray | None = None  # output
        self.v, self.a = np.zeros(self.size), np.zeros(self.size)
        self.loosest = self.config
        self.mood = self.rng.random(8)  # how often this stream does what
        self.is_echoing, self.has_echo = True, seed % 4 == 0
        self.is_timely = self.mood[7] < 0.6  # clocks and periods as they should be
        self.brakes_less = False  # deceleration was lowered while it moved

    def run(self, ticks: int = TICKS) -> int:
        """Play; returns how many ticks were RUNNING."""
        return sum(self.tick() is State.RUNNING for _ in range(ticks))

    def tick(self) -> State:
        self._clocks()
        self._measure()
        for _ in range(int(self.rng.integers(0, 4)) if self.mood[0] > 0.1 else 0):
            self._command()
        was_stopped = self.filter.is_stopped
        self._orders()
        stopped = self.filter.is_stopped
        out = self.filter.tick(self.now, self.steady)
        self._check(out.values, out.velocity, stopped, was_stopped and not stopped)
        assert (out.state is State.STOPPED) == stopped
        self._echo(out, stopped)
        return out.state

    def _clocks(self) -> None:
        late = int(self.rng.integers(0, self.dt_ns)) if not self.is_timely and self.rng.random() < 0.1 else 0
        self.steady += self.dt_ns + late
        self.now += self.dt_ns + late
        if not self.is_timely and self.rng.random() < 0.03:
            self.now = max(1, self.now + int(self.rng.normal() * 10 ** self.rng.integers(6, 14)))

    def _measure(self) -> None:
        if self.config.is_arm:
            self.filter.set_joints(self.joints, self.steady)
            self.echo.set_joints(self.joints, self.steady)
            return
        if self.fence is None:
            return
        self.past.append((self.steady, self.pose))
        if self.rng.random() < 0.4 * (1 - self.mood[1] ** 4) or len(self.past) == 1:
            at, pose = self.past[-1 - min(int(self.rng.integers(0, 8)), len(self.past) - 1)]
            if self.rng.random() < 0.02:
                pose = replace(pose, x_m=math.nan)
            for core in (self.filter, self.echo):
                core.set_pose(pose, self.now - (self.steady - at), self.now, self.steady)

    def _command(self) -> None:
        rng = self.rng
        source = SOURCES[int(rng.integers(0, 3) * (self.mood[2] > 0.3))]
        values = rng.normal(0, 1 + self.mood[3] * 3, self.size) if rng.random() < 0.7 else np.ones(self.size)
        if rng.random() < 0.05:
            values[rng.integers(0, self.size)] = rng.choice([math.nan, math.inf, -math.inf, 1e300, -1e18])
        ages = (0, 0, 0, 0, 10**7, 3 * 10**8, 10**10, -(10**7), -(10**10), self.now)
        stamp = self.now - int(ages[rng.integers(0, len(ages)) if rng.random() < self.mood[4] else 0])
        if self.sent and rng.random() < 0.1:
            stamp = self.sent[int(rng.integers(0, len(self.sent)))]
        self.sent.append(stamp)
        times, joints = None, JOINTS if self.config.is_arm else ()
        if self.config.is_arm and rng.random() < 0.3:
            values, times = np.stack([values, -values]), np.cumsum(rng.uniform(0.01, 0.4, 2))
        if rng.random() < 0.01:
            values = values[..., :-1]
        self.filter.receive(Command(source, stamp, values, times, joints), self.now, self.steady)

    def _orders(self) -> None:
        chance = self.rng.random(4)
        if chance[0] < 0.02:
            self.filter.engage('test')
        if chance[1] < 0.02:
            self.filter.press(bool(self.rng.random() < 0.5), 'button')
        if self.filter.e_stop and chance[2] < 0.2:
            self.filter.press(False, '')
            self.filter.release(self.now)
        if chance[3] < 0.01 * self.mood[5]:
            self.brakes_less |= bool(self.v.any())
            self.filter.change(tightened(self.kind))
            self.echo.change(tightened(self.kind))
            self.is_echoing = False

    def _check(self, values: np.ndarray | None, velocity: np.ndarray, stopped: bool, released: bool) -> None:
        """Every limit, from what went out alone."""
        dt = 1.0 / self.config.rate_hz
        if values is None:
            assert self.config.is_arm
            return
        assert np.isfinite(values).all()
        if self.config.is_arm:
            if released or self.last is None:
                assert (values == self.joints).all() or self._moved_within(values - self.joints, dt)
                self.last = self.joints
            assert (values >= np.array(self.config.min_position) - TOLERANCE).all()
            assert (values <= np.array(self.config.max_position) + TOLERANCE).all()
            velocity = (values - self.last) / dt
        if stopped:
            assert not velocity.any()
            self.v, self.a = np.zeros(self.size), np.zeros(self.size)
        else:
            assert self._moved_within(velocity * dt, dt)
            self.a, self.v = (velocity - self.v) / dt, velocity
        self.last = values
        self._drive(values)

    def _moved_within(self, way: np.ndarray, dt: float) -> bool:
        v, limits = way / dt, self.loosest
        a = (v - self.v) / dt
        faster = np.array(limits.max_acceleration)
        slower = np.array(limits.max_deceleration or limits.max_acceleration)
        most = np.where(np.abs(v) < np.abs(self.v), slower, faster)
        most = np.where(v * self.v < 0, np.minimum(slower, faster), most)
        jerk = np.array(limits.max_jerk or (math.inf,) * self.size)
        slack = TOLERANCE / dt if self.config.is_arm else TOLERANCE
        return bool(
            (np.abs(v) <= np.array(limits.max_velocity) + TOLERANCE).all()
            and (np.abs(a) <= most + slack).all()
            and (np.abs(a - self.a) <= np.where(np.array(limits.max_velocity) > 0, jerk * dt, math.inf) + slack).all()
        )

    def _drive(self, values: np.ndarray) -> None:
        """The vehicle does exactly what it is told, one period long."""
        if self.config.is_arm:
            self.joints = values
            return
        if self.fence is None:
            return
        self.pose = self.pose.moved(values, self.dt_ns / NANOSECONDS)
        place = np.array([[self.pose.x_m, self.pose.y_m]])
        # With a clock that jumps the age of the odometry is wrong for a while, and who may suddenly brake less does not
        # stop where it would have: that is what the margin is for.
        slack = TOLERANCE if self.is_timely and not self.brakes_less else self.config.fence_margin_m
        outside = self.fence.outside(place)[0]
        assert outside <= slack
        self.brakes_less &= bool(self.v.any()) or outside > TOLERANCE  # at rest inside, all is as before
        if self.config.altitude_band_m:
            low, high = self.config.altitude_band_m
            assert low + 0.25 - slack <= self.pose.z_m <= high - 0.25 + slack

    def _echo(self, out: Output, stopped: bool) -> None:
        """What was let through once is let through again, bit for bit; from each stop to the next silence."""
        if not (self.is_timely and self.has_echo):
            return
        if stopped:
            self.echo.engage('as the first')
        elif self.echo.e_stop:
            self.echo.release(0)
        if out.values is not None and not stopped:
            joints = JOINTS if self.config.is_arm else ()
            assert (
                self.echo.receive(Command('operator', self.now, out.values, None, joints), self.now, self.steady)
                is None
            )
        again = self.echo.tick(self.now, self.steady)
        self.is_echoing = stopped or (self.is_echoing and (out.state is State.RUNNING or not out.velocity.any()))
        if self.is_echoing and out.values is not None and not stopped:
            np.testing.assert_array_equal(again.values, out.values)


def run_batch(seed: int, streams: int) -> int:
    """Play streams of all vehicles in turn; returns how many ticks followed a source."""
    return sum(Stream(seed * streams + i, (seed + i) % KINDS).run() for i in range(streams))
