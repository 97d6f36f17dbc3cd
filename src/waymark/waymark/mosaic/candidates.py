# SPDX-License-Identifier: Apache-2.0
"""Which pairs of frames are worth matching: neighbours in time, neighbours in space, frames that look alike."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.mosaic.config import MosaicConfig
from waymark.mosaic.view import View

Pair = tuple[int, int]
ALL_PAIRS = 24  # as many frames or fewer are all tried with each other
_VOTERS = 160  # features of each frame that vote
_CHOICES = 12  # nearest features that each of them looks at
_BLOCK = 8  # frames that vote at a time


def first_pairs(
    views: list[View],
    config: MosaicConfig,
    places_m: NDArray[np.float64] | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> list[Pair]:
    """List pairs (a < b) before anything is known of where frames lie.

    Args:
        views: In the order of the input.
        config: How many neighbours and look-alikes.
        places_m: (N, 2) where frames were taken, m; NaN where that is not known; None: nowhere.
        advance: Told how many of how many frames were looked up.
    """
    count = len(views)
    if count <= ALL_PAIRS:
        return [(a, b) for a in range(count) for b in range(a + 1, count)]
    pairs = {(a, a + step) for step in range(1, config.neighbours + 1) for a in range(count - step)}
    if places_m is not None:
        pairs |= _nearest(places_m, config.candidates)
    pairs |= _alike(views, config.candidates, advance)
    return sorted(pairs)


def _nearest(places_m: NDArray[np.float64], most: int) -> set[Pair]:
    known = np.flatnonzero(np.isfinite(places_m).all(axis=1))
    apart = np.linalg.norm(places_m[known, None] - places_m[None, known], axis=2)
    np.fill_diagonal(apart, np.inf)
    order = np.argsort(apart, axis=1, kind='stable')[:, : min(most, max(len(known) - 1, 0))]
    return {_pair(int(known[i]), int(known[j])) for i, row in enumerate(order) for j in row}


def _alike(views: list[View], most: int, advance: Callable[[int, int], None]) -> set[Pair]:
    """Pairs by votes: each of a frame's features votes for the frames whose features are nearest to it.

    The nearer than the last of its choices, the more a vote counts: a feature that looks like many others says
    nothing. Binary descriptors turn with the keypoint, so views from any side find each other.
    """
    descriptors, owner = _pool(views)
    pairs: set[Pair] = set()
    choices = min(_CHOICES + 1, len(owner))
    for start in range(0, len(views), _BLOCK):
        mine = np.flatnonzero((owner >= start) & (owner < start + _BLOCK))
        if len(mine) and choices > 1:
            distance, index = cv2.batchDistance(
                descriptors[mine], descriptors, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=choices
            )
            votes = np.zeros((_BLOCK, len(views)))
            _count(votes, owner[mine] - start, owner[np.asarray(index)], np.asarray(distance, np.float64))
            votes[np.arange(_BLOCK), np.minimum(np.arange(start, start + _BLOCK), len(views) - 1)] = 0.0
            pairs |= _elected(votes, start, most)
        advance(min(start + _BLOCK, len(views)), len(views))
    return pairs


def _pool(views: list[View]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Descriptors that vote, evenly picked from each view, and whose they are."""
    descriptors, owner = [], []
    for number, view in enumerate(views):
        features = view.features
        picked = np.linspace(0, len(features) - 1, min(_VOTERS, len(features))).astype(int)
        descriptors.append(features.descriptors[picked])
        owner.append(np.full(len(picked), number))
    return np.concatenate(descriptors), np.concatenate(owner).astype(np.intp)


def _count(
    votes: NDArray[np.float64], voter: NDArray[np.intp], chosen: NDArray[np.intp], distance: NDArray[np.float64]
) -> None:
    """Add votes (voters, all frames): each feature's, by how much nearer a choice is than its last one."""
    worth = (1.0 - distance / np.maximum(distance[:, -1:], 1.0)) ** 2
    np.add.at(votes, (voter[:, None], chosen), worth)


def _elected(votes: NDArray[np.float64], start: int, most: int) -> set[Pair]:
    order = np.argsort(-votes, axis=1, kind='stable')[:, :most]
    return {
        _pair(start + row, int(other)) for row, others in enumerate(order) for other in others if votes[row, other] > 0
    }


def overlapping_pairs(outlines: list[NDArray[np.float64]], least: float) -> list[Pair]:
    """List pairs (a < b) whose outlines share ground.

    Args:
        outlines: Of each frame on the ground, convex, (4, 2).
        least: Smallest share of the smaller outline's area.
    """
    boxes = np.array([np.r_[o.min(axis=0), o.max(axis=0)] for o in outlines])
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    near = np.argwhere(np.triu((high > low).all(axis=2), 1))
    corners = [np.asarray(o - boxes[0, :2], np.float32) for o in outlines]
    areas = [float(cv2.contourArea(c)) for c in corners]
    pairs = []
    for a, b in near:
        shared, _ = cv2.intersectConvexConvex(corners[a], corners[b])
        if shared > least * min(areas[a], areas[b]):
            pairs.append((int(a), int(b)))
    return pairs


def _pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)
