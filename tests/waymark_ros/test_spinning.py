# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import sys
import threading
import time

import pytest

from waymark_ros.spinning import AT_ONCE, GATHER_S, Drain, PacedExecutor, Spinner


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


def test_messages_gather_between_one_wait_and_the_next(ros):
    import rclpy

    turns, is_enough = [], threading.Event()

    def turn() -> None:
        turns.append(time.monotonic())
        if len(turns) == 50:
            is_enough.set()

    nodes = [rclpy.create_node(f'gathering_{number}') for number in range(3)]
    nodes[0].create_timer(0.0001, turn)  # once a wait
    spinner = Spinner()
    for node in nodes:
        spinner.add(node)
    spinner.start()
    assert is_enough.wait(30)
    assert spinner.stop()
    assert turns[49] - turns[0] >= 49 * 3 * GATHER_S - 0.005


@pytest.fixture
def talk(ros):
    """Publish numbers to a node that does not spin yet: `talk(numbers, callback)` returns it with its subscription."""
    import rclpy
    from std_msgs.msg import Int32

    def begin(numbers, callback):
        speaker, listener = rclpy.create_node('speaker'), rclpy.create_node('listener')
        drain = Drain(lambda msg: callback(msg.data))
        drain.subscription = listener.create_subscription(Int32, 'numbers', drain, 500)
        publisher = speaker.create_publisher(Int32, 'numbers', 500)
        deadline = time.monotonic() + 10
        while not publisher.get_subscription_count() and time.monotonic() < deadline:
            time.sleep(0.01)
        for number in numbers:
            publisher.publish(Int32(data=number))
        time.sleep(0.3)
        speakers.append(speaker)
        return listener, drain.subscription

    speakers: list[object] = []
    yield begin
    for speaker in speakers:
        speaker.destroy_node()


@pytest.mark.parametrize(('sent', 'taken'), [(30, 30), (300, AT_ONCE + 1)])  # a flood leaves the others theirs
def test_a_subscription_takes_at_once_what_waits_in_its_order_up_to_a_limit(talk, sent, taken):
    heard: list[int] = []
    listener, _ = talk(range(sent), heard.append)
    executor = PacedExecutor()
    executor.add_node(listener)
    executor.spin_once(timeout_sec=10)
    assert heard == list(range(taken))
    executor.shutdown()
    listener.destroy_node()


def test_a_callback_may_take_its_own_subscription_back(talk):
    heard: list[int] = []

    def leave(number: int) -> None:
        heard.append(number)
        listener.destroy_subscription(subscription)

    listener, subscription = talk(range(5), leave)
    executor = PacedExecutor()
    executor.add_node(listener)
    executor.spin_once(timeout_sec=10)
    assert heard == [0]
    executor.shutdown()
    listener.destroy_node()
