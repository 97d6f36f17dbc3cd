# SPDX-License-Identifier: Apache-2.0
"""Vehicles: changes of axes, and the messages of MAVLink, MAVROS and PX4. No ROS."""

from waymark.vehicles.adapter import MavlinkAdapter
from waymark.vehicles.autopilots import Heartbeat, heartbeat_of, mode_request
from waymark.vehicles.config import MavlinkConfig
from waymark.vehicles.link import Link, MavlinkLink
from waymark.vehicles.offboard import OffboardGate
from waymark.vehicles.state import VehicleState, known_covariance

__all__ = [
    'Heartbeat',
    'Link',
    'MavlinkAdapter',
    'MavlinkConfig',
    'MavlinkLink',
    'OffboardGate',
    'VehicleState',
    'heartbeat_of',
    'known_covariance',
    'mode_request',
]
