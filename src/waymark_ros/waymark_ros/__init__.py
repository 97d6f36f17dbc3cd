# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 side of Waymark: the only code that imports rclpy."""
