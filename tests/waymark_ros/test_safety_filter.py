# SPDX-License-Identifier: Apache-2.0
"""The safety filter in a process of its own, over real topics; two busy processes beside it where times count."""

from __future__ import annotations

import time

import numpy as np
import pytest
from geometry_msgs.msg import Twist, TwistStamped
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter
from safety_probe import load, source_process
from std_msgs.msg import Bool
from waymark_msgs.msg import SafetyState

from waymark_ros.qos import RESULTS

pytestmark = pytest.mark.ros
NODE = 'safety_filter'
SPEED, WATCHDOG_S, BRAKING_S = 0.4, 0.3, 0.2
LATE_S = 0.5  # what a busy machine may add before a test calls it a failure


def test_rate_and_e_stop_hold_while_every_core_is_busy(gate, vehicle):
    gate()
    with load(2), source_process('cmd/policy', SPEED, 20.0):
        vehicle.release()
        assert vehicle.wait(lambda: vehicle.speed > 0)
        vehicle.commands.clear()
        assert vehicle.wait(lambda: len(vehicle.commands) > 250)
        times = np.array([t for t, _ in vehicle.commands])
        stops_s = [vehicle.stop_once() for _ in range(15)]
    assert (len(times) - 1) / (times[-1] - times[0]) == pytest.approx(50.0, rel=0.05)
    assert np.median(stops_s) <= 0.06
    assert max(stops_s) <= LATE_S


@pytest.mark.parametrize('topic', ['cmd/operator', 'cmd/navigation', 'cmd/policy', 'odometry'])
def test_the_vehicle_comes_to_rest_when_an_input_is_killed(gate, vehicle, topic):
    fence = [] if topic != 'odometry' else ['fence_xy_m:=[-5.0, -5.0, 5.0, -5.0, 5.0, 5.0, -5.0, 5.0]']
    gate(*fence, 'max_position_age_s:=0.3')
    other = ('cmd/policy', SPEED) if fence else ('odometry', 0.0)
    with load(2), source_process(topic, 0.0 if fence else SPEED, 20.0) as killed, source_process(*other, 20.0):
        vehicle.release()
        assert vehicle.wait(lambda: vehicle.speed == SPEED)
        killed.kill()
        began = time.monotonic()
        assert vehicle.wait(lambda: vehicle.speed == 0.0, 10.0)
        assert time.monotonic() - began <= WATCHDOG_S + BRAKING_S + LATE_S
        speeds = np.array([v for _, v in vehicle.commands])
    assert np.abs(np.diff(speeds)).max() <= 2.0 * 0.02 + 1e-9
    assert vehicle.states[-1].state == (SafetyState.BLIND if fence else SafetyState.WAITING)


def test_a_killed_filter_comes_back_latched_and_one_that_ended_in_order_does_not(gate, vehicle):
    with source_process('cmd/operator', SPEED, 20.0):
        first = gate('latched_at_start:=false')
        assert vehicle.wait(lambda: vehicle.speed > 0)
        first.kill()
        first.wait()
        vehicle.states.clear()
        second = gate('latched_at_start:=false')
        assert vehicle.wait(lambda: bool(vehicle.states))
        assert vehicle.states[-1].e_stop
        assert 'did not end in order' in vehicle.states[-1].reasons[0]
        vehicle.release()
        assert vehicle.wait(lambda: vehicle.speed == SPEED)
        second.terminate()
        assert second.wait(10) == 0
        assert vehicle.speed < SPEED  # it braked as it ended
        vehicle.commands.clear()
        gate('latched_at_start:=false')
        assert vehicle.wait(lambda: vehicle.speed > 0)


def test_it_starts_latched_and_tells_late_listeners(gate, vehicle, listener):
    gate()
    assert vehicle.wait(lambda: bool(vehicle.states))
    from waymark_ros.qos import STATE

    listener.listen(SafetyState, 'safety_state', STATE)
    assert listener.wait_for(lambda: listener.heard['safety_state'])
    assert listener.heard['safety_state'][0].e_stop
    assert vehicle.wait(lambda: len(vehicle.commands) > 10)
    assert {v for _, v in vehicle.commands} == {0.0}
    assert listener.count_publishers('cmd_vel') == 1


def test_an_e_stop_without_latching_counts_too_and_holds_until_it_is_let_go(gate, vehicle, listener):
    gate()
    button = listener.create_publisher(Bool, 'e_stop', RESULTS)
    with source_process('cmd/policy', SPEED, 20.0):
        vehicle.release()
        assert vehicle.wait(lambda: vehicle.speed > 0)
        timer = listener.create_timer(0.1, lambda: button.publish(Bool(data=True)))  # until both ends found each other
        assert vehicle.wait(lambda: vehicle.speed == 0)
        listener.destroy_timer(timer)
        assert 'still pressed' in vehicle.call('release').message
        button.publish(Bool(data=False))
        vehicle.release()
        assert vehicle.wait(lambda: vehicle.speed > 0)
        assert vehicle.call('e_stop').success
        assert vehicle.wait(lambda: vehicle.states[-1].e_stop)


def test_another_publisher_and_a_deaf_subscriber_are_named(gate, vehicle, listener):
    gate()
    listener.create_subscription(TwistStamped, 'cmd_vel', lambda msg: None, RESULTS)
    said = '/listener reads /cmd_vel as geometry_msgs/msg/TwistStamped, this node sends geometry_msgs/msg/Twist. '
    assert listener.wait_for(lambda: listener.status.get(NODE, ('',))[0] == said + 'Set output: twist_stamped.')
    vehicle.node.create_publisher(Twist, 'cmd_vel', RESULTS)
    said = '/vehicle also publishes /cmd_vel, past the safety filter'
    assert listener.wait_for(lambda: said in listener.status[NODE][0])


def test_two_who_share_an_input_are_named(gate, vehicle, listener):
    gate()
    both = [listener.create_publisher(TwistStamped, 'cmd/policy', RESULTS) for _ in range(2)]
    said = '/listener, /listener all publish /cmd/policy, and the filter follows whichever spoke last: '
    assert listener.wait_for(lambda: listener.status.get(NODE, ('',))[0].startswith(said))
    listener.destroy_publisher(both[0])
    assert listener.wait_for(lambda: 'all publish' not in listener.status[NODE][0])


def set_parameters(vehicle, service, **values):
    changes = [Parameter(k, value=list(v) if isinstance(v, tuple) else v).to_parameter_msg() for k, v in values.items()]
    return vehicle.request(SetParameters, service, SetParameters.Request(parameters=changes)).results[0]


def test_limits_are_tightened_at_once_and_loosened_only_by_the_call_for_it(gate, vehicle):
    gate()
    slow, fast = (0.1, 0.0, 0.0, 0.0, 0.0, 1.0), (0.5, 0.0, 0.0, 0.0, 0.0, 1.0)
    with source_process('cmd/policy', SPEED, 20.0):
        vehicle.release()
        assert vehicle.wait(lambda: vehicle.speed == SPEED)
        assert set_parameters(vehicle, 'set_parameters', max_velocity=slow).successful
        assert vehicle.wait(lambda: vehicle.speed == 0.1)
        refused = set_parameters(vehicle, 'set_parameters', max_velocity=fast)
        assert not refused.successful and '/safety_filter/loosen' in refused.reason
        wrong = set_parameters(vehicle, 'set_parameters', rate_hz=20.0)
        assert 'can not change while the filter runs' in wrong.reason
        assert set_parameters(vehicle, 'loosen', max_velocity=fast).successful
        assert vehicle.wait(lambda: vehicle.speed == SPEED)
        inconsistent = set_parameters(vehicle, 'loosen', max_velocity=(1.0,))
        assert 'expected 6 values' in inconsistent.reason
    names = GetParameters.Request(names=['max_velocity'])
    assert tuple(vehicle.request(GetParameters, 'get_parameters', names).values[0].double_array_value) == fast


def test_a_lifecycle_manager_drives_it_and_each_activation_is_latched(gate, vehicle, listener):
    gate('autostart:=false')
    configure, activate, deactivate = 1, 3, 4

    def change(transition):
        request = ChangeState.Request()
        request.transition.id = transition
        return listener.call(ChangeState, '/safety_filter/change_state', request).success

    assert change(configure) and change(activate)
    with source_process('cmd/policy', SPEED, 20.0):
        vehicle.release()
        assert vehicle.wait(lambda: vehicle.speed == SPEED)
        assert change(deactivate)
        assert vehicle.wait(lambda: vehicle.speed == 0.0)  # its last word, within the limits
        assert not vehicle.call('release').success
        assert set_parameters(vehicle, 'set_parameters', max_velocity=(0.3, 0.0, 0.0, 0.0, 0.0, 1.0)).successful
        vehicle.states.clear()
        assert change(activate)
        assert vehicle.wait(lambda: bool(vehicle.states)) and vehicle.states[-1].e_stop
        vehicle.release()
        assert vehicle.wait(lambda: vehicle.speed == 0.3)
        assert change(deactivate)
        assert set_parameters(vehicle, 'set_parameters', rate_hz=20.0).successful
        assert not change(activate)


def test_what_is_no_number_is_refused_published_and_counted(gate, vehicle, listener):
    gate()
    vehicle.release()
    sender = listener.create_publisher(TwistStamped, 'cmd/operator', RESULTS)
    msg = TwistStamped()
    msg.header.stamp = listener.get_clock().now().to_msg()
    msg.header.frame_id = 'cam'
    msg.twist.linear.x = float('nan')
    timer = listener.create_timer(0.1, lambda: sender.publish(msg))  # until both ends have found each other
    assert vehicle.wait(lambda: bool(vehicle.interventions))
    listener.destroy_timer(timer)
    said = vehicle.interventions[0]
    assert (said.source, said.reason, said.axis) == ('operator', 'not_finite', '')
    assert said.header == msg.header
    assert listener.wait_for(lambda: 'not_finite=' in listener.value(NODE, 'interventions'))
    assert listener.value(NODE, 'operator').startswith('not_finite=')
