# SPDX-License-Identifier: Apache-2.0
"""The safety filter in a process of its own, started again when it ends: `safety.launch.py config:=PIPELINE.yaml`.

The pipeline names the safety_filter alone; what else runs comes with its own launch file.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, NotEqualsSubstitution, PathJoinSubstitution
from launch_ros.actions import Node, PushROSNamespace
from launch_ros.substitutions import FindPackageShare

CONFIG = PathJoinSubstitution([FindPackageShare('waymark_bringup'), 'config', 'nodes', 'safety_filter.yaml'])
ARGUMENTS = [
    DeclareLaunchArgument('config', default_value=CONFIG, description='Pipeline YAML with the safety_filter.'),
    DeclareLaunchArgument('namespace', default_value='', description='ROS namespace of the node.'),
    DeclareLaunchArgument(
        'log_level',
        default_value='info',
        choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='What is said, and what is graver.',
    ),
]


def generate_launch_description() -> LaunchDescription:
    """The container with the one node; it comes back latched (docs/safety.md)."""
    container = Node(
        package='waymark_ros',
        executable='container',
        exec_name='safety_filter',
        arguments=[['--config=', LaunchConfiguration('config')]],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
        respawn=True,
        respawn_delay=0.5,
        prefix='setpriv --pdeathsig TERM',  # see waymark.launch.py
        sigterm_timeout='2',
        sigkill_timeout='4',
    )
    namespace = LaunchConfiguration('namespace')
    push = PushROSNamespace(namespace, condition=IfCondition(NotEqualsSubstitution(namespace, '')))
    return LaunchDescription([*ARGUMENTS, GroupAction([push, container])])
