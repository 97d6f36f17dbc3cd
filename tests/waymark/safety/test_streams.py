# SPDX-License-Identifier: Apache-2.0
"""Random streams, as bad as they come: what goes out keeps every limit; see tests/support/safety_streams.py."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safety_streams import KINDS, TICKS, Stream, run_batch

BATCH, BATCHES = 250, 8  # streams of a batch, batches of an example
seeds = st.integers(0, 2**32)
unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(unhurried, max_examples=200)
@given(seed=seeds, kind=st.integers(0, KINDS - 1))
def test_no_stream_gets_anything_past_a_limit(seed, kind):
    Stream(seed, kind).run()


@pytest.fixture(scope='module')
def workers():
    """A process per core; not forked from this one, which may have threads of ROS."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context('spawn')) as pool:
        yield pool


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_none_of_a_hundred_thousand_streams_gets_anything_past_a_limit(workers):
    examples = []

    @settings(unhurried, max_examples=50, derandomize=True)
    @given(seed=st.integers(0, 2**24))
    def play(seed):
        followed = list(workers.map(run_batch, range(seed, seed + BATCHES), [BATCH] * BATCHES))
        assert min(followed) > 0
        examples.append(seed)

    play()
    assert len(examples) * BATCHES * BATCH >= 100_000


@pytest.mark.parametrize('kind', range(KINDS))
def test_most_ticks_of_such_streams_do_follow_a_source(kind):
    followed = sum(Stream(seed, kind).run() for seed in range(10))
    assert followed > 0.3 * 10 * TICKS
