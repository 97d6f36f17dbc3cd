# SPDX-License-Identifier: Apache-2.0
import os
import threading
import time

import pytest

from waymark_ros.realtime import Ticker, ask_for_realtime, run_standing_back


def run(ticker, count, tick=lambda: None):
    done = []

    def body():
        tick()
        done.append(time.monotonic_ns())

    ticker.run(body, lambda: len(done) >= count)
    return done


def test_deadlines_do_not_drift():
    ticker = Ticker(200.0)
    began = time.monotonic_ns()
    done = run(ticker, 41)
    assert done[-1] - began >= 40 * ticker.period_ns  # however late single ticks were
    assert ticker.ticks == 41


def test_deadlines_that_passed_meanwhile_are_left_out_and_counted():
    slow = iter([0.055])
    ticker = Ticker(100.0)
    done = run(ticker, 3, lambda: time.sleep(next(slow, 0.0)))
    assert ticker.missed >= 4
    assert int(ticker.snapshot()['missed_periods']) == ticker.missed
    assert done[2] - done[1] < 5 * ticker.period_ns + 50_000_000  # no burst to make up, no wait either


def test_who_is_in_a_hurry_does_not_wait_for_the_deadline():
    ticker, early = Ticker(5.0), []

    def tick():
        threading.Timer(0.02, ticker.hurry).start()

    done = run(ticker, 2, tick)
    assert early == []
    ticker.run(tick, lambda: ticker.ticks > 3, lambda: early.append(time.monotonic_ns()))
    assert len(early) >= 1
    assert done[1] - done[0] >= ticker.period_ns - 50_000_000  # the deadlines stay


def test_a_ticker_that_never_ran_has_a_snapshot():
    assert Ticker(50.0).snapshot()['rate_hz'] == '0.0'


def test_how_the_thread_is_scheduled_is_said_and_true():
    found = []

    def body():
        found.extend([ask_for_realtime(), os.sched_getscheduler(0)])

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    said, policy = found
    assert said.startswith('SCHED_FIFO') == (policy == os.SCHED_FIFO)
    assert said.startswith('SCHED_FIFO') or 'CAP_SYS_NICE' in said


def niceness():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_threads_of_who_stands_back_stand_back_too_and_the_caller_stays_where_it_was():
    seen, before = [], niceness()

    def body():
        model = threading.Thread(target=lambda: seen.append(niceness()))
        model.start()
        model.join()

    run_standing_back(7, body)
    run_standing_back(0, body)
    assert seen == [7, before]
    assert niceness() == before


@pytest.mark.parametrize('nice', [0, 7])
def test_what_fails_while_standing_back_fails_for_the_caller(nice):
    with pytest.raises(ValueError, match='no such model'):
        run_standing_back(nice, lambda: (_ for _ in ()).throw(ValueError('no such model')))
