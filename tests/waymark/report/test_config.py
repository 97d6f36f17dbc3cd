# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from waymark.errors import ConfigError
from waymark.report.config import RecorderConfig, recording_path

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
