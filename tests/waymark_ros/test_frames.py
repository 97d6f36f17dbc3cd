# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import numpy as np
import pytest

from waymark.errors import MessageError
from waymark.types import Frame, Header
from waymark_ros.frames import Delivery, FrameHub, Inbox


def frame(stamp_ns: int = 1) -> Frame:
    return Frame(Header(stamp_ns), np.zeros((4, 6, 3), np.uint8))


def test_a_full_lane_keeps_the_newest_and_counts_what_it_skipped():
    inbox = Inbox()
    inbox.add_lane('image', 1, print)
    for item in 'abc':
        inbox.deposit('image', item)
    assert inbox.take(0) == (print, 'c')
    assert inbox.skipped('image') == 2
    assert inbox.take(0) is None


def test_a_lane_tells_how_many_wait():
    inbox = Inbox()
    inbox.add_lane('image', 2, print)
    counts = [inbox.waiting('image')]
    for item in 'abc':
        inbox.deposit('image', item)
        counts.append(inbox.waiting('image'))
    inbox.take(0)
    assert [*counts, inbox.waiting('image')] == [0, 1, 2, 2, 1]


def test_lanes_are_served_in_the_order_they_were_added():
    inbox = Inbox()
    inbox.add_lane('image', 1, print)
    inbox.add_lane('embedding', 2, repr)
    inbox.deposit('embedding', 1)
    inbox.deposit('image', 2)
    assert [inbox.take(0), inbox.take(0)] == [(print, 2), (repr, 1)]


def test_a_lane_can_be_added_before_the_others():
    inbox = Inbox()
    inbox.add_lane('embedding', 1, repr)
    inbox.add_lane('image', 1, print, is_first=True)
    inbox.deposit('embedding', 1)
    inbox.deposit('image', 2)
    assert [inbox.take(0), inbox.take(0)] == [(print, 2), (repr, 1)]


def test_a_lane_that_takes_turns_gets_every_second_item_and_holds_nobody_up():
    inbox = Inbox()
    inbox.add_lane('request', 9, repr, takes_turns=True)
    inbox.add_lane('image', 9, print, is_first=True)
    for item in range(3):
        inbox.deposit('image', item)
        inbox.deposit('request', item)
    inbox.deposit('request', 3)
    served = [inbox.take(0) for _ in range(7)]
    assert [handle for handle, _ in served] == [repr, print, repr, print, repr, print, repr]
    assert [item for _, item in served] == [0, 0, 1, 1, 2, 2, 3]


def test_closing_wakes_a_waiting_worker_and_drain_gives_what_waited():
    inbox = Inbox()
    inbox.add_lane('message', 9, print)
    taken: list[object] = []
    worker = threading.Thread(target=lambda: taken.append(inbox.take(timeout_s=30)))
    worker.start()
    inbox.close()
    worker.join(timeout=5)
    assert taken == [None]

    inbox = Inbox()
    inbox.add_lane('message', 9, print)
    inbox.deposit('message', 'last')
    inbox.close()
    assert not inbox.deposit('message', 'too late')
    assert inbox.drain() == [(print, 'last')]
    assert inbox.drain() == []


def test_a_delivery_is_decoded_once_for_all_who_look():
    decoded: list[int] = []

    def decode() -> Frame:
        decoded.append(1)
        return frame()

    delivery = Delivery(decode)
    assert delivery.frame() is delivery.frame()
    assert decoded == [1]


def test_every_receiver_of_a_broken_image_is_told():
    def decode() -> Frame:
        raise MessageError('data is shorter than height * step')

    delivery = Delivery(decode)
    for _ in range(2):
        with pytest.raises(MessageError, match='shorter'):
            delivery.frame()


def test_an_image_source_of_this_process_reaches_all_nodes_by_reference_and_without_dds(ros):
    import rclpy

    nodes = [rclpy.create_node('first'), rclpy.create_node('second')]
    hub = FrameHub()
    got: list[Delivery] = []
    hub.add_source('/image')
    for node in nodes:
        hub.subscribe(node, '/image', got.append, 1, 'raw')
    sent = Delivery(frame)
    hub.publish('/image', sent)
    assert got == [sent, sent]
    assert [node.count_subscribers('/image') for node in nodes] == [0, 0]
    for node in nodes:
        node.destroy_node()


def test_nodes_of_one_process_share_one_subscription_that_moves_when_its_owner_leaves(ros):
    import rclpy

    first, second = rclpy.create_node('owner'), rclpy.create_node('heir')
    hub = FrameHub()
    hub.subscribe(first, '/shared', lambda d: None, 1, 'raw')
    hub.subscribe(second, '/shared', lambda d: None, 1, 'raw')
    assert len(list(first.subscriptions)) == 1
    before = len(list(second.subscriptions))
    hub.unsubscribe(first, '/shared')
    assert len(list(first.subscriptions)) == 0
    assert len(list(second.subscriptions)) == before + 1
    hub.unsubscribe(second, '/shared')
    assert len(list(second.subscriptions)) == before
    first.destroy_node()
    second.destroy_node()
