# SPDX-License-Identifier: Apache-2.0
"""The plan's YAML, and paths to numbers in messages."""

from __future__ import annotations

from types import SimpleNamespace as Message

import pytest

from waymark.datasets.fields import FieldPath
from waymark.datasets.plan import read_plan
from waymark.errors import ConfigError, MessageError

JOINTS = Message(name=['arm', 'a.b'], position=[1.5, 2.5], inner=Message(values=[3.0, float('inf')], text='far'))


def test_a_plan_says_topics_and_features(plan_file):
    plan = read_plan(plan_file())

    assert plan.topics == ('/camera/image', '/odom', '/joint_states', '/cmd_vel')
    assert plan.observed == ('/camera/image', '/odom', '/joint_states')
    features = plan.features('video')
    assert features['observation.state'].names == ('x', 'vx', 'gimbal')
    assert features['action'].names == ('forward', 'turn')
    assert features['observation.images.front'].shape == (48, 64, 3)


@pytest.mark.parametrize(
    ('old', 'new', 'text'),
    [
        ('fps: 10', 'fps: 0', 'fps: expected a whole number'),
        ('fps: 10', 'fps: 9.5', 'fps: expected a whole number'),
        ('fps: 10', 'rate: 10', "unknown key 'rate'"),
        ('task: fly along the road', '', 'task is missing'),
        ('[64, 48]', '[65, 48]', 'two even numbers'),
        ('[64, 48]', '64', 'two even numbers'),
        ('/cmd_vel', 'cmd_vel', 'expected a full name like /camera/image'),
        ('twist.linear.x}', 'twist..x}', 'no path to a number'),
        ('gimbal: ', 'x: ', "state: 'x' is named twice"),
        ('forward: twist.linear.x, turn: twist.angular.z', '', 'action.fields: empty'),
        ('fps: 10', 'fps: 10\nstamps: arrival', "stamps: one of header, received, got 'arrival'"),
        ('fps: 10', 'fps: [', 'not readable as YAML'),
    ],
)
def test_a_wrong_plan_is_refused_with_the_key(plan_file, old, new, text):
    with pytest.raises(ConfigError, match=text) as raised:
        read_plan(plan_file((old, new)))
    assert 'plan.yaml' in str(raised.value)


@pytest.mark.parametrize(
    ('path', 'value'),
    [('position[arm]', 1.5), ('position[1]', 2.5), ('position[a.b]', 2.5), ('inner.values[0]', 3.0)],
)
def test_a_path_leads_to_its_number(path, value):
    assert FieldPath.parse(path).read(JOINTS) == value


@pytest.mark.parametrize(
    ('path', 'text'),
    [
        ('velocity[arm]', "has no 'velocity'"),
        ('position[leg]', "no 'leg' among arm, a.b"),
        ('position[7]', 'only 2 elements'),
        ('inner.values[1]', 'is inf'),
        ('inner.text', 'is no number but a str'),
        ('inner', 'is no number'),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ended(path, text):
    with pytest.raises(MessageError, match=text):
        FieldPath.parse(path).read(JOINTS)


@pytest.mark.parametrize('path', ['', '.', 'a.', 'a[', 'a[]', 'a[1][2]', 'a b', '__import__("os")'])
def test_a_text_that_is_no_path_is_refused(path):
    with pytest.raises(ConfigError, match='no path to a number'):
        FieldPath.parse(path)
