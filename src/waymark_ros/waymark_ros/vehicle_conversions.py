# SPDX-License-Identifier: Apache-2.0
"""Messages about a vehicle's motion to the core's values."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from numpy.typing import NDArray

from waymark.errors import MessageError
from waymark.vehicles import VehicleState, known_covariance
from waymark_ros.conversions import pose_from_msg, time_to_ns


def twist_array(msg: Twist) -> NDArray[np.float64]:
    """(6,) linear m/s and angular rad/s."""
    linear, angular = msg.linear, msg.angular
    return np.array([linear.x, linear.y, linear.z, angular.x, angular.y, angular.z])


def state_from_msg(msg: Odometry) -> VehicleState:
    """Pose, velocity in the body and their covariances.

    Raises:
        MessageError: A zero stamp, or numbers that are no pose or not finite.
    """
    stamp_ns, twist = time_to_ns(msg.header.stamp), twist_array(msg.twist.twist)
    if stamp_ns <= 0:
        raise MessageError('it has a zero stamp: its publisher must fill header.stamp.')
    if not np.isfinite(twist).all():
        raise MessageError(f'its velocity {twist.tolist()} is not finite.')
    covariances = (known_covariance(np.asarray(c, np.float64)) for c in (msg.pose.covariance, msg.twist.covariance))
    return VehicleState(stamp_ns, pose_from_msg(msg.pose.pose), twist, *covariances)
