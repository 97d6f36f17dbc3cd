# SPDX-License-Identifier: Apache-2.0
"""Ego-motion's values as ROS messages, and what sensors say as numbers."""

from __future__ import annotations

import math

import numpy as np
from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from sensor_msgs.msg import Imu, Range
from std_msgs.msg import Header as HeaderMsg
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import FrameHomography

from waymark.ego_motion import EgoState
from waymark.errors import MessageError
from waymark.image.rotation import measured_rotation
from waymark_ros.conversions import header_to_msg, ns_to_time, pose_to_msg

UNKNOWN = 1e6  # variance of a velocity that is not known yet


def homography_to_msg(state: EgoState) -> FrameHomography | None:
    """How the ground moved; None where that is not known."""
    if state.H_cur_prev is None:
        return None
    return FrameHomography(
        header=header_to_msg(state.header),
        previous_stamp=ns_to_time(state.previous_stamp_ns),
        h_cur_prev=state.H_cur_prev.ravel(),
        inliers=state.inliers,
        quality=float(state.quality),
    )


def odometry_to_msg(state: EgoState, odom_frame: str, base_frame: str) -> Odometry | None:
    """Pose and twist with covariance; None where the pose is not known."""
    if state.T_odom_base is None or state.covariance is None:
        return None
    stamp = ns_to_time(state.header.stamp_ns)
    msg = Odometry(header=HeaderMsg(stamp=stamp, frame_id=odom_frame), child_frame_id=base_frame)
    msg.pose.pose = pose_to_msg(state.T_odom_base)
    msg.pose.covariance = state.covariance.ravel()
    msg.twist.covariance = (UNKNOWN * np.eye(6)).ravel()
    if state.velocity_base is not None and state.rates_base is not None and state.twist_covariance is not None:
        linear, angular = msg.twist.twist.linear, msg.twist.twist.angular
        linear.x, linear.y, linear.z = (float(v) for v in state.velocity_base)
        angular.x, angular.y, angular.z = (float(v) for v in state.rates_base)
        msg.twist.covariance = state.twist_covariance.ravel()
    return msg


def odometry_to_tf(msg: Odometry) -> TFMessage:
    """The transform that an odometry says."""
    transform = TransformStamped(header=msg.header, child_frame_id=msg.child_frame_id)
    position = msg.pose.pose.position
    translation = transform.transform.translation
    translation.x, translation.y, translation.z = position.x, position.y, position.z
    transform.transform.rotation = msg.pose.pose.orientation
    return TFMessage(transforms=[transform])


def range_from_msg(msg: Range) -> float:
    """A range, m; NaN where the sensor says that it is out of reach."""
    inside = math.isfinite(msg.range) and msg.min_range <= msg.range <= max(msg.max_range, msg.min_range)
    return float(msg.range) if inside else math.nan


def attitude_from_msg(msg: Imu) -> NDArray[np.float64]:
    """Attitude (3, 3) of an IMU.

    Raises:
        MessageError: It has none (REP-145: orientation_covariance[0] is -1), or its quaternion is not of length 1.
    """
    if msg.orientation_covariance[0] < 0:
        raise MessageError(
            'it holds no attitude (orientation_covariance[0] is -1). Run an attitude filter, or use_imu: false.'
        )
    q = msg.orientation
    R = measured_rotation((q.x, q.y, q.z, q.w))
    if R is None:
        raise MessageError('its quaternion is not of length 1. Run an attitude filter, or set use_imu: false.')
    return R
