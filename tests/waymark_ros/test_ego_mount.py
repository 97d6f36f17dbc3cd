# SPDX-License-Identifier: Apache-2.0
"""How the camera sits on the vehicle: ego-motion hears it on /tf_static, unless a parameter says it."""

from __future__ import annotations

import numpy as np
import pytest
from flying_camera import T_BASE_CAMERA, FlyingCamera
from nav_msgs.msg import Odometry

from waymark.image.rotation import quaternion_xyzw
from waymark.places.rigid import inverse, transform
from waymark_ros.conversions import pose_from_msg, time_to_ns
from waymark_sim.ortho import R_BASE_CAMERA
from waymark_sim.world import build_world

pytestmark = [pytest.mark.ros, pytest.mark.slow]
NODE, OUT = 'ego_motion', 'ego/odometry'


class Vehicle(FlyingCamera):
    """Flies straight ahead, 10 m above the ground, with its camera ahead of its middle and turned by 0.1 rad."""

    def __init__(self, world) -> None:
        super().__init__(world, name='vehicle')
        self.listen(Odometry, OUT)

    def drive(self, x: float) -> np.ndarray:
        """Be there, and return where the vehicle is by its ego-motion, (4, 4)."""
        T_map_camera = transform(np.eye(3), np.array([x, 0.0, 10.0])) @ T_BASE_CAMERA
        T_sim = T_map_camera @ inverse(transform(R_BASE_CAMERA, np.zeros(3)))
        rgb = self.world.renderer.render(T_sim, round(100 * x))
        for _ in range(6):
            stamp_ns = self._send(T_map_camera, rgb, odometry=False, altitude_error=0.0)
            if self.wait_for(lambda ns=stamp_ns: self.told(ns) is not None, 3.0):
                return pose_from_msg(self.told(stamp_ns).pose.pose)
        raise AssertionError(f'no odometry: {self.status.get(NODE)}')

    def told(self, stamp_ns):
        return next((m for m in self.heard[OUT] if time_to_ns(m.header.stamp) == stamp_ns), None)

    def hears_static(self, timeout_s: float) -> bool:
        return self.wait_for(lambda: 'by /tf_static' in self.value(NODE, 'camera_in_base'), timeout_s)

    def says(self, text: str) -> bool:
        return self.wait_for(lambda: text in self.value(NODE, 'camera_in_base'))


@pytest.fixture
def vehicle(spinning):
    world = build_world('sim:ground?laps=1&lap_s=120&width=320&height=240&pad=0&ground_px=1024&altitude=10')
    return spinning(Vehicle(world))


@pytest.fixture
def begin(vehicle, start):
    """Start ego-motion with these parameters."""

    def begin(*parameters):
        given = [word for p in parameters for word in ('-p', p)]
        start(f'waymark_ros.nodes.{NODE}', '--ros-args', '-r', f'odometry:={OUT}', *given)
        heard = vehicle.image, vehicle.info, vehicle.range, vehicle.static
        assert vehicle.wait_for(lambda: all(p.get_subscription_count() for p in heard), 30.0)

    return begin


def flown(vehicle):
    """How far it has come from where it began, m: x, y, z of the vehicle's frame, and its height."""
    first, *_, last = [vehicle.drive(0.2 * i) for i in range(13)]
    return (inverse(first) @ last)[:3, 3], last[2, 3]


def test_tf_static_says_how_the_camera_sits(vehicle, begin):
    vehicle.hang()
    begin()
    moved, height = flown(vehicle)
    np.testing.assert_allclose(moved, (2.4, 0.0, 0.0), atol=0.06)
    assert height == pytest.approx(10.0, abs=0.15)
    assert vehicle.says('by /tf_static: base_link -> camera_optical_frame')


def test_a_parameter_is_believed_before_tf_static(vehicle, begin):
    vehicle.hang()
    down = transform(R_BASE_CAMERA, np.zeros(3))
    values = *down[:3, 3], *quaternion_xyzw(down[:3, :3])
    begin(f'camera_in_base:=[{", ".join(f"{v:.9f}" for v in values)}]')
    moved, _ = flown(vehicle)
    assert abs(moved[1]) > 0.2  # a tenth of the way to the side: as it was told, wrongly
    assert vehicle.says('by parameter')


def test_what_comes_late_begins_a_new_flight_and_is_told(vehicle, begin):
    begin()
    vehicle.drive(0.0)
    vehicle.drive(0.2)
    assert vehicle.says('straight down: /tf_static does not say base_link -> camera_optical_frame')
    vehicle.hang()
    assert any(vehicle.drive(0.4 + 0.1 * i) is not None and vehicle.hears_static(2.0) for i in range(5))
    assert 'taken as a new beginning' in vehicle.value(NODE, 'last_error')
    moved, _ = flown(vehicle)
    np.testing.assert_allclose(moved, (2.4, 0.0, 0.0), atol=0.06)
