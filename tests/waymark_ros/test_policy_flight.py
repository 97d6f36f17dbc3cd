# SPDX-License-Identifier: Apache-2.0
"""A policy flies: the simulator's images go to it, and what it says through the safety filter to the vehicle."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from ros_camera import TestCamera
from served_policy import QUICK, Served
from std_srvs.srv import Trigger

from waymark.pipeline.flight_simulator import FlightSimulatorConfig
from waymark.policy.contract import CameraFeature, Contract, VectorFeature
from waymark.policy.greeting import Address
from waymark.policy.observation import Chunk, Request
from waymark.routes.planar import Planar
from waymark_ros.qos import COMMANDS_IN
from waymark_sim.live import laid_out
from waymark_sim.taught_way import pose_at

pytestmark = pytest.mark.ros
DOWN, SIZE_WH, ALTITUDE_M, FOV_DEG = 'observation.images.down', (80, 60), 15.0, 60.0
METRES_PER_PX = 2 * ALTITUDE_M * math.tan(math.radians(FOV_DEG / 2)) / SIZE_WH[1]
AHEAD_M, LEFT_M = 5.0, 6.0
ASKED_M_S, ALLOWED_M_S = 1.5, 1.0
CONTRACT = Contract(
    'homing',
    (CameraFeature(DOWN, SIZE_WH),),
    (),
    VectorFeature('action', 2, ('forward', 'left')),
    chunk_steps=20,
    takes_instruction=True,
    fps=10.0,
)
MAPPING = {
    'fps': 10,
    'images': {DOWN: {'topic': 'image'}},
    'action': {
        'output': 'twist',
        'values': [{'name': n, 'to': f'linear.{a}'} for n, a in (('forward', 'x'), ('left', 'y'))],
    },
}


class HomingPolicy:
    """Goes to where it sees red, nowhere where it sees none. Knows nothing but the image."""

    contract, go_on = CONTRACT, threading.Event()

    def answer(self, request: Request) -> Chunk:
        red, green, _ = np.moveaxis(request.arrays[DOWN].astype(int), -1, 0)
        rows, columns = (red - green > 60).nonzero()
        way = np.zeros(2)
        if len(rows):
            way = METRES_PER_PX * np.array([SIZE_WH[1] / 2 - rows.mean(), SIZE_WH[0] / 2 - columns.mean()])
            way *= min(0.6, ASKED_M_S / np.linalg.norm(way))
        actions = np.tile(way.astype(np.float32), (CONTRACT.chunk_steps, 1))
        return Chunk(actions, actions)


def ground_with_a_mark(folder: Path) -> tuple[dict[str, object], np.ndarray]:
    """What the simulator is told, and where the mark is, m: ahead of the start and to its left."""
    pixels, metres = np.full((1024, 1024, 3), (90, 110, 80), np.uint8), 80.0 / 1024
    pixels[::64], pixels[:, ::64] = 60, 60
    told = {'ground': str(folder / 'ground.png'), 'metres_per_pixel': metres, 'altitude': ALTITUDE_M, 'length': 20.0,
            'fov_deg': FOV_DEG, 'width': SIZE_WH[0], 'height': SIZE_WH[1], 'noise': 0.0}  # fmt: skip
    cv2.imwrite(told['ground'], pixels)
    start = pose_at(laid_out(FlightSimulatorConfig(**told))[1], 0)
    mark = (start @ Planar(AHEAD_M, LEFT_M, 0.0)).array[:2]
    centre = np.round(511.5 + mark * (1, -1) / metres).astype(int)  # y points up, rows down
    cv2.circle(pixels, centre.tolist(), round(1.0 / metres), (0, 0, 220), -1)
    cv2.imwrite(told['ground'], pixels)
    return told, mark


def pipeline(folder: Path, flown: dict[str, object], address: str) -> Path:
    """Simulator, policy and safety filter in one container."""
    (folder / 'mapping.yaml').write_text(yaml.safe_dump(MAPPING))
    patient = {'max_observation_age_s': 1.0, 'watchdog_s': 2.0, 'replan_s': 0.1}
    policy = {'address': address, 'mapping': str(folder / 'mapping.yaml'), 'enabled': True, **patient}
    speeds = {'max_velocity': [ALLOWED_M_S, ALLOWED_M_S, 1, 0, 0, 1], 'max_acceleration': [4, 4, 2, 0, 0, 4]}
    limits = speeds | {'max_command_age_s': 2.0, 'watchdog_s': 1.0}
    nodes = {
        'flight_simulator': flown,
        'smolvla_policy': policy | {'instruction': 'keep over the red mark'},
        'safety_filter': {'vehicle': 'drone', **limits},
    }
    document = {'use_sim_time': True, 'nodes': [{'node': n, 'parameters': p} for n, p in nodes.items()]}
    path = folder / 'flight.yaml'
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_policy_flies_to_what_it_sees_no_faster_than_the_safety_filter_lets_it(start, spinning, tmp_path):
    flown, mark = ground_with_a_mark(tmp_path)
    served = Served(HomingPolicy(), Address(path=str(tmp_path / 'socket')), None, replace(QUICK, idle_s=60.0))
    flight = pipeline(tmp_path, flown, str(served.address))
    watcher = spinning(TestCamera(name='watcher'))
    for kind, topic in ((TwistStamped, 'cmd/policy'), (Twist, 'cmd_vel'), (Odometry, 'ground_truth')):
        watcher.listen(kind, topic, COMMANDS_IN)

    def off_m() -> float:
        if not watcher.heard['ground_truth']:
            return math.inf
        place = watcher.heard['ground_truth'][-1].pose.pose.position
        return float(np.hypot(place.x - mark[0], place.y - mark[1]))

    process = start('waymark_ros.container', '--config', str(flight), XDG_STATE_HOME=str(tmp_path))
    try:
        assert watcher.wait_for(lambda: process.poll() is not None or len(watcher.heard['cmd/policy']) > 10, 90.0)
        assert process.poll() is None, process.communicate()[0]
        assert off_m() == pytest.approx(math.hypot(AHEAD_M, LEFT_M), abs=1.0)  # nobody has let the vehicle go
        releasing = watcher.create_client(Trigger, 'safety_filter/release')
        assert watcher.press(releasing, Trigger.Request()).success
        assert watcher.wait_for(lambda: off_m() < 0.7, 120.0)
        seen = len(watcher.heard['ground_truth'])
        assert watcher.wait_for(lambda: len(watcher.heard['ground_truth']) > seen + 150, 90.0)
        assert off_m() < 0.7  # it stays
    finally:
        served.end()
    asked = [math.hypot(m.twist.linear.x, m.twist.linear.y) for m in watcher.heard['cmd/policy']]
    told = [max(abs(m.linear.x), abs(m.linear.y)) for m in watcher.heard['cmd_vel']]
    assert max(asked) == pytest.approx(ASKED_M_S, abs=1e-6)
    assert 0.5 < max(told) <= ALLOWED_M_S + 1e-9
