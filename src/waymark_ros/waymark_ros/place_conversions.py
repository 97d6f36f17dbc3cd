# SPDX-License-Identifier: Apache-2.0
"""Places as messages: matches, localization, keyframes, poses in the map."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseWithCovariance, PoseWithCovarianceStamped, Transform, TransformStamped
from numpy.typing import NDArray
from std_msgs.msg import Header as HeaderMsg
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import Keyframe as KeyframeMsg
from waymark_msgs.msg import Localization as LocalizationMsg
from waymark_msgs.msg import PlaceMatch as PlaceMatchMsg

from waymark.places import Keyframe, Localization, PlaceMatch
from waymark.places.locating import T_of
from waymark.types import Header
from waymark_ros.conversions import header_to_msg, ns_to_time, pose_to_msg


def match_to_msg(match: PlaceMatch, header: Header) -> PlaceMatchMsg:
    """A verified match, with the header of the image that was matched."""
    msg = PlaceMatchMsg(
        header=header_to_msg(header),
        keyframe_id=match.keyframe_id,
        keyframe_stamp=ns_to_time(match.keyframe_stamp_ns),
        similarity=float(match.similarity),
        inliers=int(match.inliers),
        quality=float(match.quality),
        h_cur_ref=match.homography.H_cur_ref.ravel(),
    )
    if match.relative is not None:
        msg.has_pose, msg.has_scale = True, match.relative.is_metric
        msg.is_planar = match.relative.is_planar
        msg.pose = pose_with_covariance(match.relative.T_ref_cur, match.relative.covariance)
    return msg


def localization_to_msg(localization: Localization, header: Header) -> LocalizationMsg:
    """Whether the robot knows where it is."""
    msg = LocalizationMsg(
        header=header_to_msg(header),
        state=localization.state.value,
        best_similarity=float(localization.best_similarity),
        keyframe_count=int(localization.keyframe_count),
    )
    if localization.match is not None:
        msg.match = match_to_msg(localization.match, header)
    return msg


def keyframe_to_msg(keyframe: Keyframe, header: Header, fingerprint: str) -> KeyframeMsg:
    """A view that the map keeps."""
    msg = KeyframeMsg(header=header_to_msg(header), keyframe_id=keyframe.keyframe_id, fingerprint=fingerprint)
    if keyframe.pose is not None:
        msg.has_pose = True
        msg.pose = pose_to_msg(T_of(keyframe.pose))
    return msg


def pose_with_covariance(T: NDArray[np.float64], covariance: NDArray[np.float64]) -> PoseWithCovariance:
    """A pose (4, 4) and the covariance (6, 6) of its position and of its rotation about the frame's axes."""
    msg = PoseWithCovariance(pose=pose_to_msg(T))
    msg.covariance = np.asarray(covariance, np.float64).ravel()
    return msg


def map_pose_to_msg(
    T_map_base: NDArray[np.float64], covariance: NDArray[np.float64], header: Header, map_frame: str
) -> PoseWithCovarianceStamped:
    """Where the robot is in the map, at the moment of an image."""
    stamped = HeaderMsg(stamp=ns_to_time(header.stamp_ns), frame_id=map_frame)
    return PoseWithCovarianceStamped(header=stamped, pose=pose_with_covariance(T_map_base, covariance))


def transform_to_msg(T_parent_child: NDArray[np.float64], header: Header, parent: str, child: str) -> TFMessage:
    """One transform of the tree of frames, at the moment of an image."""
    pose = pose_to_msg(T_parent_child)
    transform = Transform(rotation=pose.orientation)
    transform.translation.x, transform.translation.y, transform.translation.z = (
        pose.position.x,
        pose.position.y,
        pose.position.z,
    )
    stamped = HeaderMsg(stamp=ns_to_time(header.stamp_ns), frame_id=parent)
    return TFMessage(transforms=[TransformStamped(header=stamped, child_frame_id=child, transform=transform)])
