# SPDX-License-Identifier: Apache-2.0
"""Waymark: visual navigation for ROS 2 robots and drones. This package imports no ROS."""

__version__ = '0.1.0'
