# SPDX-License-Identifier: Apache-2.0
"""A simulated drone is led along a way once and flies it again, through the real nodes.

Arguments of waymark.launch.py (input, record, namespace, log_level) are passed on.
"""

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.substitutions import FindPackageShare

CONFIG = PathJoinSubstitution([FindPackageShare('waymark_bringup'), 'config', 'sim.yaml'])


def generate_launch_description() -> LaunchDescription:
    """waymark.launch.py with config/sim.yaml."""
    waymark = PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), 'waymark.launch.py']))
    return LaunchDescription([IncludeLaunchDescription(waymark, launch_arguments={'config': CONFIG}.items())])
