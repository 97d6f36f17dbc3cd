# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

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
