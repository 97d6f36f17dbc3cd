# SPDX-License-Identifier: Apache-2.0
"""Matched places side by side: what the camera saw, and the keyframe it was recognized by."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.report.pictures import Picture, fetch, nearest_stamp, shown_stamps, spread
from waymark.report.plots import clock
from waymark.report.run import MatchSample, Run
from waymark.report.track import Track

_PAIRS = 12
_WIDTH_PX = 320
_NEAR_NS = 500_000_000  # where the recorder kept only every n-th image


@dataclass(frozen=True)
class Pair:
    """One match: both pictures, the keyframe's outline in the query (SVG points), and its numbers."""

    query: Picture
    keyframe: Picture
    outline: str
    query_time: str
    keyframe_time: str
    keyframe_id: int
    inliers: int
    similarity: str
    distance: str
    is_weakest: bool


def matched_places(run: Run, track: Track | None) -> list[Pair]:
    """A dozen matches spread over the run, among them the one with the fewest inliers; only those with images."""
    stamps = shown_stamps(run)
    usable = [
        (match, query, keyframe)
        for match in run.matches
        if (query := nearest_stamp(stamps, match.stamp_ns, _NEAR_NS)) is not None
        and (keyframe := nearest_stamp(stamps, match.keyframe_stamp_ns, _NEAR_NS)) is not None
    ]
    if not usable:
        return []
    chosen = spread(usable, _PAIRS, key=lambda u: u[0].stamp_ns)
    weakest = min(usable, key=lambda u: u[0].inliers)
    if weakest not in chosen and len(chosen) == _PAIRS:
        chosen[len(chosen) // 2] = weakest
    pictures = fetch(run, {s for _, q, k in chosen for s in (q, k)}, _WIDTH_PX)
    return [
        _pair(run, track, m, pictures[q], pictures[k], len(usable) > 1 and m is weakest[0])
        for m, q, k in sorted(chosen, key=lambda u: u[0].stamp_ns)
        if q in pictures and k in pictures
    ]


def _pair(
    run: Run, track: Track | None, match: MatchSample, query: Picture, keyframe: Picture, is_weakest: bool
) -> Pair:
    is_exact = query.stamp_ns == match.stamp_ns and keyframe.stamp_ns == match.keyframe_stamp_ns
    places = [track.at(s) for s in (match.stamp_ns, match.keyframe_stamp_ns)] if track else [None, None]
    apart = f'{math.dist(places[0], places[1]):.1f} m apart' if places[0] and places[1] else ''
    return Pair(
        query=query,
        keyframe=keyframe,
        outline=_outline(match.H_cur_ref, keyframe.size_wh) if is_exact else '',
        query_time=clock(run.seconds(match.stamp_ns), 1),
        keyframe_time=clock(run.seconds(match.keyframe_stamp_ns), 1),
        keyframe_id=match.keyframe_id,
        inliers=match.inliers,
        similarity=f'{match.similarity:.2f}',
        distance=apart,
        is_weakest=is_weakest,
    )


def _outline(H_cur_ref: NDArray[np.float64], size_wh: tuple[int, int]) -> str:
    """Corners of the keyframe's image in the query, as SVG points; '' where the homography is degenerate."""
    width, height = size_wh
    corners = np.array([[[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]], np.float64)
    if not np.isfinite(H_cur_ref).all() or abs(np.linalg.det(H_cur_ref)) < 1e-12:
        return ''
    depth = corners[0] @ H_cur_ref[2, :2] + H_cur_ref[2, 2]
    if not (np.all(depth > 0) or np.all(depth < 0)):
        return ''
    projected = cv2.perspectiveTransform(corners, H_cur_ref)[0]
    return ' '.join(f'{x:.1f},{y:.1f}' for x, y in projected)
