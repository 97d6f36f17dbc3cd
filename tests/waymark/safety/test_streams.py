# SPDX-License-Identifier: Apache-2.0
"""Random streams, as bad as they come: what goes out keeps every limit; see tests/support/safety_streams.py."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safety_streams import KINDS, TICKS, Stream, run_batch

STREAMS, PARTS = 100_000, 8  # parts, for each process to take one
seeds = st.integers(0, 2**32)
unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(unhurried, max_examples=200)
@given(seed=seeds, kind=st.integers(0, KINDS - 1))
def test_no_stream_gets_anything_past_a_limit(seed, kind):
    Stream(seed, kind).run()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize('part', range(PARTS))
def test_none_of_a_hundred_thousand_streams_gets_anything_past_a_limit(part):
    assert run_batch(part, STREAMS // PARTS) > 0


@pytest.mark.parametrize('kind', range(KINDS))
def test_most_ticks_of_such_streams_do_follow_a_source(kind):
    followed = sum(Stream(seed, kind).run() for seed in range(10))
    assert followed > 0.3 * 10 * TICKS
