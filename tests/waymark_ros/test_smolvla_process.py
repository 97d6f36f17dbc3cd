# SPDX-License-Identifier: Apache-2.0
"""A real SmolVLA with random weights, loaded by lerobot in the process that the node starts, over DDS."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import psutil
import pytest
import tiny_policies as tiny
import yaml
from policy_vehicle import NODE, Vehicle

pytestmark = [pytest.mark.ros, pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(900)]
LOAD_S = 300.0
WATCHDOG_S = 1.0
MAPPING = {
    'fps': 20,
    'images': {tiny.FRONT: {'topic': 'image'}},
    'state': {tiny.STATE: [{'name': n, 'odometry': n} for n in ('x', 'y', 'yaw')]},
    'action': {'output': 'drone', 'values': [{'name': 'x', 'to': 'linear.x'}, {'name': 'turn', 'to': 'angular.z'}]},
}


@pytest.fixture(scope='module')
def policy(run_with_lerobot, tmp_path_factory):
    folder = tmp_path_factory.mktemp('policies')
    run_with_lerobot('tiny_policies.py', folder, 'smolvla')
    return folder / 'smolvla'


def policy_process(node: subprocess.Popen) -> psutil.Process | None:
    """The process that the node started, if there is one."""
    children = [p for p in psutil.Process(node.pid).children() if 'waymark.policy' in p.cmdline()]
    return children[0] if children else None


def test_a_real_policy_drives_and_is_started_again_when_it_is_killed(policy, spinning, start, tmp_path):
    (tmp_path / 'mapping.yaml').write_text(yaml.safe_dump(MAPPING))
    vehicle = spinning(Vehicle())
    settings = {'policy': policy, 'mapping': tmp_path / 'mapping.yaml', 'threads': 1, 'watchdog_s': WATCHDOG_S}
    parameters = [text for k, v in settings.items() for text in ('-p', f'{k}:={v}')]
    node = start(f'waymark_ros.nodes.{NODE}', '--ros-args', *parameters, HF_HUB_OFFLINE='1')
    assert vehicle.wait_for(lambda: vehicle.fact('connected') == 'true', LOAD_S)
    vehicle.enable()
    vehicle.begin(tiny.TASK)
    assert vehicle.wait_for(lambda: vehicle.mode() == 'acting', 60.0)
    assert vehicle.wait_for(lambda: any(m.twist.linear.x != 0.0 for m in vehicle.commands), 10.0)

    os.kill(policy_process(node).pid, signal.SIGKILL)
    killed_s = time.monotonic()
    assert vehicle.wait_for(lambda: vehicle.commands[-1].twist.linear.x == 0.0, 30.0)
    held_s = time.monotonic() - killed_s
    assert held_s < WATCHDOG_S + 1.0  # the rest is for a machine that is busy
    assert vehicle.wait_for(lambda: vehicle.mode() == 'holding', 30.0)
    assert vehicle.wait_for(lambda: vehicle.mode() == 'acting' and vehicle.commands[-1].twist.linear.x != 0.0, LOAD_S)
    assert int(vehicle.fact('process_starts')) >= 2
    print(f'held {held_s:.2f} s after the kill; latency p50 {vehicle.fact("latency_p50_ms")} ms')
    node.send_signal(signal.SIGTERM)
    node.wait(20.0)
    assert vehicle.commands[-1].twist.linear.x == 0.0
