# SPDX-License-Identifier: Apache-2.0
"""As conversions.py, for places on a picture of the ground."""

from __future__ import annotations

import math

import numpy as np
from geometry_msgs.msg import PoseWithCovarianceStamped
from numpy.typing import NDArray
from sensor_msgs.msg import NavSatFix, NavSatStatus
from std_msgs.msg import Header as HeaderMsg

from waymark.geo import GeoFix
from waymark.maps import OrthoFrame
from waymark.types import Header
from waymark_ros.conversions import header_to_msg, ns_to_time, pose_to_msg

UNKNOWN_M2 = 1e8  # variance of a height that nothing tells


def fix_to_msg(fix: GeoFix, frame: OrthoFrame, header: Header) -> NavSatFix | None:
    """Latitude and longitude of the camera; None where the map has no place on Earth.

    The altitude is NaN: a picture of the ground says how high above it, not how high above the ellipsoid.
    """
    place = frame.latitude_longitude(*frame.east_north(fix.x_px, fix.y_px))
    if place is None:
        return None
    covariance = np.zeros((3, 3))
    covariance[:2, :2] = _east_north_covariance(fix, frame)
    covariance[2, 2] = UNKNOWN_M2
    return NavSatFix(
        header=header_to_msg(header),
        status=NavSatStatus(status=NavSatStatus.STATUS_FIX),
        latitude=place[0],
        longitude=place[1],
        altitude=math.nan,
        position_covariance=covariance.ravel(),
        position_covariance_type=NavSatFix.COVARIANCE_TYPE_KNOWN,
    )


def geo_pose_to_msg(fix: GeoFix, frame: OrthoFrame, header: Header, map_frame: str) -> PoseWithCovarianceStamped:
    """The camera (its optical frame) in the map's frame; z is 0 with a huge variance where the camera is not known."""
    T = np.eye(4)
    T[:3, :3] = _turn(frame) @ fix.R_map_camera
    T[:2, 3] = frame.east_north(fix.x_px, fix.y_px)
    T[2, 3] = fix.altitude_m or 0.0
    covariance = np.zeros((6, 6))
    covariance[:2, :2] = _east_north_covariance(fix, frame)
    covariance[2, 2] = UNKNOWN_M2 if fix.altitude_sigma_m is None else fix.altitude_sigma_m**2
    covariance[3, 3] = covariance[4, 4] = math.radians(fix.tilt_sigma_deg) ** 2
    covariance[5, 5] = math.radians(fix.yaw_sigma_deg) ** 2
    msg = PoseWithCovarianceStamped(header=HeaderMsg(stamp=ns_to_time(header.stamp_ns), frame_id=map_frame))
    msg.pose.pose = pose_to_msg(T)
    msg.pose.covariance = covariance.ravel()
    return msg


def _turn(frame: OrthoFrame) -> NDArray[np.float64]:
    """(3, 3) right, up on the picture to east, north."""
    turn = math.radians(frame.up_bearing_deg)
    c, s = math.cos(turn), math.sin(turn)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def _east_north_covariance(fix: GeoFix, frame: OrthoFrame) -> NDArray[np.float64]:
    R = _turn(frame)[:2, :2]
    return np.asarray(R @ fix.covariance_m2 @ R.T)
