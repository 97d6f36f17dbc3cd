# SPDX-License-Identifier: Apache-2.0
"""The autopilot on a rigid body of the test's own, and MuJoCo where it is installed."""

from __future__ import annotations

import importlib.util
import math

import cv2
import numpy as np
import pytest

from waymark.image.rotation import rotation_of
from waymark.routes.planar import Command, Planar
from waymark_sim.autopilot import GRAVITY_M_S2, INERTIA_KG_M2, MASS_KG, BodyState
from waymark_sim.flown import Flown
from waymark_sim.ground import generate_ground
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.quadrotor import QuadrotorConfig
from waymark_sim.scene import Scene
from waymark_sim.simulator import View
from waymark_sim.simulators import open_simulator

STILL = QuadrotorConfig(tilt_rad=0.0, waver_m=0.0, odometry_scale=0.0, odometry_turn_rad_s=0.0)
DT = 0.005


def fly(command: Command, wind: tuple[float, float], seconds: float, yaw: float = 0.7) -> tuple[BodyState, Flown]:
    """Newton and Euler in small steps."""
    flown, J = Flown(STILL, 1), np.array(INERTIA_KG_M2)
    T = np.eye(4)
    T[:3, :3], T[2, 3] = rotation_of(np.array([0.0, 0.0, yaw])), 20.0
    state = BodyState(T, np.zeros(3), np.zeros(3))
    for k in range(round(seconds / DT)):
        force, torque = flown.wrench(state, command, wind, k * DT)
        T, w = state.T_map_base.copy(), state.rates_rad_s
        v = state.velocity_m_s + DT * (T[:3, :3] @ force / MASS_KG - (0.0, 0.0, GRAVITY_M_S2))
        w = w + DT * (torque - np.cross(w, J * w)) / J
        T[:3, 3] += DT * v
        T[:3, :3] = T[:3, :3] @ rotation_of(DT * w)
        state = BodyState(T, v, w)
        flown.note(state, wind, DT)
    return state, flown


def test_it_hovers_where_it_is():
    state, _ = fly(Command(), (0.0, 0.0), 2.0)
    np.testing.assert_allclose(state.T_map_base[:3, 3], (0.0, 0.0, 20.0), atol=0.01)
    np.testing.assert_allclose(state.T_map_base[:3, 2], (0.0, 0.0, 1.0), atol=1e-6)


def test_it_flies_its_own_forward_and_left_and_the_wind_takes_it_along():
    state, _ = fly(Command(forward=2.0, left=1.0), (0.5, -1.0), 5.0)
    c, s = math.cos(0.7), math.sin(0.7)
    expected = 2.0 * c - 1.0 * s + 0.5, 2.0 * s + 1.0 * c - 1.0, 0.0
    np.testing.assert_allclose(state.velocity_m_s, expected, atol=0.03)
    assert state.T_map_base[2, 3] == pytest.approx(20.0, abs=0.1)


def test_it_leans_to_accelerate_and_turns_at_the_rate_it_is_told():
    state, _ = fly(Command(forward=3.0), (0.0, 0.0), 0.4)
    up = state.T_map_base[:3, 2]
    assert up @ (math.cos(0.7), math.sin(0.7), 0.0) > 0.1  # the nose goes down
    state, _ = fly(Command(yaw_rate=0.5), (0.0, 0.0), 3.0)
    assert state.rates_rad_s[2] == pytest.approx(0.5, abs=0.01)


def test_its_odometry_knows_nothing_of_wind():
    state, flown = fly(Command(forward=2.0), (1.0, 0.0), 4.0, yaw=math.pi / 2)
    odometry = flown.measure(state.T_map_base).odometry
    assert odometry.x_m == pytest.approx(state.T_map_base[1, 3], abs=0.05)
    assert 0.0 < odometry.y_m < 0.6  # it began at rest in the map: the wind blew from the side at first
    assert state.T_map_base[0, 3] == pytest.approx(4.0 * 1.0, abs=0.6)


@pytest.mark.slow
def test_mujoco_sees_the_same_ground():
    if importlib.util.find_spec('mujoco') is None:
        pytest.skip('MuJoCo is not installed (the extra mujoco)')
    ground, view = generate_ground(5, 1024, 80.0), View((320, 240), math.radians(60.0))
    simulator = open_simulator('mujoco', Scene(ground), QuadrotorConfig(), Planar(3.0, 2.0, 0.5), view)
    renderer = OrthoRenderer(ground, view.size_wh, view.fov_rad)
    for _ in range(8):
        step = simulator.step(Command(forward=2.0, yaw_rate=0.3), 0.1)
    simulator.close()

    seen, drawn = (cv2.cvtColor(i, cv2.COLOR_RGB2GRAY) for i in (step.rgb, renderer.render(step.T_map_base)))
    shift, _ = cv2.phaseCorrelate(*(i.astype(np.float32) for i in (seen, drawn)))
    assert np.hypot(*shift) < 0.2
    assert step.stamp_s == pytest.approx(0.8)
