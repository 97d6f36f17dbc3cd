# SPDX-License-Identifier: Apache-2.0
"""Messages of the safety filter to the core's values and back. Nothing here raises: the filter refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Twist, TwistStamped, Vector3
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from std_msgs.msg import Header as HeaderMsg
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from waymark_msgs.msg import Intervention as InterventionMsg
from waymark_msgs.msg import SafetyState

from waymark.safety import Command, Intervention, Output, Pose
from waymark.types import NANOSECONDS
from waymark_ros.conversions import ns_to_time, time_to_ns


def twist_command(source: str, msg: TwistStamped) -> Command:
    """A twist that a source wants."""
    linear, angular = msg.twist.linear, msg.twist.angular
    values = np.array([linear.x, linear.y, linear.z, angular.x, angular.y, angular.z])
    return Command(source, time_to_ns(msg.header.stamp), values, frame_id=msg.header.frame_id)


def trajectory_command(source: str, msg: JointTrajectory) -> Command:
    """Joint positions that a source wants, at once or on a way with times."""
    count = len(msg.joint_names)
    rows = [list(point.positions) for point in msg.points]
    fits = all(len(row) == count for row in rows)
    values = np.array(rows, np.float64).reshape(len(rows), count) if fits else np.zeros((0, count))
    times = np.array([p.time_from_start.sec + p.time_from_start.nanosec / NANOSECONDS for p in msg.points])
    stamp_ns, joints = time_to_ns(msg.header.stamp), tuple(msg.joint_names)
    if len(values) == 1 and times[0] == 0.0:
        return Command(source, stamp_ns, values[0], None, joints, msg.header.frame_id)
    return Command(source, stamp_ns, values, times, joints, msg.header.frame_id)


def odometry_pose(msg: Odometry) -> Pose:
    """Position and heading; not finite where the quaternion is none."""
    p, q = msg.pose.pose.position, msg.pose.pose.orientation
    norm = math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w)
    if not 0.9 < norm < 1.1:
        return Pose(p.x, p.y, p.z, math.nan)
    yaw = math.atan2(2.0 * (q.w * q.z + q.x * q.y), q.w * q.w + q.x * q.x - q.y * q.y - q.z * q.z)
    return Pose(p.x, p.y, p.z, yaw)


def joint_positions(msg: JointState, joints: tuple[str, ...]) -> NDArray[np.float64]:
    """(n,) positions of these joints; NaN where one is not named."""
    known = dict(zip(msg.name, msg.position, strict=False))
    return np.array([known.get(joint, math.nan) for joint in joints], np.float64)


def output_to_twist(output: Output) -> Twist:
    """What the vehicle is told."""
    x, y, z, roll, pitch, yaw = output.velocity.tolist()
    return Twist(linear=Vector3(x=x, y=y, z=z), angular=Vector3(x=roll, y=pitch, z=yaw))


def output_to_twist_stamped(output: Output, now_ns: int, frame_id: str) -> TwistStamped:
    """What the vehicle is told, stamped with the time of sending."""
    return TwistStamped(header=HeaderMsg(stamp=ns_to_time(now_ns), frame_id=frame_id), twist=output_to_twist(output))


def output_to_trajectory(output: Output, joints: tuple[str, ...], period_s: float) -> JointTrajectory:
    """Where the joints are to be one period from now."""
    # A stamp of zero means 'at once'; a controller refuses a trajectory that ends in the past by its own clock, and
    # one whose last point has a velocity (joint_trajectory_controller since Jazzy).
    assert output.values is not None
    point = JointTrajectoryPoint(
        positions=output.values.tolist(), time_from_start=Duration(nanosec=round(period_s * NANOSECONDS))
    )
    return JointTrajectory(joint_names=list(joints), points=[point])


def state_to_msg(output: Output, e_stop: bool, now_ns: int) -> SafetyState:
    """Whether commands reach the vehicle."""
    return SafetyState(
        header=HeaderMsg(stamp=ns_to_time(now_ns)),
        state=output.state.value,
        source=output.command.source if output.command else '',
        e_stop=e_stop,
        hand_over=output.hand_over,
        reasons=[output.reason] if output.reason else [],
    )


def intervention_to_msg(intervention: Intervention, command: Command) -> InterventionMsg:
    """What was changed or refused about a command."""
    stamp_ns = max(0, command.stamp_ns)
    return InterventionMsg(
        header=HeaderMsg(stamp=ns_to_time(stamp_ns), frame_id=command.frame_id),
        source=command.source,
        axis=intervention.axis,
        reason=intervention.reason.value,
        requested=intervention.requested,
        allowed=intervention.allowed,
    )


def command_type(is_arm: bool) -> tuple[Any, Any]:
    """Message class of the three inputs, and what makes a command of it."""
    return (JointTrajectory, trajectory_command) if is_arm else (TwistStamped, twist_command)
