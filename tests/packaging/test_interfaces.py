# SPDX-License-Identifier: Apache-2.0
"""The interfaces wheel speaks to everyone else's ROS 2, and to yesterday's recordings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros

SHARE = Path(sys.prefix) / 'share'
UPDATE = (
    'Recordings and robots with the old definition no longer match. If that is meant, say so in CHANGELOG.md '
    'and run: make test; .venv/bin/python packaging/message_hashes.py waymark_msgs '
    '> tests/packaging/waymark_msgs_hashes.json'
)


@pytest.fixture(scope='module')
def installed(repo: Path) -> Callable[[str], dict[str, str]]:
    """Type hashes of a package as the generators stored them beside this interpreter."""

    def read(package: str) -> dict[str, str]:
        script = repo / 'packaging' / 'message_hashes.py'
        done = subprocess.run([sys.executable, script, package], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return read


@pytest.mark.parametrize(
    ('package', 'at_least'),
    [
        ('vision_msgs', {'Detection2DArray', 'LabelInfo', 'VisionClass', 'Classification'}),
        ('tf2_msgs', {'TFMessage', 'TF2Error'}),
    ],
)
def test_has_the_type_hashes_of_the_upstream_packages(installed, shared_data, package, at_least):
    published = json.loads((shared_data('ros2_interfaces') / 'rihs01.json').read_text())['hashes']

    found = installed(package)

    assert {f'{package}/msg/{name}' for name in at_least} <= found.keys()
    assert found == {name: published[name] for name in found}


def test_no_message_of_waymark_changed_unnoticed(installed, repo):
    pinned = json.loads((repo / 'tests' / 'packaging' / 'waymark_msgs_hashes.json').read_text())

    found = installed('waymark_msgs')

    changed = sorted(name for name in pinned.keys() | found.keys() if pinned.get(name) != found.get(name))
    assert not changed, f'{", ".join(changed)} changed. {UPDATE}'


def test_every_definition_of_waymark_is_in_the_wheel(repo):
    folder = repo / 'src' / 'waymark_msgs'
    written = [path for kind in ('msg', 'srv', 'action') for path in folder.glob(f'{kind}/*.{kind}')]
    assert len(written) >= 19

    assert [path for path in written if not (SHARE / path.relative_to(repo / 'src')).is_file()] == []


def test_definitions_lie_where_a_recorder_looks_for_them(repo):
    for name in ('vision_msgs/msg/Detection2DArray.msg', 'tf2_msgs/msg/TFMessage.msg'):
        assert (SHARE / name).read_text() == (repo / 'packaging' / 'interfaces' / name).read_text()


def test_a_message_survives_the_wire():
    from rclpy.serialization import deserialize_message, serialize_message
    from vision_msgs.msg import BoundingBox2D, Detection2D, Detection2DArray

    box = BoundingBox2D(size_x=40.0, size_y=20.0)
    box.center.theta = 0.5
    sent = Detection2DArray(detections=[Detection2D(id='7', bbox=box)])

    assert deserialize_message(serialize_message(sent), Detection2DArray) == sent


@pytest.mark.parametrize('action', ['RepeatRoute', 'RunPolicy', 'TeachRoute'])
def test_actions_have_type_support(action):
    import waymark_msgs.action
    from rclpy.type_support import check_for_type_support

    check_for_type_support(getattr(waymark_msgs.action, action))
