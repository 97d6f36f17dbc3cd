# SPDX-License-Identifier: Apache-2.0
"""24 hours of the safety filter's core in simulated time, with random inputs; prints JSON.

4,320,000 ticks at 50 Hz in turn by a base, a base with jerk limits, a base in a fence and an arm: commands of three
sources that come and go, NaN, old and reordered stamps, clock jumps, e-stops. Printed: memory (RSS and Python blocks)
after the first hour and at the end, and the time of a tick: median, p99.9, worst, and how many took longer than the
period, by the wall clock and by this thread's own CPU time (which a busy machine does not disturb).

    python benchmarks/safety_soak.py [--hours 24]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from typing import Any

import numpy as np
import psutil

from waymark.safety import SOURCES, Command, Pose, SafetyConfig, SafetyFilter

PERIOD_NS = 20_000_000
HOUR = 3600 * 50
CHANGE = 40  # ticks between new moods of the inputs
JOINTS = tuple('abcdef')
JERK = {'max_jerk': (4.0, 4.0, 4.0, 4.0, 4.0, 8.0)}
VEHICLES: dict[str, dict[str, Any]] = {
    'base': {},
    'base_jerk': JERK,
    'base_fence': {**JERK, 'fence_xy_m': (-3.0, -3.0, 3.0, -3.0, 3.0, 3.0, 0.0, 0.0, -3.0, 3.0)},
    'arm': {
        'vehicle': 'arm',
        'joints': JOINTS,
        'max_velocity': (1.0,) * 6,
        'max_acceleration': (3.0,) * 6,
        'max_jerk': (30.0,) * 6,
        'min_position': (-2.0,) * 6,
        'max_position': (2.0,) * 6,
    },
}


class Day:
    """A filter, its inputs and the times of its ticks."""

    def __init__(self, name: str, ticks: int, seed: int) -> None:
        self.config = SafetyConfig(latched_at_start=False, **VEHICLES[name])
        self.filter = SafetyFilter(self.config)
        self.rng = np.random.default_rng(seed)
        self.now, self.steady = 10**18, 10**12
        self.pose, self.values = Pose(0.0, -1.0, 0.0, 0.0), np.zeros(6)
        self.wall_us, self.cpu_us = np.zeros(ticks, np.float32), np.zeros(ticks, np.float32)
        self.count = 0
        self.talks = np.zeros(3, np.bool_)

    def tick(self) -> None:
        """One period: inputs, then the filter, then the vehicle follows."""
        self.now += PERIOD_NS
        self.steady += PERIOD_NS
        if self.count % CHANGE == 0:
            self._change_mood()
        for source in np.flatnonzero(self.talks):
            self._say(SOURCES[source])
        if self.config.is_arm:
            self.filter.set_joints(self.values, self.steady)
        elif self.count % 3 == 0:
            self.filter.set_pose(self.pose, self.now, self.now, self.steady)
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        out = self.filter.tick(self.now, self.steady)
        self.cpu_us[self.count] = (time.thread_time_ns() - cpu) / 1e3
        self.wall_us[self.count] = (time.perf_counter_ns() - wall) / 1e3
        self.count += 1
        if out.values is not None and self.config.is_arm:
            self.values = out.values
        elif out.values is not None:
            self.pose = self.pose.moved(out.values, 0.02)

    def _change_mood(self) -> None:
        rng = self.rng
        self.talks = rng.random(3) < (0.2, 0.5, 0.8)
        self.values_wanted = rng.normal(0, 1, 6)
        if rng.random() < 0.02:
            self.now += int(rng.normal() * 1e9)
        if rng.random() < 0.05:
            self.filter.engage('soak')
        elif self.filter.e_stop:
            self.filter.release(self.now)

    def _say(self, source: str) -> None:
        chance = self.rng.random()
        values = np.full(6, np.nan) if chance < 0.001 else self.values_wanted
        stamp = self.now - (PERIOD_NS * 50 if chance > 0.99 else 0)
        self.filter.receive(Command(source, stamp, values, joints=self.config.joints), self.now, self.steady)


def memory() -> dict[str, float]:
    gc.collect()
    return {'rss_mb': round(psutil.Process().memory_info().rss / 1e6, 2), 'blocks': sys.getallocatedblocks()}


def main() -> None:
    """Play the day, an hour of each vehicle in turn, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--hours', type=int, default=24)
    options = parser.parse_args()
    each = -(-options.hours // len(VEHICLES))
    days = {name: Day(name, each * HOUR, seed) for seed, name in enumerate(VEHICLES)}
    for day in days.values():  # all are warm and all pages touched before memory is looked at
        day.wall_us.fill(0)
        day.cpu_us.fill(0)
    marks: dict[int, dict[str, float]] = {}
    names = list(VEHICLES)
    for hour in range(options.hours):
        day = days[names[hour % len(names)]]
        for _ in range(HOUR):
            day.tick()
        marks[hour + 1] = memory()
    found = {name: times(day) for name, day in days.items() if day.count}
    print(
        json.dumps(
            {
                'ticks': sum(day.count for day in days.values()),
                'load_1min': os.getloadavg()[0],
                'memory_after_hour': {str(h): marks[h] for h in sorted({min(4, options.hours), options.hours})},
                **found,
            },
            indent=1,
        )
    )


def times(day: Day) -> dict[str, Any]:
    """Microseconds of a tick, and how many were longer than the period."""
    rows = {}
    for name, values in (('wall', day.wall_us[: day.count]), ('cpu', day.cpu_us[: day.count])):
        p50, p999, worst = np.percentile(values, [50, 99.9, 100])
        rows[f'{name}_us'] = {'p50': round(float(p50), 1), 'p99.9': round(float(p999), 1), 'worst': round(float(worst))}
        rows[f'{name}_us']['beyond_period'] = int((values > PERIOD_NS / 1e3).sum())
    return rows


if __name__ == '__main__':
    main()
