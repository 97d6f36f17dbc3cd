# SPDX-License-Identifier: Apache-2.0
"""Images that wait a moment for their masks: with them where they come, without where they do not, always in order."""

from __future__ import annotations

from waymark_ros.pairing import OptionalPairs


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def pairs(clock, depth=8):
    return OptionalPairs(0.3, depth, clock)


def test_a_first_half_leaves_with_its_second_in_whichever_order_they_come():
    waiting = pairs(Clock())
    assert waiting.add_first(1, 'a') == []
    assert waiting.add_second(1, 'A') == [('a', 'A')]
    assert waiting.add_second(2, 'B') == []
    assert waiting.add_first(2, 'b') == [('b', 'B')]
    assert (waiting.paired, waiting.alone, waiting.patience_s()) == (2, 0, None)


def test_those_that_a_later_second_half_has_passed_leave_alone_and_before_it():
    waiting = pairs(Clock())
    for stamp, item in enumerate('abc'):
        assert waiting.add_first(stamp, item) == []
    assert waiting.add_second(1, 'B') == [('a', None), ('b', 'B')]
    assert (waiting.paired, waiting.alone) == (1, 1)


def test_who_has_waited_long_enough_leaves_alone():
    clock = Clock()
    waiting = pairs(clock)
    waiting.add_first(1, 'a')
    clock.now += 0.2
    waiting.add_first(2, 'b')
    assert waiting.due() == []
    assert abs(waiting.patience_s() - 0.1) < 1e-9
    clock.now += 0.11
    assert waiting.due() == [('a', None)]
    assert waiting.add_second(1, 'A') == []  # too late


def test_too_many_that_wait_push_the_oldest_out():
    waiting = pairs(Clock(), depth=2)
    assert waiting.add_first(1, 'a') == waiting.add_first(2, 'b') == []
    assert waiting.add_first(3, 'c') == [('a', None)]


def test_after_ten_in_vain_nobody_waits_until_a_second_half_comes():
    clock = Clock()
    waiting = pairs(clock)
    for stamp in range(10):
        assert waiting.is_answered
        waiting.add_first(stamp, 'x')
        clock.now += 0.4
        assert waiting.due() == [('x', None)]
    assert not waiting.is_answered
    assert waiting.add_first(10, 'y') == [('y', None)]
    assert waiting.add_second(11, 'Z') == []
    assert waiting.add_first(11, 'z') == [('z', 'Z')]
    assert waiting.add_first(12, 'w') == []


def test_stamps_that_start_anew_let_all_go_and_are_not_taken_for_late():
    waiting = pairs(Clock())
    waiting.add_second(50, 'old')
    waiting.add_first(51, 'a')
    assert waiting.clear() == [('a', None)]
    assert waiting.add_first(1, 'b') == []
    assert waiting.add_second(1, 'B') == [('b', 'B')]
