# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from waymark.report.plots import TimeAxis
from waymark.report.reader import Recording, TopicInfo
from waymark.report.run import LocalizationSample, Run, TargetSample
from waymark.report.sections.localization import localization
from waymark.report.sections.summary import verdict


def run_of(similarities: list[float], keyframes: int, state: int = 0) -> Run:
    topic = TopicInfo('/localization', 'waymark_msgs/msg/Localization', len(similarities))
    run = Run(Recording(Path('run.mcap'), 0, {topic.name: topic}))
    for i, similarity in enumerate(similarities):
        run.localizations.append(LocalizationSample(10**9 * (i + 1), state, similarity, keyframes))
    return run


@pytest.mark.parametrize(
    ('similarities', 'keyframes', 'text'),
    [
        ([0, 0, 0], 0, 'Nothing to recognize in 3 frames (no keyframe).'),
        ([0, 0, 0], 2, 'Too few keyframes to recognize a place again (2 from 3 frames).'),
        ([0, 0, 0.4], 2, 'Not localized in any of 3 frames (2 keyframes in the map).'),
    ],
)
def test_what_was_not_recognized_is_told_from_what_could_not_be(similarities, keyframes, text):
    assert verdict(run_of(similarities, keyframes), None) == text


def test_no_curve_is_drawn_where_nothing_was_compared():
    assert localization(run_of([0, 0], 2), TimeAxis(1.0)).similarity == ''
    assert localization(run_of([0, 0.4], 2), TimeAxis(1.0)).similarity != ''


def test_a_target_without_a_name_is_called_what_it_is():
    run = run_of([0], 1)
    run.targets.append(TargetSample(10**9, 'first_frame', 1, np.zeros((4, 2)), 1.0, 90))
    assert verdict(run, None).endswith('; first view tracked in 1 frame.')
