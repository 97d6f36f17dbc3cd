# SPDX-License-Identifier: Apache-2.0
"""Gazebo 11 against the orthophoto simulator: the same scene, seen from the same place."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from waymark.errors import SourceError
from waymark.routes.planar import Command, Planar
from waymark_sim.gazebo.simulator import GazeboSimulator
from waymark_sim.ground import generate_ground
from waymark_sim.look import Look
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.quadrotor import QuadrotorConfig
from waymark_sim.scene import Scene, Wall
from waymark_sim.simulator import View
from waymark_sim.traffic import Vehicle

pytestmark = pytest.mark.gazebo
psutil = pytest.importorskip('psutil')
VIEW = View((320, 240), math.radians(60.0), 10.0)
WALL = Wall((-8.0, 3.0), (-4.0, 3.0), height_m=3.0, thickness_m=0.4)
CAR = Vehicle('car', 3, (-1.0, 0.0), 0.0, 5.0)


@pytest.fixture(scope='module')
def ground():
    return generate_ground(5, 1024, 60.0)


@pytest.fixture(scope='module')
def simulator(ground):
    scene = Scene(ground, (CAR,), (WALL,), Look(), wind_m_s=(0.0, 1.0), blank_s=(8.0, 9.0))
    simulator = GazeboSimulator(
        scene, QuadrotorConfig(altitude_m=15.0, odometry_scale=0.0), Planar(-5.0, 2.0, 0.4), VIEW
    )
    yield simulator
    simulator.close()


def test_its_world_is_seen_as_the_scene_describes_it(simulator, ground):
    renderer = OrthoRenderer(ground, VIEW.size_wh, VIEW.fov_rad)
    for _ in range(3):
        step = simulator.step(Command(yaw_rate=0.3), 0.1)
    expected = renderer.render(step.T_map_base)

    seen, drawn = (cv2.cvtColor(i, cv2.COLOR_RGB2GRAY).astype(np.float32) for i in (step.rgb, expected))
    shift, _ = cv2.phaseCorrelate(seen, drawn, cv2.createHanningWindow(VIEW.size_wh, cv2.CV_32F))
    assert np.hypot(*shift) < 0.2
    H = renderer.H_image_from_ground(step.T_map_base)
    differs = np.abs(step.rgb.astype(int) - expected).max(axis=2) > 40
    for x, y, is_other in ((CAR.pose(0.3)[0], 0.0, True), (-6.0, 3.0, True), (-6.0, -4.0, False)):
        u, v = (H @ (x, y, 1.0))[:2] / (H @ (x, y, 1.0))[2]
        assert differs[round(v) - 1 : round(v) + 2, round(u) - 1 : round(u) + 2].any() == is_other, (x, y)


def test_it_flies_what_it_is_told_through_air_that_moves(simulator):
    before = simulator.step(Command(), 0.1)
    for _ in range(25):
        after = simulator.step(Command(forward=2.0), 0.1, sees=False)

    yaw = math.atan2(before.T_map_base[1, 0], before.T_map_base[0, 0])
    way = after.T_map_base[:2, 3] - before.T_map_base[:2, 3]
    flown = (way - (0.0, 1.0 * 2.5)) @ (math.cos(yaw), math.sin(yaw))
    assert flown == pytest.approx(2.0 * (2.5 - 0.4), abs=0.5)  # late by how long it leans and its time constant
    seen = before.measured.odometry.inverse @ after.measured.odometry
    assert seen.x_m == pytest.approx(flown, abs=0.3)
    assert after.T_map_base[2, 3] == pytest.approx(15.0, abs=0.8)
    assert after.rgb is None
    assert after.stamp_s - before.stamp_s == pytest.approx(2.5)


def test_it_is_carried_and_sees_nothing_where_there_is_no_texture(simulator):
    simulator.carry(Planar(3.0, -4.0, 1.0))
    step = simulator.step(Command(), 0.1)
    assert step.T_map_base[:2, 3] == pytest.approx((3.0, -4.0), abs=0.3)
    while step.stamp_s < 8.0 - 1e-6:
        assert step.rgb is None or step.rgb.std() > 5.0
        step = simulator.step(Command(), 0.1)
    assert step.rgb.std() < 1.0


def test_a_server_that_ends_is_an_error_and_leaves_nothing_behind(ground):
    others = set(psutil.Process(os.getpid()).children(recursive=True))
    simulator = GazeboSimulator(Scene(ground), QuadrotorConfig(), Planar(), VIEW)
    processes = list(set(psutil.Process(os.getpid()).children(recursive=True)) - others)
    assert 'gzserver' in {p.name() for p in processes}
    next(p for p in processes if p.name() == 'gzserver').kill()

    with pytest.raises(SourceError, match='Gazebo has ended'):
        simulator.step(Command(), 0.1)

    simulator.close()
    gone, alive = psutil.wait_procs(processes, 10.0)
    assert (len(gone), alive) == (len(processes), [])


def test_it_ends_with_the_process_that_started_it_however_that_ended():
    program = (
        'import math, sys, time\n'
        'from waymark.routes.planar import Planar\n'
        'from waymark_sim.gazebo.simulator import GazeboSimulator\n'
        'from waymark_sim.ground import generate_ground\n'
        'from waymark_sim.quadrotor import QuadrotorConfig\n'
        'from waymark_sim.scene import Scene\n'
        'from waymark_sim.simulator import View\n'
        'ground = generate_ground(5, 512, 60.0)\n'
        's = GazeboSimulator(Scene(ground), QuadrotorConfig(), Planar(), View((64, 48), 1.0))\n'
        'print("flies", flush=True)\n'
        'time.sleep(100)\n'
    )
    with subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == 'flies\n'
        started = psutil.Process(process.pid).children(recursive=True)
        process.kill()

    gone, alive = psutil.wait_procs(started, 10.0)
    assert (len(gone), alive) == (len(started), [])
    assert len(gone) >= 3
