# SPDX-License-Identifier: Apache-2.0
"""Ego-motion over ground: homographies, metric odometry, heights."""

from waymark.ego_motion.config import EgoMotionConfig
from waymark.ego_motion.ground import Altitude
from waymark.ego_motion.motion import EgoMotion, EgoState
from waymark.ego_motion.sensing import Sensed, Sensing, SensingConfig

__all__ = ['Altitude', 'EgoMotion', 'EgoMotionConfig', 'EgoState', 'Sensed', 'Sensing', 'SensingConfig']
