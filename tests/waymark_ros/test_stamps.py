# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import struct

import pytest

from waymark.errors import MessageError
from waymark_ros.lockstep import Lockstep, stamp_of
from waymark_ros.pairing import StampPairs
from waymark_ros.stamps import StampGate

SECOND = 1_000_000_000


def test_increasing_stamps_pass():
    gate = StampGate()
    assert not any(gate.accept(s, 0.0, 1.0) for s in (1, 2, 5 * SECOND))


def test_an_image_stamped_ahead_of_the_clock_is_refused_with_the_amount():
    with pytest.raises(MessageError, match='2.5 s ahead'):
        StampGate().accept(1, 2.5, 1.0)


@pytest.mark.parametrize('back_ns', [0, 1, SECOND - 1])
def test_a_late_or_doubled_image_is_refused_and_the_next_one_passes(back_ns):
    gate = StampGate()
    gate.accept(10 * SECOND, 0.0, 1.0)
    with pytest.raises(MessageError, match='behind the one before'):
        gate.accept(10 * SECOND - back_ns, 0.0, 1.0)
    assert gate.accept(10 * SECOND + 1, 0.0, 1.0) is False


def test_a_second_back_is_a_new_beginning():
    gate = StampGate()
    gate.accept(10 * SECOND, 0.0, 1.0)
    assert gate.accept(9 * SECOND, 0.0, 1.0) is True
    assert gate.accept(9 * SECOND + 1, 0.0, 1.0) is False


def test_pairs_meet_in_either_order_and_only_on_exactly_the_same_stamp():
    pairs: StampPairs[str, str] = StampPairs(depth=2)
    assert pairs.add_first(1, 'image 1') is None
    assert pairs.add_second(2, 'embedding 2') is None
    assert pairs.add_second(1, 'embedding 1') == ('image 1', 'embedding 1')
    assert pairs.add_first(2, 'image 2') == ('image 2', 'embedding 2')


def test_a_half_that_waits_too_long_is_dropped_and_counted():
    pairs: StampPairs[str, str] = StampPairs(depth=2)
    for stamp in (1, 2, 3):
        pairs.add_first(stamp, f'image {stamp}')
    assert pairs.unpaired == 1
    assert pairs.add_second(1, 'embedding 1') is None


@pytest.mark.parametrize(('order', 'flag'), [('<', 1), ('>', 0)])
def test_reads_the_stamp_of_a_serialized_message_in_both_byte_orders(order, flag):
    cdr = bytes([0, flag, 0, 0]) + struct.pack(f'{order}iI', 12, 345) + b'rest'
    assert stamp_of(cdr) == 12 * SECOND + 345


def test_lockstep_waits_for_every_topic_and_ignores_answers_to_other_frames():
    lockstep = Lockstep(['a', 'b'])
    lockstep.expect(7)
    lockstep.answer('a', 7)
    lockstep.answer('b', 6)
    assert lockstep.wait(0.0, lambda: False) == ['b']
    lockstep.answer('b', 7)
    assert lockstep.wait(0.0, lambda: False) == []


def test_without_topics_lockstep_never_waits():
    lockstep = Lockstep(())
    lockstep.expect(7)
    assert lockstep.wait(0.0, lambda: False) == []
