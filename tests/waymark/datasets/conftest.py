# SPDX-License-Identifier: Apache-2.0
"""A small flight in a bag: 20 images, odometry and commands per second and tenth of a second, all of known values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

pytest.importorskip('pyarrow', reason='the extra waymark[datasets] is not installed')

STORE = get_typestore(Stores.ROS2_JAZZY)
START_S = 100.0
PLAN = """
fps: 10
robot_type: toy
task: fly along the road
images:
  front: {topic: /camera/image, size: [64, 48]}
state:
  - {topic: /odom, fields: {x: pose.pose.position.x, vx: twist.twist.linear.x}}
  - {topic: /joint_states, fields: {gimbal: 'position[gimbal]'}}
action:
  - {topic: /cmd_vel, fields: {forward: twist.linear.x, turn: twist.angular.z}}
"""


def made(type_name: str, **fields: Any) -> Any:
    """A message with zeros in all other fields."""
    kind = STORE.types[type_name]
    values = {}
    for name, (kind_of, detail) in STORE.fielddefs[type_name][1]:
        values[name] = fields.pop(name) if name in fields else _zero(kind_of, detail)
    assert not fields, fields
    return kind(**values)


def _zero(kind_of: Any, detail: Any) -> Any:
    if kind_of.name == 'NAME':
        return made(detail)
    if kind_of.name == 'BASE':
        return '' if detail[0] == 'string' else 0
    (inner, what), length = detail
    if inner.name == 'BASE' and what[0] != 'string':
        return np.zeros(length or 0, {'octet': 'uint8'}.get(what[0], what[0]))
    return []


def header(stamp_s: float) -> Any:
    ns = round(stamp_s * 1e9)
    stamp = STORE.types['builtin_interfaces/msg/Time'](sec=ns // 10**9, nanosec=ns % 10**9)
    return STORE.types['std_msgs/msg/Header'](stamp=stamp, frame_id='base')


def image(stamp_s: float, rgb: np.ndarray) -> Any:
    height, width = rgb.shape[:2]
    data = np.ascontiguousarray(rgb).ravel()
    fields = {'height': height, 'width': width, 'encoding': 'rgb8', 'step': 3 * width, 'data': data}
    return made('sensor_msgs/msg/Image', header=header(stamp_s), **fields)


def odometry(stamp_s: float) -> Any:
    """x is the time since START_S, vx its square."""
    t = stamp_s - START_S
    point = made('geometry_msgs/msg/Point', x=t)
    pose = made('geometry_msgs/msg/Pose', position=point)
    linear = made('geometry_msgs/msg/Vector3', x=t * t)
    twist = made('geometry_msgs/msg/Twist', linear=linear)
    return made(
        'nav_msgs/msg/Odometry',
        header=header(stamp_s),
        pose=made('geometry_msgs/msg/PoseWithCovariance', pose=pose),
        twist=made('geometry_msgs/msg/TwistWithCovariance', twist=twist),
    )


def joints(stamp_s: float) -> Any:
    position = np.array([7.0, stamp_s - START_S])
    return made('sensor_msgs/msg/JointState', header=header(stamp_s), name=['arm', 'gimbal'], position=position)


def command(stamp_s: float, forward: float) -> Any:
    linear = made('geometry_msgs/msg/Vector3', x=forward)
    twist = made('geometry_msgs/msg/Twist', linear=linear)
    return made('geometry_msgs/msg/TwistStamped', header=header(stamp_s), twist=twist)


def shade(index: int) -> np.ndarray:
    """An even picture; no two of 200 are alike, and neighbours differ by far."""
    return np.full((48, 64, 3), 20 + 53 * index % 200, np.uint8)


def flight(seconds: float = 1.5, silence: tuple[float, float] = (9.0, 9.0)) -> list[tuple[float, str, Any]]:
    """Messages in order of time; the camera is silent between two moments."""
    found: list[tuple[float, str, Any]] = []
    for i in range(round(seconds * 20)):
        t = i / 20
        if not silence[0] <= t < silence[1]:
            found.append((START_S + t, '/camera/image', image(START_S + t, shade(i))))
    found += [(START_S + i / 50, '/odom', odometry(START_S + i / 50)) for i in range(round(seconds * 50))]
    found += [(START_S + i / 50, '/joint_states', joints(START_S + i / 50)) for i in range(round(seconds * 50))]
    # A command 20 ms after each tick: the answer to what was seen at the tick.
    found += [
        (START_S + i / 10 + 0.02, '/cmd_vel', command(START_S + i / 10 + 0.02, i)) for i in range(round(seconds * 10))
    ]
    return sorted(found, key=lambda m: m[0])


@pytest.fixture
def write_bag(tmp_path: Path) -> Callable[..., Path]:
    """Write messages into a real rosbag2; `late_s` is how much later they were recorded than stamped."""

    def write(messages: list[tuple[float, str, Any]], name: str = 'flight', late_s: float = 0.01) -> Path:
        path = tmp_path / name
        with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            connections: dict[str, Any] = {}
            for stamp_s, topic, message in messages:
                kind = message.__msgtype__
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, kind, typestore=STORE)
                time_ns = round((stamp_s + late_s) * 1e9)
                writer.write(connections[topic], time_ns, STORE.serialize_cdr(message, kind))
        return path

    return write


@pytest.fixture
def plan_file(tmp_path: Path) -> Callable[..., Path]:
    """Write the plan, with texts replaced."""

    def write(*changes: tuple[str, str]) -> Path:
        text = PLAN
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / 'plan.yaml'
        path.write_text(text)
        return path

    return write
