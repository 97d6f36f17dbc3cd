# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import math

import pytest
import yaml
from tame_policy import CONTRACT, FRONT, STATE

from waymark.errors import ConfigError, PolicyError
from waymark.policy.mapping import Quantity, load_mapping, mapping_of, mismatches, require_match

PLAIN = {
    'fps': 10,
    'images': {FRONT: {'topic': 'image'}},
    'state': {STATE: [{'name': 'x', 'odometry': 'x'}, {'name': 'y', 'joint': 'lift', 'unit': 'cm'}]},
    'action': {
        'output': 'twist',
        'values': [{'name': 'forward', 'to': 'linear.x'}, {'name': 'turn', 'to': 'angular.z', 'unit': 'deg/s'}],
    },
}


def changed(path: str, value: object) -> dict:
    """PLAIN with another value at a place ('action.values.0.to'); None takes it away."""
    plain = copy.deepcopy(PLAIN)
    where, keys = plain, [int(k) if k.isdecimal() else k for k in path.split('/')]
    for key in keys[:-1]:
        where = where[key]
    if value is None:
        del where[keys[-1]]
    else:
        where[keys[-1]] = value
    return plain


def test_a_mapping_is_read_and_goes_with_its_policy(tmp_path):
    (tmp_path / 'm.yaml').write_text(yaml.safe_dump(PLAIN))
    mapping = load_mapping(tmp_path / 'm.yaml')

    assert mismatches(CONTRACT, mapping) == []
    assert mapping.actions[1] == Quantity('turn', 'to', 'angular.z', unit='deg/s')
    assert mapping.states[STATE][1].field == 'lift'


def test_the_mappings_that_ship_are_read(repo):
    paths = sorted((repo / 'config' / 'policies').glob('*.yaml'))
    assert {p.stem: load_mapping(p).output for p in paths} == {'pusht': 'joint_trajectory', 'twist': 'twist'}


@pytest.mark.parametrize(
    ('quantity', 'number', 'ros'),
    [
        (Quantity('a', 'to', 'lift'), 0.3, 0.3),
        (Quantity('a', 'to', 'lift', unit='deg'), 90.0, math.pi / 2),
        (Quantity('a', 'to', 'lift', unit='mm'), 250.0, 0.25),
        (Quantity('a', 'to', 'lift', unit='deg', scale=0.9, offset=5.0), 100.0, math.radians(95.0)),  # percent
        (Quantity('a', 'to', 'linear.x', scale=-1.0), 2.0, -2.0),
    ],
)
def test_numbers_become_those_of_ros_and_back(quantity, number, ros):
    assert quantity.to_ros(number) == pytest.approx(ros, abs=1e-12)
    assert quantity.from_ros(ros) == pytest.approx(number, abs=1e-12)


@pytest.mark.parametrize(
    ('path', 'value', 'text'),
    [
        ('fps', None, 'fps is missing'),
        ('fps', 0, 'fps must be above 0'),
        ('fps', '30', 'fps: expected a number'),
        ('camera', {}, "unknown key 'camera'"),
        (f'images/{FRONT}/fit', 'crop', 'fit must be one of exact, resize, pad'),
        (f'state/{STATE}/0/odometry', 'speed', "odometry has .* no 'speed'"),
        (f'state/{STATE}/0/joint', 'lift', 'expected `joint: NAME` or `odometry: FIELD`'),
        (f'state/{STATE}/1/unit', 'm/s', 'unit must be one of m, cm, mm, rad, deg for lift'),
        (f'state/{STATE}/1/of', 'torque', 'of must be one of position, velocity, effort'),
        (f'state/{STATE}', [], 'expected a list'),
        ('action/output', 'wheels', 'output must be one of twist, drone, joint_trajectory'),
        ('action/values/0/to', 'angular.z', 'each axis or joint is commanded once'),
        ('action/values/0/to', 'forward', 'a twist has linear.x'),
        ('action/values/0/unit', 'deg/s', 'unit must be one of m/s, cm/s for linear.x'),
        ('action/values/0/scale', 0, 'scale must not be 0'),
        ('action/values/0/scale', math.nan, 'scale: expected a number'),
    ],
)
def test_what_is_wrong_is_named(path, value, text):
    with pytest.raises(ConfigError, match=text):
        mapping_of(changed(path, value))


@pytest.mark.parametrize(
    ('path', 'value', 'text'),
    [
        ('images', None, f'mapping: nothing is given for {FRONT}'),
        ('images/observation.images.wrist', {'topic': 'wrist'}, 'the policy takes no observation.images.wrist'),
        (f'state/{FRONT}', [{'name': 'x', 'odometry': 'x'}], 'is an image for the policy, a vector here'),
        (f'state/{STATE}/1', None, 'observation.state has 2 values for the policy, 1 here'),
        (f'state/{STATE}/1/name', 'z', 'observation.state: value 2 is y for the policy, z here'),
        ('action/values/1/name', 'yaw', 'action: value 2 is turn for the policy, yaw here'),
        ('action/values/1', None, 'action has 2 values for the policy, 1 here'),
        ('fps', 30, 'fps is 30, the policy was trained at 10'),
    ],
)
def test_what_does_not_go_with_the_policy_is_refused_by_name(path, value, text):
    with pytest.raises(PolicyError, match=text):
        require_match(CONTRACT, mapping_of(changed(path, value)))


def test_a_drone_is_not_told_to_roll():
    drone = changed('action/output', 'drone')
    assert mapping_of(drone).output == 'drone'
    drone['action']['values'][0]['to'] = 'angular.x'
    with pytest.raises(ConfigError, match=r'a drone has linear.x, linear.y, linear.z, angular.z'):
        mapping_of(drone)
