# SPDX-License-Identifier: Apache-2.0
"""Robot episodes in lerobot's formats: read v2.1 and v3.0, write v3.0, without torch."""

from __future__ import annotations

from waymark.datasets.info import DatasetInfo, Feature
from waymark.datasets.plan import RecordingPlan
from waymark.datasets.reading import Dataset, Episode, Step
from waymark.datasets.writing import DatasetWriter

__all__ = ['Dataset', 'DatasetInfo', 'DatasetWriter', 'Episode', 'Feature', 'RecordingPlan', 'Step']
