# SPDX-License-Identifier: Apache-2.0
"""A Scene for Gazebo Harmonic: a world in SDF 1.9, ros_gz_bridge's topics, a launch file.

Gazebo Harmonic was not there to run them: the worlds were checked by sdformat only, the rest by its form.
"""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree as ET

import yaml

from waymark.errors import ConfigError
from waymark.pipeline.flight_simulator import FlightSimulatorConfig
from waymark_sim.boxes import boxes_of
from waymark_sim.gazebo.world import (
    QUADROTOR,
    WORLD,
    Rig,
    add_ground,
    add_quadrotor,
    add_sun,
    add_things,
    text_of,
    write_ground,
)
from waymark_sim.live import laid_out
from waymark_sim.scene import Scene
from waymark_sim.taught_way import pose_at

FILES = ('world.sdf', 'bridge.yaml', 'harmonic.launch.py')
_TEXTURE = 'ground.png'
_SYSTEMS = ('Physics', 'UserCommands', 'SceneBroadcaster', 'Sensors', 'Imu')
_LIBRARIES = {
    'Physics': 'gz-sim-physics-system',
    'UserCommands': 'gz-sim-user-commands-system',
    'SceneBroadcaster': 'gz-sim-scene-broadcaster-system',
    'Sensors': 'gz-sim-sensors-system',
    'Imu': 'gz-sim-imu-system',
}
# ROS topic: Gazebo's, ROS type, Gazebo's type, direction.
_TOPICS = (
    ('/clock', '/clock', 'rosgraph_msgs/msg/Clock', 'gz.msgs.Clock', 'GZ_TO_ROS'),
    ('image', '/camera/image', 'sensor_msgs/msg/Image', 'gz.msgs.Image', 'GZ_TO_ROS'),
    ('camera_info', '/camera/camera_info', 'sensor_msgs/msg/CameraInfo', 'gz.msgs.CameraInfo', 'GZ_TO_ROS'),
    ('imu', '/imu', 'sensor_msgs/msg/Imu', 'gz.msgs.IMU', 'GZ_TO_ROS'),
    ('odometry', '/odometry', 'nav_msgs/msg/Odometry', 'gz.msgs.Odometry', 'GZ_TO_ROS'),
    ('cmd_vel', '/cmd_vel', 'geometry_msgs/msg/Twist', 'gz.msgs.Twist', 'ROS_TO_GZ'),
)


def export_flight(config: FlightSimulatorConfig, folder: Path) -> tuple[Path, ...]:
    """Export the scene that flight_simulator flies with a configuration (see export_harmonic)."""
    scene, way = laid_out(config)
    size, fov = (config.width, config.height), math.radians(config.fov_deg)
    return export_harmonic(scene, Rig(pose_at(way, 0), config.altitude, size, fov, config.image_rate_hz), folder)


def export_harmonic(scene: Scene, rig: Rig, folder: Path) -> tuple[Path, ...]:
    """Write all that `ros2 launch FOLDER/harmonic.launch.py` needs.

    Args:
        scene: Vehicles drive straight on only: the ones that turn are left where they start. Wind and light
            (brightness, blur) are not in the world; noise is.
        rig: The vehicle and its camera.
        folder: Is created.

    Returns:
        The files.

    Raises:
        ConfigError: The folder can't be written.
    """
    write_ground(scene.ground, folder / _TEXTURE)
    texts = {
        'world.sdf': harmonic_world(scene, rig),
        'bridge.yaml': bridge_topics(),
        'harmonic.launch.py': _LAUNCH,
    }
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding='utf-8')
    except OSError as error:
        raise ConfigError(f'{folder}: can not be written ({error.strerror}). Name another folder.') from None
    return tuple(folder / name for name in (*texts, _TEXTURE))


def harmonic_world(scene: Scene, rig: Rig) -> str:
    """SDF 1.9."""
    sdf = ET.Element('sdf', version='1.9')
    world = ET.SubElement(sdf, 'world', name=WORLD)
    physics = ET.SubElement(world, 'physics', name='default', type='ode')
    ET.SubElement(physics, 'max_step_size').text = '0.004'
    ET.SubElement(physics, 'real_time_factor').text = '1'
    for system in _SYSTEMS:
        plugin = ET.SubElement(world, 'plugin', filename=_LIBRARIES[system], name=f'gz::sim::systems::{system}')
        if system == 'Sensors':
            ET.SubElement(plugin, 'render_engine').text = 'ogre2'
    add_sun(world, shadows=True)
    material = ET.SubElement(add_ground(world, scene.ground), 'material')
    ET.SubElement(material, 'diffuse').text = '1 1 1 1'
    ET.SubElement(material, 'specular').text = '0 0 0 1'
    metal = ET.SubElement(ET.SubElement(material, 'pbr'), 'metal')
    for tag, text in (('albedo_map', _TEXTURE), ('roughness', '1.0'), ('metalness', '0.0')):
        ET.SubElement(metal, tag).text = text
    add_things(world, scene)
    _drive(world, scene)
    _equip(add_quadrotor(world, rig), world, scene)
    return text_of(sdf)


def bridge_topics() -> str:
    """The configuration of ros_gz_bridge's parameter_bridge."""
    return '# ros2 run ros_gz_bridge parameter_bridge --ros-args -p config_file:=bridge.yaml\n' + yaml.safe_dump(
        [
            {
                'ros_topic_name': ros,
                'gz_topic_name': gz,
                'ros_type_name': ros_type,
                'gz_type_name': gz_type,
                'direction': direction,
            }
            for ros, gz, ros_type, gz_type, direction in _TOPICS
        ],
        sort_keys=False,
    )


def _drive(world: ET.Element, scene: Scene) -> None:
    """Vehicles that go straight on do so by a plugin; it moves what is not static."""
    for box in boxes_of(scene):
        if box.vehicle is None or box.vehicle.turn_rad_s or not box.vehicle.speed_m_s:
            continue
        model = world.find(f"model[@name='{box.name}']")
        assert model is not None
        model.find('static').text = 'false'  # type: ignore[union-attr]
        ET.SubElement(model.find('link'), 'gravity').text = 'false'  # type: ignore[arg-type]
        plugin = _velocity_control(model)
        ET.SubElement(plugin, 'initial_linear').text = f'{box.vehicle.speed_m_s:g} 0 0'


def _equip(body: ET.Element, world: ET.Element, scene: Scene) -> None:
    """Names of topics, an IMU, odometry, and a plugin that flies what `cmd_vel` says: body frame, without gravity."""
    model = world.find(f"model[@name='{QUADROTOR}']")
    camera = body.find('sensor')
    assert model is not None
    assert camera is not None
    ET.SubElement(camera, 'topic').text = 'camera/image'
    if scene.light.noise:
        noise = ET.SubElement(camera.find('camera'), 'noise')  # type: ignore[arg-type]
        for tag, text in (('type', 'gaussian'), ('mean', '0'), ('stddev', f'{scene.light.noise / 255:.5f}')):
            ET.SubElement(noise, tag).text = text
    imu = ET.SubElement(body, 'sensor', name='imu', type='imu')
    for tag, text in (('always_on', '1'), ('update_rate', '100'), ('topic', 'imu')):
        ET.SubElement(imu, tag).text = text
    ET.SubElement(body, 'gravity').text = 'false'
    _velocity_control(model)
    plugin = ET.SubElement(
        model, 'plugin', filename='gz-sim-odometry-publisher-system', name='gz::sim::systems::OdometryPublisher'
    )
    for tag, text in (
        ('odom_frame', 'odom'),
        ('robot_base_frame', 'base_link'),
        ('odom_topic', 'odometry'),
        ('odom_publish_frequency', '50'),
        ('dimensions', '3'),
    ):
        ET.SubElement(plugin, tag).text = text


def _velocity_control(model: ET.Element) -> ET.Element:
    plugin = ET.SubElement(
        model, 'plugin', filename='gz-sim-velocity-control-system', name='gz::sim::systems::VelocityControl'
    )
    topic = 'cmd_vel' if model.get('name') == QUADROTOR else f'{model.get("name")}/cmd_vel'
    ET.SubElement(plugin, 'topic').text = topic
    return plugin


_LAUNCH = '''"""Gazebo Harmonic with this folder's world, bridged to ROS 2: ros2 launch harmonic.launch.py

Made by `waymark sim export-gazebo`. Needs ros_gz_sim and ros_gz_bridge.
"""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

HERE = Path(__file__).resolve().parent


def generate_launch_description() -> LaunchDescription:
    """The simulator, running from the start, and the bridge."""
    source = PythonLaunchDescriptionSource(
        PathJoinSubstitution([FindPackageShare('ros_gz_sim'), 'launch', 'gz_sim.launch.py'])
    )
    world = f"-r '{HERE / 'world.sdf'}'"
    return LaunchDescription([
        SetEnvironmentVariable('GZ_SIM_RESOURCE_PATH', str(HERE)),
        IncludeLaunchDescription(source, launch_arguments={'gz_args': world}.items()),
        Node(
            package='ros_gz_bridge',
            executable='parameter_bridge',
            parameters=[{'config_file': str(HERE / 'bridge.yaml'), 'use_sim_time': True}],
        ),
    ])
'''
