# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.policy.chunks import ActionQueue
from waymark.policy.observation import Chunk

MS = 1_000_000
T0 = 100_000 * MS


def ramp(start: float, slope: float = 1.0, steps: int = 20) -> Chunk:
    actions = np.float32(start) + np.float32(slope) * np.arange(steps, dtype=np.float32)[:, None]
    return Chunk(actions, actions / 10)


@pytest.fixture
def queue():
    return ActionQueue(fps=10.0, blend_s=0.4, watchdog_s=5.0)


def due(queue: ActionQueue, ms: float) -> float | None:
    found = queue.due(T0 + round(ms * MS))
    return None if found is None else float(found.action[0])


def test_an_empty_queue_gives_nothing(queue):
    assert due(queue, 0) is None
    assert (queue.left_s(T0), queue.length(T0), queue.continued(T0, 0.1)) == (0.0, 0, None)


def test_what_the_thinking_took_is_past_when_the_chunk_comes(queue):
    queue.add(ramp(0.0), T0, now_ns=T0 + 350 * MS)

    assert due(queue, 350) == 3.5  # between two steps: any control rate will do
    assert due(queue, 400) == 4.0
    assert due(queue, 1999) == 19.0  # the last lasts as long as the others
    assert due(queue, 2000) is None
    assert due(queue, -1) is None  # the clock went back
    assert (queue.left_s(T0 + 1500 * MS), queue.length(T0 + 1500 * MS)) == (0.5, 5)


def test_a_chunk_of_one_action_is_that_action(queue):
    queue.add(ramp(7.0, steps=1), T0, T0)
    assert (due(queue, 0), due(queue, 99), due(queue, 100)) == (7.0, 7.0, None)


def test_one_chunk_goes_over_into_the_next_with_growing_weight(queue):
    queue.add(ramp(0.0, 0.0), T0, T0)
    assert queue.add(ramp(8.0, 0.0), T0 + 200 * MS, T0 + 500 * MS)

    assert [due(queue, ms) for ms in (500, 600, 700, 800, 900, 1000)] == [0.0, 2.0, 4.0, 6.0, 8.0, 8.0]
    assert queue.gap == 8.0
    assert queue.due(T0 + 600 * MS).observed_ns == T0 + 200 * MS


def test_where_the_last_chunk_is_over_the_next_takes_over_at_once(queue):
    queue.add(ramp(0.0, 0.0, steps=3), T0, T0)
    queue.add(ramp(8.0, 0.0), T0 + 200 * MS, T0 + 500 * MS)
    assert (due(queue, 500), queue.gap) == (8.0, 0.0)


def test_chunks_that_come_too_late_or_out_of_order_are_not_used(queue):
    assert not queue.add(ramp(0.0), T0, T0 + 2000 * MS)
    assert queue.add(ramp(1.0, 0.0), T0 + 100 * MS, T0 + 200 * MS)
    assert not queue.add(ramp(2.0), T0, T0 + 300 * MS)
    assert due(queue, 300) == 1.0


def test_actions_count_only_while_their_observation_is_young():
    queue = ActionQueue(fps=10.0, blend_s=0.4, watchdog_s=0.8)
    queue.add(ramp(0.0), T0, T0 + 100 * MS)
    assert due(queue, 800) == 8.0
    assert due(queue, 801) is None
    assert queue.left_s(T0 + 300 * MS) == pytest.approx(0.5)


def test_a_continuation_lies_on_the_last_chunks_steps(queue):
    queue.add(ramp(0.0), T0, T0)
    continued = queue.continued(T0 + 520 * MS, thinking_s=0.31)

    np.testing.assert_array_equal(continued.overlap.raw[:, 0], np.arange(5, 20, dtype=np.float32) / 10)
    assert (continued.overlap.delay_steps, continued.begin_ns) == (4, T0 + 500 * MS)
    queue.add(ramp(5.0), T0 + 520 * MS, T0 + 830 * MS, continued.begin_ns)
    assert due(queue, 830) == pytest.approx(8.3)  # no blending, and no seam
    assert queue.gap == pytest.approx(0.0, abs=1e-5)


def test_nothing_is_left_to_continue_at_the_end_and_no_more_is_carried_out_than_there_is(queue):
    queue.add(ramp(0.0), T0, T0)
    assert queue.continued(T0 + 1960 * MS, 0.1) is None
    assert queue.continued(T0 + 1500 * MS, 99.0).overlap.delay_steps == 5


def test_a_cleared_queue_is_empty(queue):
    queue.add(ramp(0.0), T0, T0)
    queue.clear()
    assert due(queue, 100) is None
