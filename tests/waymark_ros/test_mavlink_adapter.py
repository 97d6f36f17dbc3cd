# SPDX-License-Identifier: Apache-2.0
"""The node mavlink_adapter over real topics, with an autopilot on loopback at the other end."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from ros_camera import TestCamera
from waymark_msgs.msg import SafetyState

from waymark_ros.conversions import ns_to_time, pose_to_msg
from waymark_ros.qos import COMMANDS_OUT, RESULTS, STATE

pytest.importorskip('pymavlink', reason='pymavlink is not installed (extra mavlink)')
from tests.support.fake_autopilot import OFFBOARD, FakeAutopilot, free_port  # noqa: E402

pytestmark = pytest.mark.ros


class Stack(TestCamera):
    """What runs before the adapter: a filter's command, a pose, a state."""

    def __init__(self) -> None:
        super().__init__(name='stack')
        self.commands = self.create_publisher(Twist, 'cmd_vel', COMMANDS_OUT)
        self.odometry = self.create_publisher(Odometry, 'odometry', RESULTS)
        self.states = self.create_publisher(SafetyState, 'safety_state', STATE)
        self.states.publish(SafetyState(state=SafetyState.RUNNING))
        self.place = np.zeros(3)

    def is_heard(self) -> bool:
        return self.wait_for(lambda: all(p.get_subscription_count() for p in (self.commands, self.odometry)), 30.0)

    def tell(self, forward: float, left: float, turn: float) -> None:
        twist = Twist()
        twist.linear.x, twist.linear.y, twist.angular.z = forward, left, turn
        self.commands.publish(twist)
        T = np.eye(4)
        T[:3, 3] = self.place
        now = ns_to_time(self.get_clock().now().nanoseconds)
        msg = Odometry(child_frame_id='base_link')
        msg.header.stamp, msg.header.frame_id = now, 'odom'
        msg.pose.pose, msg.twist.twist = pose_to_msg(T), twist
        self.odometry.publish(msg)


@pytest.fixture
def stack(spinning, start):
    stack = spinning(Stack())
    stack.port = free_port()
    parameters = (f'connection:=udpin:127.0.0.1:{stack.port}', 'poses:=both', 'request_offboard:=true')
    start('waymark_ros.nodes.mavlink_adapter', '--ros-args', *(text for p in parameters for text in ('-p', p)))
    assert stack.is_heard()
    return stack


def fly(stack: Stack, autopilot: FakeAutopilot, until, *command: float) -> None:
    """Publish at 50 Hz, beat at 5 Hz, until something holds."""
    deadline, count = time.monotonic() + 20.0, 0
    while not until():
        assert time.monotonic() < deadline, dict(autopilot.heard)
        if count % 10 == 0:
            autopilot.beat()
        stack.tell(*command)
        stack.wait_for(lambda: False, 0.02)
        autopilot.listen()
        count += 1


@pytest.mark.slow
def test_an_armed_autopilot_hears_setpoints_and_poses_until_the_filter_hands_over(stack):
    with FakeAutopilot(stack.port) as autopilot:
        heard = autopilot.heard
        fly(stack, autopilot, lambda: len(heard['SET_POSITION_TARGET_LOCAL_NED']) > 10, 1.5, 0.5, 0.25)
        assert {m.vx for _, m in heard['SET_POSITION_TARGET_LOCAL_NED']} == {0.0}  # nobody has armed
        autopilot.is_armed = True
        stack.place = np.array([1.0, 2.0, 3.0])
        fly(stack, autopilot, lambda: autopilot.mode == OFFBOARD, 1.5, 0.5, 0.25)
        fly(stack, autopilot, lambda: autopilot.last('SET_POSITION_TARGET_LOCAL_NED').vx > 0, 1.5, 0.5, 0.25)
        told = autopilot.last('SET_POSITION_TARGET_LOCAL_NED')
        assert (told.vx, told.vy, told.vz, told.yaw_rate) == (1.5, -0.5, 0.0, -0.25)
        count = len(heard['ODOMETRY'])
        fly(stack, autopilot, lambda: len(heard['ODOMETRY']) > count + 40, 0.0, 0.0, 0.0)
        assert (autopilot.last('ODOMETRY').x, autopilot.last('ODOMETRY').y) == pytest.approx((1.0, -2.0))
        times = np.array([m.time_usec for _, m in heard['ODOMETRY'][-40:]]) / 1e6
        assert 1 / np.median(np.diff(times)) == pytest.approx(40.0, abs=10.0)
        assert math.isfinite(autopilot.last('VISION_POSITION_ESTIMATE').yaw)
        stack.states.publish(SafetyState(state=SafetyState.WAITING, hand_over=True))
        fly(
            stack,
            autopilot,
            lambda: any(v[1].get('setpoints') == 'ended' for v in stack.status.values()),
            0.0,
            0.0,
            0.0,
        )
        count = len(heard['SET_POSITION_TARGET_LOCAL_NED'])
        fly(stack, autopilot, lambda: len(heard['HEARTBEAT']) > 3, 0.0, 0.0, 0.0)
        assert len(heard['SET_POSITION_TARGET_LOCAL_NED']) <= count + 1
