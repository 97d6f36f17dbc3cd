# SPDX-License-Identifier: Apache-2.0
import os
import threading
import time

import pytest

from waymark_ros.turns import PATIENCE_S, Turn, Turns


@pytest.fixture
def begin():
    """Start a thread that takes a turn and writes its name into `done`; returns it."""
    threads = []

    def start(turn, done, name):
        def body():
            with turn:
                done.append(name)

        waiting = len(turn._turns.waiting)
        thread = threading.Thread(target=body)
        thread.start()
        threads.append(thread)
        deadline = time.monotonic() + 5
        while len(turn._turns.waiting) == waiting and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)
        return thread

    yield start
    for thread in threads:
        thread.join(5)


def test_who_waits_goes_when_the_one_before_is_done(begin):
    turns, done = Turns(1), []
    with Turn(turns):
        thread = begin(Turn(turns), done, 'second')
        assert done == []
    thread.join(5)
    assert done == ['second']


def test_as_many_work_at_once_as_are_let(begin):
    turns, done = Turns(2), []
    with Turn(turns):
        begin(Turn(turns), done, 'beside').join(5)
        assert done == ['beside']


@pytest.mark.parametrize(('cores', 'at_once'), [({0}, 1), ({0, 1}, 1), ({0, 1, 2, 3}, 3)])
def test_one_core_stays_free_for_those_that_steer_where_there_are_two(monkeypatch, cores, at_once):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: cores)
    assert Turns().free == at_once


def test_of_those_that_wait_the_one_goes_first_that_had_the_least_time(begin):
    now_s = [0.0]
    turns, done = Turns(1, lambda: now_s[0]), []
    heavy, light, gate = Turn(turns), Turn(turns), Turn(turns)
    for turn, took_s in ((heavy, 0.05), (light, 0.005)):
        with turn:
            now_s[0] += took_s
    with gate:
        threads = [begin(heavy, done, 'heavy'), begin(light, done, 'light')]  # heavy asks first
    for thread in threads:
        thread.join(5)
    assert done == ['light', 'heavy']


def test_who_was_idle_has_saved_nothing_up(begin):
    now_s = [0.0]
    turns, done = Turns(1, lambda: now_s[0]), []
    busy, idle, gate = Turn(turns), Turn(turns), Turn(turns)
    for _ in range(100):  # busy works alone for 5 s
        with busy:
            now_s[0] += 0.05
    with idle:
        now_s[0] += 0.06
    with gate:
        threads = [begin(idle, done, 'idle'), begin(busy, done, 'busy')]
    for thread in threads:
        thread.join(5)
    assert done == ['busy', 'idle']


def test_one_that_hangs_does_not_stop_the_others(begin):
    turns, done = Turns(1), []
    with Turn(turns):
        began = time.monotonic()
        begin(Turn(turns), done, 'impatient').join(5)
        assert done == ['impatient']
        assert time.monotonic() - began >= PATIENCE_S - 0.05


def test_what_is_raised_in_a_turn_ends_it(begin):
    turns, done = Turns(1), []
    with pytest.raises(ZeroDivisionError), Turn(turns):
        raise ZeroDivisionError
    assert turns.free == 1
    begin(Turn(turns), done, 'next').join(5)
    assert done == ['next']
