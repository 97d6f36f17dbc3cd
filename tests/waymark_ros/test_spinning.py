# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import sys
import threading

from waymark_ros.spinning import Spinner


def test_nodes_are_spun_and_destroyed_at_the_end(ros):
    import rclpy

    called = threading.Event()
    node = rclpy.create_node('spun')
    node.create_timer(0.001, called.set)
    spinner = Spinner()
    spinner.add(node)
    spinner.start()
    assert called.wait(10)
    assert spinner.stop()
    assert list(node.timers) == []


def test_a_callback_that_holds_the_thread_is_not_destroyed_under_its_feet(ros):
    import rclpy

    called, goes_on = threading.Event(), threading.Event()

    def hold() -> None:
        called.set()
        goes_on.wait(20)

    node = rclpy.create_node('held')
    node.create_timer(0.001, hold)
    spinner = Spinner()
    spinner.add(node)
    spinner.start()
    assert called.wait(10)
    assert not spinner.stop(timeout_s=0.05)
    assert len(list(node.timers)) == 1
    goes_on.set()
    assert spinner.stop(timeout_s=10)
    assert list(node.timers) == []


def test_it_starts_and_ends_again_and_again_without_an_error(ros, capfd):
    import rclpy

    for number in range(30):
        spinner = Spinner()
        spinner.add(rclpy.create_node(f'again_{number}'))
        spinner.start()
        assert spinner.stop()
    assert 'Exception in thread' not in capfd.readouterr().err


def test_turns_leave_nothing_behind(ros):
    import rclpy

    blocks, is_enough, turns = {}, threading.Event(), itertools.count()

    def turn() -> None:
        number = next(turns)
        if number in (1000, 3000):
            blocks[number] = sys.getallocatedblocks()
        if number == 3000:
            is_enough.set()

    node = rclpy.create_node('turning')
    node.create_timer(0.0001, turn)
    spinner = Spinner()
    spinner.add(node)
    spinner.start()
    assert is_enough.wait(60)
    assert spinner.stop()
    assert blocks[3000] - blocks[1000] < 200  # rclpy's spin_until_future_complete leaves three and more in each turn


def test_it_ends_by_itself_when_ros_does(ros):
    import rclpy

    spinner = Spinner()
    spinner.add(rclpy.create_node('outlived'))
    spinner.start()
    rclpy.shutdown()
    spinner._thread.join(10)
    assert not spinner._thread.is_alive()
