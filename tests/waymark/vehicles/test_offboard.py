# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from waymark.vehicles import OffboardGate, heartbeat_of, mode_request
from waymark.vehicles.autopilots import Heartbeat

DISARMED, ARMED, FLOWN = (Heartbeat('px4', a, m) for a, m in ((False, ''), (True, ''), (True, 'offboard')))


def streaming(gate: OffboardGate, from_s: float, to_s: float) -> list[str]:
    """Ask each tenth of a second, with a setpoint before."""
    asked = []
    for tenth in range(round(10 * from_s), round(10 * to_s)):
        if not gate.is_silent:
            gate.streams(tenth / 10)
        asked.append(gate.request(tenth / 10))
    return [mode for mode in asked if mode]


def armed_gate(on_hand_over: str = 'silence') -> OffboardGate:
    gate = OffboardGate(True, on_hand_over)
    gate.heard(DISARMED, 0.0)
    gate.heard(ARMED, 0.1)
    return gate


def test_offboard_is_asked_for_after_arming_and_a_second_of_setpoints_three_times_at_most():
    gate = armed_gate()
    assert streaming(gate, 0.2, 1.1) == []
    gate.heard(ARMED, 1.1)
    assert streaming(gate, 1.1, 3.9) == ['offboard'] * 3


def test_it_is_not_asked_for_by_default_nor_where_it_was_armed_before_we_came():
    quiet = OffboardGate(False, 'silence')
    quiet.heard(DISARMED, 0.0)
    quiet.heard(ARMED, 0.1)
    late = OffboardGate(True, 'silence')
    late.heard(ARMED, 0.1)
    assert streaming(quiet, 0.2, 2.5) == streaming(late, 0.2, 2.5) == []
    assert quiet.may_move
    assert late.may_move  # where the person has switched by hand


def test_it_is_not_asked_for_without_setpoints_nor_again_once_a_person_has_left_it():
    gate = armed_gate()
    assert [gate.request(t / 10) for t in range(2, 20)] == [''] * 18
    gate.heard(FLOWN, 2.0)
    gate.heard(ARMED, 2.5)
    assert streaming(gate, 2.5, 5.0) == []


def test_who_is_not_armed_may_not_move():
    gate = OffboardGate(True, 'silence')
    assert not gate.may_move
    gate.heard(DISARMED, 0.0)
    assert not gate.may_move


def test_an_autopilot_that_has_fallen_silent_is_not_armed_by_a_person_when_it_comes_back():
    gate = armed_gate()
    gate.request(4.0)
    assert gate.heartbeat is None
    assert not gate.may_move
    gate.heard(ARMED, 4.1)
    assert streaming(gate, 4.2, 6.5) == []


@pytest.mark.parametrize(('on_hand_over', 'asked'), [('silence', []), ('land', ['land'] * 3)])
def test_hand_over_ends_setpoints_and_asks_for_a_mode_where_that_is_wanted(on_hand_over, asked):
    gate = armed_gate(on_hand_over)
    gate.heard(FLOWN, 1.0)
    gate.hand_over(True)
    assert gate.is_silent
    assert streaming(gate, 1.0, 3.9) == asked
    gate.heard(FLOWN, 3.0)
    gate.hand_over(False)
    assert gate.is_silent  # commands have come back; the vehicle stays with its autopilot,
    gate.heard(Heartbeat('px4', True, 'hold'), 3.5)
    assert gate.may_move  # until a person has left offboard mode, and may choose it again
    assert streaming(gate, 3.6, 5.0) == []


def test_before_anybody_drives_no_setpoint_is_sent_and_that_is_no_hand_over():
    gate = armed_gate('land')
    gate.hand_over(True)
    assert gate.is_silent
    assert not gate.has_handed_over
    gate.hand_over(False)
    assert gate.may_move


def test_heartbeats_of_both_autopilots():
    assert heartbeat_of(12, 2, 128 | 1, 6 << 16) == Heartbeat('px4', True, 'offboard')
    assert heartbeat_of(12, 2, 1, 4 << 16 | 3 << 24) == Heartbeat('px4', False, 'hold')
    assert heartbeat_of(12, 2, 1, 3 << 16) == Heartbeat('px4', False, '')
    assert heartbeat_of(3, 2, 128, 4) == Heartbeat('ardupilot', True, 'offboard')
    assert heartbeat_of(3, 2, 128, 9).mode == 'land'
    assert heartbeat_of(3, 10, 128, 4) == Heartbeat('', True, '')  # a rover: 4 is something else
    assert heartbeat_of(0, 2, 0, 4) == Heartbeat('', False, '')


def test_modes_are_asked_for_by_number():
    assert mode_request('px4', 'offboard') == (1.0, 6.0, 0.0)
    assert mode_request('px4', 'return') == (1.0, 4.0, 5.0)
    assert mode_request('ardupilot', 'offboard') == (1.0, 4.0, 0.0)
