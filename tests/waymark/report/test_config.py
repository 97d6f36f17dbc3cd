# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from waymark.errors import ConfigError
from waymark.report.config import RecorderConfig, facts_of, recording_path

NOON = datetime(2026, 3, 4, 12, 5, 6)


@pytest.mark.parametrize(
    ('path', 'file'),
    [
        ('', 'out/20260304-120506/run.mcap'),
        ('/bags/a', '/bags/a/run.mcap'),
        ('/bags/a/b.mcap', '/bags/a/b.mcap'),
    ],
)
def test_a_recording_goes_to_its_file_its_folder_or_one_named_by_the_time(path, file):
    assert recording_path(RecorderConfig(path=path), NOON) == Path(file)


@pytest.mark.parametrize(
    'wrong',
    [
        {'flush_period_s': 1.5},
        {'flush_period_s': 0.0},
        {'image_format': 'png'},
        {'jpeg_quality': 0},
        {'image_every': 0},
    ],
)
def test_values_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        RecorderConfig.from_mapping(wrong)


def test_facts_are_keys_and_values_and_the_last_of_a_key_counts():
    facts = ('input=sim:ground?seed=7', 'place = north field', 'input=again')
    assert facts_of(RecorderConfig(facts=facts)) == {'input': 'again', 'place': 'north field'}
    assert facts_of(RecorderConfig()) == {}


@pytest.mark.parametrize('text', ['sunny', '=sunny', ''])
def test_a_fact_without_a_key_is_refused_by_name(text):
    with pytest.raises(ConfigError, match=f"facts: '{text}' is not key=value"):
        facts_of(RecorderConfig(facts=(text,)))
