# SPDX-License-Identifier: Apache-2.0
"""The node smolvla_policy in its own process, over DDS, with a policy whose answers are known."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import yaml
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Twist
from policy_vehicle import NODE, Vehicle
from served_policy import QUICK, Served
from std_msgs.msg import String
from tame_policy import FRONT, TamePolicy
from tame_policy import STATE as STATES

from waymark.policy.greeting import Address
from waymark_ros.conversions import time_to_ns
from waymark_ros.qos import STATE

pytestmark = pytest.mark.ros
MAPPING = {
    'fps': 10,
    'images': {FRONT: {'topic': 'image'}},
    'state': {STATES: [{'name': 'x', 'odometry': 'x'}, {'name': 'y', 'joint': 'lift', 'unit': 'cm'}]},
    'action': {
        'output': 'twist',
        'values': [{'name': 'forward', 'to': 'linear.x'}, {'name': 'turn', 'to': 'angular.z', 'unit': 'deg/s'}],
    },
}
BUSY = {'timeout_s': 1.0, 'watchdog_s': 0.8, 'replan_s': 0.2}


@pytest.fixture
def served(tmp_path):
    served = Served(TamePolicy(), Address(path=str(tmp_path / 'socket')), None, replace(QUICK, idle_s=60.0))
    yield served
    served.end()


@pytest.fixture
def vehicle(spinning):
    return spinning(Vehicle())


@pytest.fixture
def node(start, tmp_path, served, vehicle):
    """The node's process; it has met its policy."""
    (tmp_path / 'mapping.yaml').write_text(yaml.safe_dump(MAPPING))
    values = {'address': str(served.address), 'mapping': str(tmp_path / 'mapping.yaml'), **BUSY}
    process = start(
        f'waymark_ros.nodes.{NODE}', '--ros-args', *(t for k, v in values.items() for t in ('-p', f'{k}:={v}'))
    )
    assert vehicle.wait_for(lambda: vehicle.mode() == 'disabled' and vehicle.fact('connected') == 'true', 60.0)
    assert vehicle.wait_for(lambda: all(p.get_subscription_count() for p in (vehicle.image, vehicle.joints)), 30.0)
    return process


def is_zero(msg) -> bool:
    return msg.twist.linear.x == 0.0 and msg.twist.angular.z == 0.0


@pytest.mark.slow
def test_a_goal_moves_the_vehicle_only_when_enabled_and_a_cancel_stops_it(node, vehicle, served):
    vehicle.x = 100.0
    refused = vehicle.result(vehicle.begin('go'))
    assert (refused.status, refused.result.success) == (GoalStatus.STATUS_ABORTED, False)
    assert 'call ~/enable' in refused.result.message
    assert vehicle.commands == []

    vehicle.enable()
    handle = vehicle.begin('go')
    assert vehicle.wait_for(lambda: len(vehicle.commands) > 40 and vehicle.feedback, 30.0)
    for msg in vehicle.commands[5:40]:
        assert 100.0 <= msg.twist.linear.x <= 100.0 + 0.8 * 10  # the policy: where it is, and one more each 0.1 s
        assert msg.twist.angular.z == pytest.approx(math.radians(msg.twist.linear.x - 98.0), abs=1e-6)  # 2 cm, deg/s
        assert msg.header.frame_id == 'base_link'
    stamps = [time_to_ns(m.header.stamp) for m in vehicle.commands]
    assert all(a <= b for a, b in pairwise(stamps))  # or the safety filter would refuse them
    assert {r.task for r in served.policy.asked} == {'go'}
    assert vehicle.feedback[-1].chunks > 0

    vehicle.done(handle.cancel_goal_async())
    assert vehicle.result(handle).status == GoalStatus.STATUS_CANCELED
    assert vehicle.wait_for(lambda: is_zero(vehicle.commands[-1]))
    assert vehicle.wait_for(lambda: vehicle.mode() == 'idle')
    assert vehicle.result(vehicle.begin('go', seconds=1)).status == GoalStatus.STATUS_SUCCEEDED


@pytest.mark.slow
def test_an_empty_instruction_ends_what_another_one_began_and_a_goal_too(node, vehicle):
    said = vehicle.create_publisher(String, 'instruction', STATE)
    assert vehicle.wait_for(lambda: said.get_subscription_count() > 0, 30.0)
    vehicle.enable()
    said.publish(String(data='go'))
    assert vehicle.wait_for(lambda: vehicle.mode() == 'acting', 30.0)
    said.publish(String(data=''))
    assert vehicle.wait_for(lambda: vehicle.mode() == 'idle' and is_zero(vehicle.commands[-1]), 30.0)

    handle = vehicle.begin('go')
    assert vehicle.wait_for(lambda: vehicle.mode() == 'acting', 30.0)
    said.publish(String(data=''))
    ended = vehicle.result(handle)
    assert (ended.status, ended.result.message) == (GoalStatus.STATUS_ABORTED, 'an empty instruction ended it.')
    assert vehicle.wait_for(lambda: vehicle.mode() == 'idle' and is_zero(vehicle.commands[-1]), 30.0)
    assert vehicle.result(vehicle.begin('go', seconds=1)).status == GoalStatus.STATUS_SUCCEEDED


@pytest.mark.slow
def test_while_the_policy_hangs_the_vehicle_holds_at_the_same_rate_and_goes_on_when_it_is_back(node, vehicle, served):
    vehicle.enable()
    vehicle.begin('go')
    assert vehicle.wait_for(lambda: vehicle.mode() == 'acting', 30.0)
    served.policy.go_on.clear()
    assert vehicle.wait_for(lambda: vehicle.mode() == 'holding', 30.0)
    count = len(vehicle.commands)
    assert vehicle.wait_for(lambda: len(vehicle.commands) >= count + 30, 30.0)
    assert all(is_zero(m) for m in vehicle.commands[count + 1 : count + 20])
    name = next(n for n in vehicle.status if n.endswith(NODE))
    assert vehicle.wait_for(lambda: 19.0 <= float(vehicle.value(name, 'rate_hz') or 0) <= 21.0, 60.0)
    served.policy.go_on.set()
    assert vehicle.wait_for(lambda: vehicle.mode() == 'acting' and not is_zero(vehicle.commands[-1]), 30.0)


@pytest.mark.slow
def test_a_policy_that_takes_three_seconds_never_moves_the_vehicle_by_what_is_old(node, vehicle, served):
    served.policy.thinks_s = 3.0  # its chunks last two seconds, and an answer is waited for one
    vehicle.enable()
    vehicle.begin('go')
    assert vehicle.wait_for(lambda: len(served.policy.asked) > 1, 60.0)
    assert vehicle.mode() == 'holding'
    assert all(is_zero(m) for m in vehicle.commands)
    served.policy.thinks_s = 0.0
    assert vehicle.wait_for(lambda: vehicle.mode() == 'acting' and not is_zero(vehicle.commands[-1]), 30.0)


@pytest.mark.slow
def test_a_policy_process_that_dies_is_found_again(node, vehicle, served, tmp_path):
    vehicle.enable()
    vehicle.begin('go')
    assert vehicle.wait_for(lambda: vehicle.mode() == 'acting', 30.0)
    served.end()
    assert vehicle.wait_for(lambda: vehicle.mode() == 'holding', 30.0)
    assert is_zero(vehicle.commands[-1])
    again = Served(TamePolicy(), Address(path=str(tmp_path / 'socket')), None, replace(QUICK, idle_s=60.0))
    try:
        assert vehicle.wait_for(lambda: vehicle.mode() == 'acting', 30.0)
        assert node.poll() is None
    finally:
        again.end()


@pytest.mark.slow
@pytest.mark.parametrize(
    ('setting', 'text'),
    [
        ('address', f'nothing is given for {FRONT}, which the policy takes'),
        ('policy', 'config.json is not there. Name the folder that lerobot saved a policy to'),
    ],
)
def test_a_policy_that_is_not_there_or_not_the_mappings_ends_the_node_with_the_names(
    start, served, tmp_path, setting, text
):
    wrong = MAPPING | {'images': {'observation.images.fornt': {'topic': 'image'}}}
    (tmp_path / 'mapping.yaml').write_text(yaml.safe_dump(wrong))
    value = {'address': str(served.address), 'policy': str(tmp_path / 'nowhere')}[setting]
    settings = [f'{setting}:={value}', f'mapping:={tmp_path}/mapping.yaml']
    process = start(f'waymark_ros.nodes.{NODE}', '--ros-args', *(t for s in settings for t in ('-p', s)))
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert text in output


@pytest.mark.slow
def test_through_the_safety_filter_the_policy_drives_within_its_limits_and_stops_when_the_policy_does(
    gate, node, vehicle, served
):
    gate('max_command_age_s:=1.0')
    vehicle.listen(Twist, 'cmd_vel')
    vehicle.x = 100.0  # the policy asks for 100 m/s and more
    vehicle.enable()
    vehicle.begin('go')
    vehicle.release()
    assert vehicle.wait_for(lambda: vehicle.heard['cmd_vel'] and vehicle.heard['cmd_vel'][-1].linear.x == 0.5, 30.0)
    served.end()
    assert vehicle.wait_for(lambda: vehicle.heard['cmd_vel'][-1].linear.x == 0.0, 30.0)
    assert max(m.linear.x for m in vehicle.heard['cmd_vel']) == 0.5
