# SPDX-License-Identifier: Apache-2.0
"""Nodes on a live camera topic: /camera/image_raw, unless input:=topic:/NAME says another.

Arguments of waymark.launch.py (input, record, namespace, log_level) are passed on.
"""

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.substitutions import FindPackageShare

CONFIG = PathJoinSubstitution([FindPackageShare('waymark_bringup'), 'config', 'robot.yaml'])


def generate_launch_description() -> LaunchDescription:
    """waymark.launch.py with config/robot.yaml."""
    waymark = PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), 'waymark.launch.py']))
    return LaunchDescription([IncludeLaunchDescription(waymark, launch_arguments={'config': CONFIG}.items())])
