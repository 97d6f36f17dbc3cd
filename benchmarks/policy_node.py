# SPDX-License-Identifier: Apache-2.0
"""smolvla_policy with a policy that is slower than its watchdog allows: does it tick, and does it hold? Prints JSON.

The node loads the policy (one that full_policy.py wrote) in a process of its own, as on a robot; a vehicle in this
process sends images and odometry at 20 Hz and hears `cmd/policy` and the heartbeat.

    .venv/bin/python benchmarks/policy_node.py out/full_policy/1x512x512 --seconds 60
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tests' / 'support'))

CAMERA, STATE = 'observation.images.camera1', 'observation.state'
OUT = ('linear.x', 'angular.z', 'nowhere', 'nowhere', 'nowhere', 'nowhere')
MAPPING = {
    'fps': 30,
    'images': {CAMERA: {'topic': 'image', 'fit': 'resize'}},
    'state': {STATE: [{'name': n, 'odometry': n} for n in ('x', 'y', 'z', 'roll', 'pitch', 'yaw')]},
    'action': {'output': 'drone', 'values': [{'name': f'a{n}', 'to': to} for n, to in enumerate(OUT)]},
}
LOAD_S = 900.0
TICKS = ('rate_hz', 'latency_p50_ms', 'latency_p95_ms', 'latency_max_ms', 'missed_periods')


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('policy', type=Path)
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--watchdog-s', type=float, default=1.0)
    parser.add_argument('--precision', default='fp32')
    parser.add_argument('--engine', default='torch')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--python', default='', help='interpreter that has lerobot')
    asked = parser.parse_args()
    os.environ |= {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'ROS_DOMAIN_ID': str(random.randint(1, 100))}
    os.environ['HF_HUB_OFFLINE'] = '1'
    from waymark.environment import prepare_ros

    prepare_ros()
    import rclpy
    from policy_vehicle import Vehicle

    from waymark_ros.spinning import Spinner

    with tempfile.TemporaryDirectory() as folder:
        mapping = Path(folder) / 'mapping.yaml'
        mapping.write_text(yaml.safe_dump(MAPPING))
        node = start(asked, mapping)
        rclpy.init(args=[])
        spinner, vehicle = Spinner(), Vehicle()
        spinner.add(vehicle)
        spinner.start()
        try:
            found = watch(vehicle, asked.seconds)
        finally:
            node.send_signal(signal.SIGINT)
            try:
                node.wait(20.0)
            except subprocess.TimeoutExpired:
                node.kill()
            spinner.stop()
            rclpy.try_shutdown()
    print(json.dumps({'load_1min': round(os.getloadavg()[0], 1), **found}))


def start(asked: argparse.Namespace, mapping: Path) -> subprocess.Popen[bytes]:
    """The node, with limits under which it waits for however slow a policy."""
    settings = {
        'policy': asked.policy.resolve(),
        'mapping': mapping,
        'precision': asked.precision,
        'engine': asked.engine,
    }
    settings |= {'watchdog_s': asked.watchdog_s, 'timeout_s': 600.0, 'restart_s': 900.0, 'threads': asked.threads}
    settings |= {'max_distance': 0.0, 'hang_s': 600.0} | ({'python': asked.python} if asked.python else {})
    parameters = [text for k, v in settings.items() for text in ('-p', f'{k}:={v}')]
    return subprocess.Popen([sys.executable, '-m', 'waymark_ros.nodes.smolvla_policy', '--ros-args', *parameters])


def watch(vehicle: Any, seconds: float) -> dict[str, Any]:
    """Drive for so long once a first chunk has come, and say what was heard."""
    assert vehicle.wait_for(lambda: vehicle.fact('connected') == 'true', LOAD_S), 'the policy was not loaded'
    vehicle.enable()
    vehicle.begin('a photo of a barn')
    assert vehicle.wait_for(lambda: float(vehicle.fact('latency_p50_ms') or 0) > 0, LOAD_S), 'no chunk came'
    begin, heard = len(vehicle.commands), []
    end_s, modes = time.monotonic() + seconds, []
    while time.monotonic() < end_s:
        count = len(vehicle.commands)
        vehicle.wait_for(lambda count=count: len(vehicle.commands) > count, 5.0)
        heard.append(time.monotonic())
        modes.append(vehicle.mode())
    gaps_ms = np.diff(heard) * 1e3
    twists = [m.twist for m in vehicle.commands[begin:]]
    still = [t.linear.x == 0.0 and t.angular.z == 0.0 for t in twists]
    name = next((n for n in vehicle.status if n.endswith('smolvla_policy')), '')
    return {
        'ticker': {k: vehicle.value(name, k) for k in vehicle.status.get(name, ('', {}))[1] if k in TICKS},
        'commands': len(twists),
        'rate_hz': round((len(twists) - 1) / (heard[-1] - heard[0]), 2),
        'interval_ms': {f'p{p:g}': round(float(np.percentile(gaps_ms, p)), 1) for p in (1, 50, 99, 100)},
        'share_zero': round(float(np.mean(still)), 4),
        'share_holding': round(float(np.mean([m == 'holding' for m in modes])), 4),
        'facts': {k: vehicle.fact(k) for k in ('latency_p50_ms', 'latency_p95_ms', 'drops', 'chunks', 'queue_length')},
    }


if __name__ == '__main__':
    main()
