# SPDX-License-Identifier: Apache-2.0
"""Real ROS for the tests of this folder: on loopback, in a domain of its own, with the shipped Fast DDS profile."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HAS_ROS = importlib.util.find_spec('rclpy') is not None and importlib.util.find_spec('waymark_msgs') is not None
collect_ignore_glob = [] if HAS_ROS else ['test_*.py']


def pytest_configure() -> None:
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    # Never the domain of another process of this run: they would see one another's nodes.
    process, count = (
        int(os.environ.get(f'PYTEST_XDIST_WORKER{n}', d).lstrip('gw')) for n, d in (('', '0'), ('_COUNT', '1'))
    )
    os.environ['ROS_DOMAIN_ID'] = str(random.randrange(1 + process, 101, count))
    os.environ.pop('ROS_LOCALHOST_ONLY', None)


pytest_configure()


@pytest.fixture
def ros() -> Iterator[None]:
    """rclpy, begun anew for each test.

    Who saw a killed node goes on seeing it for 20 s, takes it for a listener, and asks its services for nothing.
    """
    from waymark.environment import prepare_ros

    prepare_ros()
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    yield
    rclpy.try_shutdown()


@pytest.fixture
def spinning(ros: None) -> Iterator[Callable[[object], object]]:
    """Spin nodes in a thread; `spinning(node)` adds one, which is destroyed at the end."""
    from waymark_ros.spinning import Spinner

    spinner = Spinner()
    has_started = False

    def add(node: object) -> object:
        nonlocal has_started
        spinner.add(node)  # type: ignore[arg-type]
        if not has_started:
            spinner.start()
            has_started = True
        return node

    yield add
    assert spinner.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a Python module in a process of its own; it is ended with the test, by its PID."""
    started: list[subprocess.Popen[str]] = []

    def begin(module: str, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, '-m', module, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **environ},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def gate(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.Popen[str]]:
    """Start a safety filter that gets going quickly: `gate('name:=value')`."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))  # a folder 'waymark' beside us would be imported

    def begin(*parameters: str) -> subprocess.Popen[str]:
        quick = 'max_acceleration:=[2.0, 0.0, 0.0, 0.0, 0.0, 2.0]'
        ros = [text for p in (quick, *parameters) for text in ('-p', p)]
        return start('waymark_ros.nodes.safety_filter', '--ros-args', *ros)

    return begin


@pytest.fixture
def vehicle(ros: None) -> Iterator[object]:
    """Who hears `cmd_vel` and holds the e-stop button."""
    from safety_probe import Vehicle

    with Vehicle() as found:
        yield found


@pytest.fixture
def listener(spinning: Callable[[object], object]) -> object:
    """A node that hears what the test asks for."""
    from ros_camera import TestCamera

    return spinning(TestCamera(name='listener'))


@pytest.fixture(scope='session')
def finder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector that finds one red, one green and one blue rectangle."""
    from tests.support.rectangle_finder import rectangle_finder

    return rectangle_finder(tmp_path_factory.mktemp('model') / 'rectangles.onnx')


@pytest.fixture
def watcher(spinning: Callable[[object], object]) -> object:
    """Who sends images to obb_detector."""
    from tests.support.box_watcher import Watcher

    return spinning(Watcher())


@pytest.fixture
def detector(watcher: object, spinning: Callable[[object], object], finder: Path) -> Iterator[Callable[..., object]]:
    """Start the node in this process: `detector(parameter=value)`."""
    from rclpy.parameter import Parameter

    from waymark_ros.frames import FrameHub
    from waymark_ros.nodes.obb_detector import ObbDetectorNode
    from waymark_ros.runner import Process

    started = []

    def begin(**parameters: object) -> object:
        values = {'model': str(finder), 'backend': 'onnx', **parameters}
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        node = ObbDetectorNode(FrameHub(), Process(), parameter_overrides=overrides)
        node.configure_or_raise()
        spinning(node)
        node.activate_or_raise()
        started.append(node)
        assert watcher.wait_for_listener()
        assert watcher.wait_for(lambda: watcher.count_publishers('tracks') and watcher.count_publishers('detections'))
        return node

    yield begin
    for node in started:
        node.end()
