# SPDX-License-Identifier: Apache-2.0
"""Finds the moments of a recording that show what an image shows, or what a text says."""

from waymark.search.moments import Moment, find_moments
from waymark.search.query import Query, image_query, text_query
from waymark.search.recording import search_recording
from waymark.search.result import FoundMoment, SearchOptions, SearchResult

__all__ = [
    'FoundMoment',
    'Moment',
    'Query',
    'SearchOptions',
    'SearchResult',
    'find_moments',
    'image_query',
    'search_recording',
    'text_query',
]
