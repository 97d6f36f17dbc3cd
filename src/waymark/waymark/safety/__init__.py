# SPDX-License-Identifier: Apache-2.0
"""The safety filter's core: limits, fences, arbitration, e-stop. No ROS, no clock of its own."""

from waymark.safety.config import SafetyConfig
from waymark.safety.filter import Output, SafetyFilter, State
from waymark.safety.intervention import Intervention, Reason
from waymark.safety.limits import AxisLimits, step
from waymark.safety.loosening import loosened
from waymark.safety.pose import Pose
from waymark.safety.sources import SOURCES, Command

__all__ = [
    'SOURCES',
    'AxisLimits',
    'Command',
    'Intervention',
    'Output',
    'Pose',
    'Reason',
    'SafetyConfig',
    'SafetyFilter',
    'State',
    'loosened',
    'step',
]
