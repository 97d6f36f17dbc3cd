# SPDX-License-Identifier: Apache-2.0
"""Start a pipeline in one process: `ros2 launch waymark_bringup waymark.launch.py config:=PIPELINE.yaml`."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, SetEnvironmentVariable, Shutdown
from launch.conditions import IfCondition
from launch.substitutions import (
    EnvironmentVariable,
    LaunchConfiguration,
    NotEqualsSubstitution,
    PathJoinSubstitution,
)
from launch_ros.actions import Node, PushROSNamespace
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = [
    DeclareLaunchArgument('config', description='Pipeline YAML.'),
    DeclareLaunchArgument(
        'input',
        default_value='',
        description='Video, folder, bag, camera, sim:... or topic:/camera/image_raw.',
    ),
    DeclareLaunchArgument('record', default_value='', description='Write this .mcap file.'),
    DeclareLaunchArgument('namespace', default_value='', description='ROS namespace of all nodes.'),
    DeclareLaunchArgument(
        'log_level',
        default_value='info',
        choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='What is said, and what is graver.',
    ),
]
OURS = PathJoinSubstitution([FindPackageShare('waymark_bringup'), 'config', 'fastdds.xml'])
NEW, OLD = 'FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'
PROFILE = [  # unless the user has set one, under either name
    SetEnvironmentVariable(NEW, EnvironmentVariable(NEW, default_value=EnvironmentVariable(OLD, default_value=OURS))),
    SetEnvironmentVariable(OLD, EnvironmentVariable(OLD, default_value=EnvironmentVariable(NEW))),
]


def generate_launch_description() -> LaunchDescription:
    """Arguments, the Fast DDS profile, and the container in its namespace."""
    container = Node(
        package='waymark_ros',
        executable='container',
        exec_name='waymark',
        arguments=[[f'--{name}=', LaunchConfiguration(name)] for name in ('config', 'input', 'record')],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
        respawn=False,
        # The container takes both signals alike and ends within 2.5 s. `kill -INT` of ros2 launch leaves the
        # rest to a terminal, hence SIGTERM after 2 s; `kill -TERM` leaves its nodes alone, hence --pdeathsig.
        prefix='setpriv --pdeathsig TERM',
        sigterm_timeout='2',
        sigkill_timeout='4',
        on_exit=Shutdown(),
    )
    # Pushing '' would move every node to /, whatever the YAML says.
    namespace = LaunchConfiguration('namespace')
    push = PushROSNamespace(namespace, condition=IfCondition(NotEqualsSubstitution(namespace, '')))
    return LaunchDescription([*ARGUMENTS, *PROFILE, GroupAction([push, container])])
