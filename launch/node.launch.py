# SPDX-License-Identifier: Apache-2.0
"""Start one node with its config: `node.launch.py node:=image_encoder input:=topic:/camera/image_raw`.

Arguments of waymark.launch.py (input, record, namespace, log_level) are passed on.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.substitutions import FindPackageShare

NODES = [
    'ego_motion',
    'flight_simulator',
    'geo_localization',
    'homography_tracker',
    'image_classifier',
    'image_encoder',
    'image_source',
    'mavlink_adapter',
    'obb_detector',
    'place_recognition',
    'recorder',
    'route_follower',
    'safety_filter',
    'smolvla_policy',
    'voice_instruction',
]
CONFIG = [FindPackageShare('waymark_bringup'), '/config/nodes/', LaunchConfiguration('node'), '.yaml']


def generate_launch_description() -> LaunchDescription:
    """waymark.launch.py with the configuration of one node."""
    waymark = PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), 'waymark.launch.py']))
    return LaunchDescription(
        [
            DeclareLaunchArgument('node', choices=NODES, description='Which node.'),
            IncludeLaunchDescription(waymark, launch_arguments={'config': CONFIG}.items()),
        ]
    )
