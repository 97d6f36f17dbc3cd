# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from waymark_msgs.msg import SafetyState

from waymark.safety import Command, Intervention, Output, Reason, State
from waymark_ros.safety_messages import (
    intervention_to_msg,
    joint_positions,
    odometry_pose,
    output_to_trajectory,
    output_to_twist,
    output_to_twist_stamped,
    state_to_msg,
    trajectory_command,
    twist_command,
)

pytestmark = pytest.mark.ros


def output(values, state=State.RUNNING, command=None, reason=''):
    values = np.array(values, float)
    return Output(values, values, state, command, (), reason, False)


def trajectory(*rows, times=None, joints=('a', 'b')):
    points = [JointTrajectoryPoint(positions=[float(v) for v in row]) for row in rows]
    for point, seconds in zip(points, times or (), strict=bool(times)):
        point.time_from_start = Duration(sec=int(seconds), nanosec=round(seconds % 1 * 1e9))
    msg = JointTrajectory(joint_names=list(joints), points=points)
    msg.header.stamp.sec = 3
    return msg


def test_a_twist_is_a_command_with_stamp_and_six_values():
    msg = TwistStamped()
    msg.header.stamp.sec, msg.header.frame_id = 5, 'cam'
    msg.twist.linear.y, msg.twist.angular.z = 2.0, 6.0
    command = twist_command('policy', msg)
    assert (command.source, command.stamp_ns, command.frame_id) == ('policy', 5_000_000_000, 'cam')
    assert command.values.tolist() == [0, 2, 0, 0, 0, 6]


def test_one_point_without_a_time_is_wanted_at_once_and_others_on_their_way():
    assert trajectory_command('policy', trajectory([1, 2])).times_s is None
    way = trajectory_command('policy', trajectory([1, 2], [3, 4], times=[0.25, 1.5]))
    assert way.values.tolist() == [[1, 2], [3, 4]]
    assert way.times_s.tolist() == [0.25, 1.5]
    assert way.joints == ('a', 'b')


@pytest.mark.parametrize('msg', [trajectory(), trajectory([1]), trajectory([1, 2], [3]), JointTrajectory()])
def test_a_trajectory_that_is_none_becomes_a_command_that_the_filter_refuses(msg):
    command = trajectory_command('policy', msg)
    assert command.values.shape[0] == 0


@pytest.mark.parametrize('yaw', [0.0, 1.0, -3.0, math.pi / 2])
def test_odometry_gives_position_and_heading(yaw):
    msg = Odometry()
    msg.pose.pose.position.x, msg.pose.pose.position.z = 1.0, 3.0
    msg.pose.pose.orientation.z, msg.pose.pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    pose = odometry_pose(msg)
    assert (pose.x_m, pose.y_m, pose.z_m) == (1.0, 0.0, 3.0)
    assert pose.yaw_rad == pytest.approx(yaw)


@pytest.mark.parametrize('w', [0.0, 2.0, math.nan])
def test_a_quaternion_that_is_no_rotation_gives_no_heading(w):
    msg = Odometry()
    msg.pose.pose.orientation.w = w
    assert not odometry_pose(msg).is_finite


def test_joints_are_found_by_name_and_missing_ones_are_not_finite():
    msg = JointState(name=['b', 'a'], position=[2.0, 1.0])
    assert joint_positions(msg, ('a', 'b')).tolist() == [1.0, 2.0]
    assert np.isnan(joint_positions(msg, ('a', 'c'))).tolist() == [False, True]


def test_outputs_become_what_the_vehicle_reads():
    out = output([1, 2, 3, 4, 5, 6])
    assert output_to_twist(out).angular.y == 5.0
    stamped = output_to_twist_stamped(out, 7_000_000_001, 'base_link')
    assert (stamped.header.stamp.sec, stamped.header.stamp.nanosec, stamped.header.frame_id) == (7, 1, 'base_link')
    assert stamped.twist == output_to_twist(out)
    way = output_to_trajectory(output([0.1, 0.2]), ('a', 'b'), 0.02)
    assert (way.header.stamp.sec, list(way.joint_names)) == (0, ['a', 'b'])
    assert list(way.points[0].positions) == [0.1, 0.2]
    assert len(way.points[0].velocities) == 0
    assert way.points[0].time_from_start.nanosec == 20_000_000


@pytest.mark.parametrize('state', State)
def test_states_have_the_same_numbers_in_the_message(state):
    msg = state_to_msg(output([0] * 6, state, reason='because'), True, 1)
    assert msg.state == getattr(SafetyState, state.name)
    assert (msg.e_stop, list(msg.reasons), msg.source) == (True, ['because'], '')


def test_an_intervention_carries_the_header_of_its_command():
    command = Command('operator', 2_000_000_000, np.zeros(6), frame_id='cam')
    msg = intervention_to_msg(Intervention('linear.x', Reason.FENCE, 1.0, 0.5), command)
    assert (msg.header.stamp.sec, msg.header.frame_id, msg.source) == (2, 'cam', 'operator')
    assert (msg.axis, msg.reason, msg.requested, msg.allowed) == ('linear.x', 'fence', 1.0, 0.5)
