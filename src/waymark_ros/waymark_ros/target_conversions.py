# SPDX-License-Identifier: Apache-2.0
"""Planar targets as ROS messages."""

from __future__ import annotations

import re

import numpy as np
from geometry_msgs.msg import Point32, PoseWithCovariance, Transform, TransformStamped
from sensor_msgs.msg import RegionOfInterest
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import PlanarTarget, PlanarTargetArray

from waymark.tracking import Box, TargetPose, TargetState
from waymark.types import Header
from waymark_ros.conversions import header_to_msg, pose_to_msg


def targets_to_msg(targets: tuple[TargetState, ...], header: Header) -> PlanarTargetArray:
    """The state of every target in one image."""
    return PlanarTargetArray(header=header_to_msg(header), targets=[_target_to_msg(t) for t in targets])


def _target_to_msg(target: TargetState) -> PlanarTarget:
    msg = PlanarTarget(target_id=target.target_id, state=target.state.value, quality=float(target.quality))
    if target.homography is not None and target.corners_px is not None:
        msg.homography = target.homography.H_cur_ref.ravel()
        msg.inliers = target.inliers
        msg.agreement = float(target.agreement)
        msg.corners = [Point32(x=float(x), y=float(y)) for x, y in target.corners_px]
    if target.pose is not None:
        msg.has_pose = True
        msg.pose = _pose_to_msg(target.pose)
    return msg


def _pose_to_msg(pose: TargetPose) -> PoseWithCovariance:
    msg = PoseWithCovariance(pose=pose_to_msg(pose.T_camera_target))
    msg.covariance = np.asarray(pose.covariance, np.float64).ravel()
    return msg


def targets_to_tf(targets: tuple[TargetState, ...], header: Header, prefix: str) -> TFMessage:
    """Transforms from the camera to every target with a pose; empty where none has one."""
    seen = [(t.target_id, t.pose) for t in targets if t.pose is not None]
    return TFMessage(transforms=[_transform(prefix + frame_name(name), pose, header) for name, pose in seen])


def frame_name(target_id: str) -> str:
    """A target's name as a frame of /tf may be called."""
    return re.sub(r'[^A-Za-z0-9_/.-]', '_', target_id)


def _transform(child: str, pose: TargetPose, header: Header) -> TransformStamped:
    msg = pose_to_msg(pose.T_camera_target)
    transform = Transform(rotation=msg.orientation)
    at = msg.position
    transform.translation.x, transform.translation.y, transform.translation.z = at.x, at.y, at.z
    return TransformStamped(header=header_to_msg(header), child_frame_id=child, transform=transform)


def box_from_msg(msg: RegionOfInterest) -> Box | None:
    """Left, top, width, height in px; None: the whole image."""
    if msg.width == 0 and msg.height == 0:
        return None
    return int(msg.x_offset), int(msg.y_offset), int(msg.width), int(msg.height)
