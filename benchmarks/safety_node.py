# SPDX-License-Identifier: Apache-2.0
"""The safety filter over real topics while both cores are busy; prints JSON.

A source process commands 0.4 m/s at 20 Hz, the filter runs in a process of its own, two more processes keep a core busy
each. Then: rate and intervals of `cmd_vel` as another process hears it; the time from pressing the button (topic
`e_stop`) to the first zero that this process hears, `--stops` times; the time from kill -9 of the source to rest.

    python benchmarks/safety_node.py [--stops 100] [--seconds 10] [--busy 2] [--normal]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import time
from typing import Any

import numpy as np
from safety_probe import Vehicle, filter_process, load, source_process

ACCELERATION = 2.0  # m/s^2, so that a stop by the watchdog is over soon
PARAMETERS = (f'max_acceleration:=[{ACCELERATION}, 0.0, 0.0, 0.0, 0.0, 2.0]',)
SPEED, WATCHDOG_S = 0.4, 0.3


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--stops', type=int, default=100)
    parser.add_argument('--seconds', type=float, default=10.0)
    parser.add_argument('--busy', type=int, default=2)
    parser.add_argument('--normal', action='store_true', help='without real-time scheduling')
    options = parser.parse_args()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ['ROS_DOMAIN_ID'] = str(random.randint(1, 100))
    realtime = f'realtime:={str(not options.normal).lower()}'
    with contextlib.ExitStack() as stack:
        stack.enter_context(load(options.busy))
        stack.enter_context(filter_process(*PARAMETERS, realtime))
        vehicle = stack.enter_context(Vehicle())
        source = stack.enter_context(source_process('cmd/policy', SPEED, 20.0))
        vehicle.release()
        found = {**intervals(vehicle, options.seconds), **stops(vehicle, options.stops)}
        assert vehicle.wait(lambda: vehicle.speed == SPEED)
        source.kill()
        found['killed_source_to_rest_s'] = round(rest_after(vehicle), 3)
    allowed = WATCHDOG_S + SPEED / ACCELERATION
    print(json.dumps({**vars(options), 'load_1min': os.getloadavg()[0], **found, 'watchdog_and_braking_s': allowed}))


def intervals(vehicle: Vehicle, seconds: float) -> dict[str, Any]:
    """Rate over the time, and how regular."""
    assert vehicle.wait(lambda: vehicle.speed > 0)
    vehicle.commands.clear()
    time.sleep(seconds)
    heard = np.array([t for t, _ in vehicle.commands])
    gaps_ms = np.diff(heard) * 1e3
    return {
        'rate_hz': round((len(heard) - 1) / (heard[-1] - heard[0]), 2),
        'interval_ms': {f'p{p:g}': round(float(np.percentile(gaps_ms, p)), 1) for p in (1, 50, 99, 100)},
    }


def stops(vehicle: Vehicle, count: int) -> dict[str, Any]:
    """Times from the button to zero."""
    times_ms = np.array([vehicle.stop_once() for _ in range(count)]) * 1e3
    return {'e_stop_ms': {f'p{p:g}': round(float(np.percentile(times_ms, p)), 1) for p in (50, 90, 99, 100)}}


def rest_after(vehicle: Vehicle) -> float:
    """Seconds from now to the first zero."""
    began = time.monotonic()
    assert vehicle.wait(lambda: vehicle.speed == 0, 10.0), 'it does not come to rest'
    return time.monotonic() - began


if __name__ == '__main__':
    main()
