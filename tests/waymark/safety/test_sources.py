# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.safety.intervention import Reason
from waymark.safety.sources import Ages, Arbiter, Command

AGES = Ages(watchdog_s=0.3, max_command_age_s=0.5, max_ahead_s=0.1, handover_s=1.0)
T = 1_000_000_000_000_000
S = 1_000_000_000


class Desk:
    """An arbiter with both clocks, which run together unless told otherwise."""

    def __init__(self, **arguments):
        self.arbiter = Arbiter(6, **arguments)
        self.now, self.steady = T, 5 * S

    def wait(self, seconds):
        self.now += round(seconds * S)
        self.steady += round(seconds * S)
        return self

    def say(self, source, age_s=0.0, values=None, **more):
        values = np.ones(6) if values is None else np.array(values, float)
        command = Command(source, self.now - round(age_s * S), values, **more)
        said = self.arbiter.receive(command, AGES, self.now, self.steady)
        return said.reason if said else None

    def who(self):
        chosen = self.arbiter.choose(AGES, self.now, self.steady)
        return chosen.command.source if chosen else None


def test_nobody_drives_before_anybody_said_anything():
    assert Desk().who() is None


def test_the_higher_source_takes_over_at_once():
    desk = Desk()
    for source in ('policy', 'navigation', 'operator'):
        desk.say(source)
        assert desk.who() == source


def test_a_lower_source_drives_only_when_the_higher_was_silent_long_enough():
    desk = Desk()
    desk.say('operator')
    driver = []
    for _ in range(12):
        desk.wait(0.1).say('policy')
        driver.append(desk.who())
    assert driver == ['operator'] * 3 + [None] * 6 + ['policy'] * 3


def test_a_higher_source_that_talks_nonsense_still_keeps_the_lower_ones_off():
    desk = Desk()
    desk.say('policy')
    assert desk.who() == 'policy'
    assert desk.say('operator', values=[np.nan] * 6) is Reason.NOT_FINITE
    assert desk.who() is None


@pytest.mark.parametrize(
    ('age_s', 'reason'),
    [(0.0, None), (0.5, None), (0.51, Reason.TOO_OLD), (-0.1, None), (-0.11, Reason.AHEAD), (T / S, Reason.ZERO_STAMP)],
)
def test_a_stamp_is_neither_zero_nor_too_old_nor_ahead(age_s, reason):
    assert Desk().say('policy', age_s) is reason


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_drops_what_the_source_said_before(bad):
    desk = Desk()
    desk.say('policy')
    assert desk.say('policy', values=[0, 0, bad, 0, 0, 0]) is Reason.NOT_FINITE
    assert desk.who() is None
    desk.wait(0.02).say('policy')
    assert desk.who() == 'policy'


def test_reordered_commands_are_dropped_and_the_newer_one_stays():
    desk = Desk()
    desk.say('policy', 0.0, values=[1] * 6)
    assert desk.say('policy', 0.05, values=[2] * 6) is Reason.NOT_NEWER
    chosen = desk.arbiter.choose(AGES, desk.now, desk.steady)
    assert chosen.command.values[0] == 1
    assert chosen.counts == {'accepted': 1, 'not_newer': 1}


def test_steps_from_one_image_have_one_stamp_and_count_until_that_is_too_old():
    desk = Desk()
    stamp_age = 0.0
    heard = []
    for _ in range(8):
        heard.append(desk.say('policy', stamp_age))
        desk.wait(0.1)
        stamp_age += 0.1
    assert heard == [None] * 6 + [Reason.TOO_OLD] * 2


def test_a_command_ends_by_the_watchdog_though_its_stamp_is_young():
    desk = Desk()
    desk.say('policy', -0.1)
    assert desk.wait(0.3).who() == 'policy'
    assert desk.wait(0.01).who() is None


def test_a_command_ends_by_its_age_though_it_came_just_now():
    desk = Desk()
    desk.say('policy', 0.45)
    assert desk.wait(0.05).who() == 'policy'
    assert desk.wait(0.01).who() is None


def test_the_watchdog_does_not_listen_to_the_clock_of_the_node():
    desk = Desk()
    desk.say('policy')
    desk.steady += S  # the node's clock stands still
    assert desk.who() is None


def test_after_a_clock_that_was_set_back_new_commands_count_at_once():
    desk = Desk()
    desk.say('policy')
    desk.now -= 3600 * S
    assert desk.who() is None  # its stamp is in the future now
    assert desk.say('policy') is None
    assert desk.who() == 'policy'


def test_after_a_clock_that_was_set_forward_the_old_command_is_too_old():
    desk = Desk()
    desk.say('policy')
    desk.now += 3600 * S
    assert desk.who() is None
    assert desk.say('policy') is None


def test_what_was_said_or_seen_before_a_release_never_counts():
    desk = Desk()
    desk.say('policy')
    desk.arbiter.forget(desk.now)
    assert desk.who() is None
    desk.wait(0.1)
    assert desk.say('policy', 0.15) is Reason.BEFORE_RELEASE
    assert desk.who() is None
    assert desk.say('policy', 0.05) is None


@pytest.mark.parametrize('values', [[1.0] * 5, [1.0] * 7, [[1.0] * 6], 1.0])
def test_another_number_of_values_is_refused(values):
    assert Desk().say('policy', values=values) is Reason.SIZE


def test_an_unknown_source_is_a_bug_of_the_caller():
    with pytest.raises(ValueError, match='operator, navigation, policy'):
        Desk().say('pilot')


class Arm(Desk):
    def __init__(self):
        self.arbiter, self.now, self.steady = Arbiter(2, ('a', 'b')), T, 5 * S


def test_joints_are_put_in_order_and_foreign_ones_refused():
    arm = Arm()
    assert arm.say('policy', values=[1, 2], joints=('b', 'a')) is None
    assert arm.arbiter.sources['policy'].command.values.tolist() == [2, 1]
    assert arm.say('policy', values=[1, 2], joints=('a', 'c')) is Reason.JOINTS
    assert arm.say('policy', values=[1], joints=('a',)) is Reason.JOINTS


@pytest.mark.parametrize(
    ('values', 'times', 'reason'),
    [
        ([[1, 2], [3, 4]], [0.1, 0.2], None),
        ([[1, 2], [3, 4]], [0.2, 0.1], Reason.SIZE),
        ([[1, 2], [3, 4]], [-0.1, 0.1], Reason.SIZE),
        ([[1, 2], [3, 4]], [0.1, np.inf], Reason.NOT_FINITE),
        ([[1, 2]], [0.1, 0.2], Reason.SIZE),
        (np.zeros((0, 2)), [], Reason.SIZE),
    ],
)
def test_a_way_needs_a_time_for_each_point_and_times_that_rise(values, times, reason):
    assert Arm().say('policy', values=values, times_s=np.array(times, float), joints=('a', 'b')) is reason
