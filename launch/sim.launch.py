# SPDX-License-Identifier: Apache-2.0
"""A simulated drone is led along a way once and flies it again, through the real nodes.

Arguments of waymark.launch.py (config, input, record, namespace, log_level) are passed on.
"""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

CONFIG = DeclareLaunchArgument(
    'config',
    default_value=PathJoinSubstitution([FindPackageShare('waymark_bringup'), 'config', 'sim.yaml']),
    description='Pipeline YAML.',
)


def generate_launch_description() -> LaunchDescription:
    """waymark.launch.py with config/sim.yaml."""
    # A plain path, so that `ros2 launch --show-args` finds the arguments.
    waymark = PythonLaunchDescriptionSource(str(Path(__file__).with_name('waymark.launch.py')))
    config = {'config': LaunchConfiguration('config')}.items()
    return LaunchDescription([CONFIG, IncludeLaunchDescription(waymark, launch_arguments=config)])
