# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from spoken import room, spoken

from waymark.voice import VoiceConfig, utterances_in
from waymark.voice.utterances import BEFORE, FRAME, RATE_HZ

BEFORE_S, FRAME_S, PAUSE_S = BEFORE * FRAME / RATE_HZ, FRAME / RATE_HZ, 0.6


def cut(samples: np.ndarray, step: int = 1600, **settings: float) -> list:
    blocks = (samples[i : i + step] for i in range(0, len(samples), step))
    return list(utterances_in(blocks, VoiceConfig(**settings)))


def test_what_is_said_between_pauses_is_one_utterance_with_a_little_before_and_the_pause_behind():
    found = cut(spoken(6.0, [(1.5, 2.5), (4.0, 4.7)]))

    assert [u.begin_s for u in found] == pytest.approx([1.5 - BEFORE_S, 4.0 - BEFORE_S], abs=3 * FRAME_S)
    assert [u.end_s for u in found] == pytest.approx([2.5 + PAUSE_S, 4.7 + PAUSE_S], abs=2 * FRAME_S)
    assert found[0].samples.dtype == np.float32


def test_the_length_of_the_blocks_does_not_matter():
    samples = spoken(6.0, [(1.5, 2.5), (4.0, 4.7)])
    whole = cut(samples, len(samples))
    for step in (1, 319, 320, 7001):
        found = cut(samples, step)
        assert [u.begin_s for u in found] == [u.begin_s for u in whole]
        for one, other in zip(found, whole, strict=True):
            np.testing.assert_array_equal(one.samples, other.samples)


def test_a_short_pause_is_part_of_what_is_said():
    assert len(cut(spoken(5.0, [(1.0, 1.5), (1.9, 2.6)]))) == 1
    assert len(cut(spoken(5.0, [(1.0, 1.5), (1.9, 2.6)]), pause_s=0.3)) == 2


@pytest.mark.parametrize(
    'samples',
    [
        pytest.param(np.zeros(0, np.float32), id='nothing'),
        pytest.param(np.zeros(319, np.float32), id='less than a frame'),
        pytest.param(np.zeros(5 * RATE_HZ, np.float32), id='digital silence'),
        pytest.param(room(5.0), id='a quiet room'),
        pytest.param(spoken(5.0, [(2.0, 2.1)]), id='a click'),
        pytest.param(spoken(5.0, [(2.0, 3.0)], amplitude=0.003), id='a murmur'),
    ],
)
def test_silence_and_clicks_are_none(samples):
    assert cut(samples) == []


def test_a_noise_that_goes_on_is_taken_for_speech_once_and_speech_above_it_is_still_found():
    samples = room(12.0, amplitude=0.02)
    samples[8 * RATE_HZ : 9 * RATE_HZ] += 10 * room(1.0, seed=5, amplitude=0.02)
    found = cut(samples)

    assert len(found) == 2
    assert found[0].begin_s == 0.0
    assert found[0].end_s < 2.0
    assert found[1].begin_s == pytest.approx(8.0 - BEFORE_S, abs=3 * FRAME_S)


def test_who_does_not_stop_is_cut_and_the_end_of_the_sound_ends_it():
    found = cut(spoken(9.0, [(1.0, 9.0)]), longest_s=3.0)

    assert [u.end_s - u.begin_s for u in found[:2]] == pytest.approx([3.0, 3.0], abs=FRAME_S)
    assert found[-1].end_s == pytest.approx(9.0, abs=FRAME_S)
