# SPDX-License-Identifier: Apache-2.0
"""An arm behind the safety filter, over real topics."""

from __future__ import annotations

import time

import numpy as np
import pytest
from safety_probe import source_process
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from waymark_msgs.msg import SafetyState

from waymark_ros.qos import RESULTS

pytestmark = pytest.mark.ros
ARM = (
    'vehicle:=arm', 'joints:=[a, b]', 'max_velocity:=[1.0, 1.0]', 'max_acceleration:=[4.0, 4.0]',
    'min_position:=[-1.0, -1.0]', 'max_position:=[1.0, 1.0]',
)  # fmt: skip
LATE_S = 0.5  # what a busy machine may add before a test calls it a failure


def command(listener, *positions):
    msg = JointTrajectory(joint_names=['a', 'b'], points=[JointTrajectoryPoint(positions=positions)])
    msg.header.stamp = listener.get_clock().now().to_msg()
    return msg


def test_an_arm_goes_from_where_it_is_to_its_goal(gate, vehicle, listener):
    listener.listen(JointTrajectory, 'joint_trajectory')
    states = listener.create_publisher(JointState, 'joint_states', RESULTS)
    sender = listener.create_publisher(JointTrajectory, 'cmd/policy', RESULTS)
    gate(*ARM)
    vehicle.release()
    heard = listener.heard['joint_trajectory']

    def send():
        states.publish(JointState(name=['b', 'a'], position=[0.2, -0.5]))
        sender.publish(command(listener, -0.4, 3.0))

    timer = listener.create_timer(0.05, send)
    assert listener.wait_for(lambda: heard and abs(heard[-1].points[0].positions[1] - 1.0) < 1e-6)
    listener.destroy_timer(timer)
    ways = np.array([msg.points[0].positions for msg in heard])
    np.testing.assert_allclose(ways[0], [-0.5, 0.2], atol=0.01)
    np.testing.assert_allclose(ways[-1], [-0.4, 1.0], atol=1e-6)
    assert np.abs(np.diff(ways, axis=0)).max() <= 0.02 + 1e-9


def test_an_arm_comes_to_rest_when_the_node_that_says_where_it_is_is_killed(gate, vehicle, listener):
    listener.listen(JointTrajectory, 'joint_trajectory')
    sender = listener.create_publisher(JointTrajectory, 'cmd/policy', RESULTS)
    heard = listener.heard['joint_trajectory']
    gate(*ARM, 'max_velocity:=[0.05, 0.05]', 'max_position_age_s:=0.3')
    listener.create_timer(0.05, lambda: sender.publish(command(listener, 1.0, 1.0)))
    with source_process('joint_states', 0.0, 20.0) as killed:
        vehicle.release()
        assert listener.wait_for(lambda: heard and heard[-1].points[0].positions[0] > 0.02)
        vehicle.states.clear()
        killed.kill()
        began = time.monotonic()
        assert vehicle.wait(lambda: bool(vehicle.states) and vehicle.states[-1].state == SafetyState.BLIND)
        assert time.monotonic() - began <= 0.3 + LATE_S
    assert 'no joint states younger than 0.3 s' in vehicle.states[-1].reasons[0]
    known = len(heard)
    assert listener.wait_for(lambda: len(heard) > known + 20)
    last = [msg.points[0].positions[0] for msg in heard[-10:]]
    assert len(set(last)) == 1 and last[0] < 0.5
