# SPDX-License-Identifier: Apache-2.0
"""Inputs: videos, folders of images, bags, cameras, streams, the simulator; all seen as frames in order."""

from waymark.sources.base import Source, SourceFrame, SourceInfo
from waymark.sources.config import ImageSourceConfig
from waymark.sources.open import is_live, kind_of, open_source

__all__ = ['ImageSourceConfig', 'Source', 'SourceFrame', 'SourceInfo', 'is_live', 'kind_of', 'open_source']
