# SPDX-License-Identifier: Apache-2.0
"""Searches a recording: a similarity per frame, then its moments, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from waymark.encoding import Encoder
from waymark.errors import ConfigError, QueryError
from waymark.places.keyframes import shows_something
from waymark.search.moments import Moment, find_moments
from waymark.search.pictures import Pictures
from waymark.search.query import Query
from waymark.search.rerank import FEATURES_SIDE_PX, verified_inliers
from waymark.search.result import FoundMoment, SearchOptions, SearchResult
from waymark.search.walk import Progress, Walk
from waymark.sources import SourceFrame, is_live, kind_of

_LOOKED_AT = 100  # moments that are compared by local features, or five times as many as are wanted


@dataclass(frozen=True)
class _Seen:
    """One frame that was compared; `time_s` since the first one, `similarity` NaN where it shows nothing."""

    frame: int
    stamp_ns: int
    time_s: float
    name: str
    similarity: float


def search_recording(
    uri: str, query: Query, encoder: Encoder, options: SearchOptions | None = None, progress: Progress | None = None
) -> SearchResult:
    """Rank the moments of a recording by their similarity to a query.

    Args:
        uri: Video, folder of images or bag, as image_source takes it; not a live one.
        query: Made by `encoder`.
        encoder: Of images.
        options: How.
        progress: Told how many frames have been read.

    Returns:
        The moments. A recording that ends too early gives those of the part that could be read, and a note.

    Raises:
        SourceError: The recording can't be read at all.
        ConfigError: It is live, or `rerank` does not go with a text.
        QueryError: No frame of it shows anything.
        ValueError: The query was made by another encoder.
    """
    options = options or SearchOptions()
    rate_hz, gap_s = _checked(uri, options, query)
    if query.fingerprint != encoder.fingerprint:
        raise ValueError('query: made by another encoder than the one given')
    walk, pictures = Walk(uri, rate_hz, progress), Pictures(gap_s / 2, FEATURES_SIDE_PX if options.rerank else 640)
    seen = [_compared(walk, item, query, encoder, pictures) for item in walk]
    if not pictures.numbers:
        raise QueryError(f'{uri}: none of its {walk.count} frames shows anything that could be found.')
    similarity = np.array([s.similarity for s in seen], np.float32)
    peaks = np.searchsorted([s.frame for s in seen], pictures.numbers).tolist()
    most = max(_LOOKED_AT, 5 * options.top) if options.rerank else options.top
    moments = find_moments(np.array([s.time_s for s in seen]), similarity, peaks, gap_s, most)
    found = _found(moments, seen, pictures, query, options)
    usual = float(np.nanmedian(similarity))
    return SearchResult(tuple(found[: options.top]), walk.count, len(seen), walk.duration_s, usual, walk.note)


def _checked(uri: str, options: SearchOptions, query: Query) -> tuple[float, float]:
    """Rate and gap, where the options name none: a video's frames follow each other, a folder's need not."""
    if options.top < 1:
        raise ConfigError(f'--top: must be at least 1, got {options.top}')
    if options.rerank and query.frame is None:
        raise ConfigError('--rerank compares local features with those of an image, and a text has none. Leave it out.')
    if is_live(uri):
        raise ConfigError(f'{uri!r} is live; only recordings can be searched. Record it first: waymark run --record.')
    rate_hz, gap_s = (0.0, 0.0) if kind_of(uri) == 'folder' else (5.0, 2.0)
    return (
        rate_hz if options.rate_hz is None else options.rate_hz,
        gap_s if options.gap_s is None else options.gap_s,
    )


def _compared(walk: Walk, item: SourceFrame, query: Query, encoder: Encoder, pictures: Pictures) -> _Seen:
    frame, time_s, similarity = item.frame, walk.duration_s, float('nan')
    if shows_something(frame.gray):
        similarity = float(encoder.encode(frame.rgb).vector @ query.vector)
        pictures.offer(walk.frame, time_s, similarity, frame.rgb)
    return _Seen(walk.frame, frame.header.stamp_ns, time_s, item.name, similarity)


def _found(
    moments: Sequence[Moment], seen: Sequence[_Seen], pictures: Pictures, query: Query, options: SearchOptions
) -> list[FoundMoment]:
    """The moments with their pictures, best first."""
    peaks = [seen[m.peak] for m in moments]
    shown = [pictures.picture(p.frame) for p in peaks]
    inliers: Sequence[int | None] = [None] * len(peaks)
    if options.rerank and query.frame is not None:
        inliers = verified_inliers(query.frame, [(s, p.similarity) for s, p in zip(shown, peaks, strict=True)])
    found = [
        FoundMoment(
            p.time_s, seen[m.first].time_s, seen[m.last].time_s, p.stamp_ns, p.frame, p.name, p.similarity, count, s
        )
        for m, p, count, s in zip(moments, peaks, inliers, shown, strict=True)
    ]
    return sorted(found, key=lambda f: (-(f.inliers or 0), -f.similarity))
