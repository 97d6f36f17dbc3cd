# SPDX-License-Identifier: Apache-2.0
"""The launch files with the real `launch` library, where it is installed: the package registry lacks it."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip('launch_ros', reason='the launch library is not installed (apt: ros-jazzy-launch-ros)')
pytest.importorskip('rclpy', reason='ROS 2 is not installed for this Python')

# What `ros2 launch` does, without ros2cli.
ROS2_LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import AnyLaunchDescriptionSource
file, *arguments = sys.argv[1:]
include = IncludeLaunchDescription(
    AnyLaunchDescriptionSource(file), launch_arguments=[a.split(':=', 1) for a in arguments]
)
service = LaunchService(argv=arguments)
service.include_launch_description(LaunchDescription([include]))
sys.exit(service.run())
"""


@pytest.fixture(scope='module')
def environ(repo, tmp_path_factory):
    """Our packages as a workspace would install them, before any other."""
    prefix = tmp_path_factory.mktemp('prefix')
    index = prefix / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    for name in ('waymark_ros', 'waymark_bringup'):
        (index / name).touch()
    share = prefix / 'share' / 'waymark_bringup'
    share.mkdir()
    for folder in ('launch', 'config'):
        (share / folder).symlink_to(repo / folder)
    container = prefix / 'lib' / 'waymark_ros' / 'container'
    container.parent.mkdir(parents=True)
    container.write_text(f'#!{sys.executable}\nfrom waymark_ros.container import main\n\nmain()\n')
    container.chmod(0o755)
    rclpy = Path(sys.modules['rclpy'].__file__).parents[4]
    sources = [str(repo / 'src' / name) for name in ('waymark', 'waymark_ros', 'waymark_sim')]
    return {
        **os.environ,
        'AMENT_PREFIX_PATH': os.pathsep.join([str(prefix), os.environ.get('AMENT_PREFIX_PATH') or str(rclpy)]),
        'PYTHONPATH': os.pathsep.join(filter(None, [*sources, os.environ.get('PYTHONPATH', '')])),
        'ROS_DOMAIN_ID': str(random.randint(1, 100)),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'ROS_LOG_DIR': str(prefix / 'log'),
        'XDG_STATE_HOME': str(prefix / 'state'),
    }


@pytest.fixture
def launch(repo, environ, tmp_path):
    """Start a launch file; what it leaves behind is ended."""
    processes = []

    def start(name, *arguments):
        command = [sys.executable, '-c', ROS2_LAUNCH, str(repo / 'launch' / f'{name}.launch.py'), *arguments]
        process = subprocess.Popen(
            command, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def until(process, words):
    """Read output until a line holds `words`; returns that line."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return line
    return pytest.fail(f'{words!r} was not said:\n{"".join(lines)}')


@pytest.mark.parametrize('name', ['camera', 'demo', 'drone', 'robot', 'sim', 'waymark'])
def test_every_argument_is_shown_with_what_it_means(repo, name):
    from launch import LaunchContext
    from launch.launch_description_sources import AnyLaunchDescriptionSource

    source = AnyLaunchDescriptionSource(str(repo / 'launch' / f'{name}.launch.py'))
    shown = source.get_launch_description(LaunchContext()).get_launch_arguments()  # as ros2 launch --show-args

    assert [argument.name for argument in shown] == ['config', 'input', 'record', 'namespace', 'log_level']
    assert all(argument.description.split(' Valid choices')[0].endswith('.') for argument in shown)
    assert (shown[0].default_value is None) == (name == 'waymark')


def test_a_wrong_log_level_is_one_sentence(launch):
    output, _ = launch('drone', 'log_level:=loud').communicate(timeout=60)
    assert 'Argument "log_level" provided value "loud" is not valid' in output
    assert 'Traceback' not in output


def test_demo_flies_and_records_and_ends(launch, tmp_path):
    recording = tmp_path / 'run.mcap'
    process = launch('demo', 'input:=sim:ground?laps=1&lap_s=2', f'record:={recording}')
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 0, output
    assert recording.stat().st_size > 10_000


def test_wrong_pipeline_is_one_sentence(launch):
    output, _ = launch('waymark', 'config:=none.yaml').communicate(timeout=60)
    assert 'error: none.yaml: no such file or directory. Give the path of a pipeline YAML.' in output
    assert 'Traceback' not in output


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_to_launch_ends_the_nodes_too(launch, number):
    process = launch('node', 'node:=image_encoder', 'input:=topic:/camera/image_raw', 'log_level:=debug')
    until(process, 'process started with pid')
    until(process, 'image_encoder')
    process.send_signal(number)
    output, _ = process.communicate(timeout=4)  # its output ends when the last process that holds it has ended
    assert 'Traceback' not in output


def test_a_killed_safety_filter_is_started_again_and_is_latched(launch, tmp_path):
    config = tmp_path / 'unlatched.yaml'
    config.write_text('nodes:\n- {node: safety_filter, parameters: {latched_at_start: false}}\n')
    process = launch('safety', f'config:={config}')
    pid = int(until(process, 'process started with pid').rpartition('[')[2].rstrip(']\n'))
    until(process, 'no valid command')
    os.kill(pid, signal.SIGKILL)
    again = int(until(process, 'process started with pid').rpartition('[')[2].rstrip(']\n'))
    until(process, 'e-stop: the last run did not end in order')
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert again != pid
    assert 'Traceback' not in output
