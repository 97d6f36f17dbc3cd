# SPDX-License-Identifier: Apache-2.0
"""Recall without labels, or with positions: how often the most alike image shows the right place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.training.looks import change_look, turn_camera
from waymark.training.recordings import Recording

Encode = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (N, H, W, 3) uint8 to (N, D) unit vectors
_QUERY_SEED = 90_001  # of the changed views: the same before and after


@dataclass(frozen=True, eq=False)
class RecallTest:
    """Queries, a database, and which of it is right.

    Attributes:
        queries: (Q, H, W, 3) uint8.
        database: (N, H, W, 3) uint8.
        right: (Q, N) bool; each query has at least one.
        how: What was done, for the report.
    """

    queries: NDArray[np.uint8]
    database: NDArray[np.uint8]
    right: NDArray[np.bool_]
    how: str


def recall_at_1(test: RecallTest, encode: Encode) -> float:
    """Share of queries whose most alike image of the database, by cosine, is right."""
    similarity = encode(test.queries) @ encode(test.database).T
    best = similarity.argmax(axis=1)
    return float(test.right[np.arange(len(best)), best].mean())


def build_test(
    recording: Recording, held_out: int, neighbours: int, strength: float, radius_m: float
) -> RecallTest | None:
    """Make the test that a recording allows.

    With positions, the held-out frames are looked for among those trained on; right is what lies within the radius,
    and frames where the vehicle had not been before don't count. Without, each held-out frame is looked for in the
    whole recording through a turned camera and in another light; right is the frame itself and its neighbours. That
    says how well views under change are told apart, not whether another day's would be.

    Args:
        recording: The frames.
        held_out: How many at the end are not trained on.
        neighbours: Frames to either side that count as the same place.
        strength: Of the changes.
        radius_m: As above.

    Returns:
        The test, None when no held-out frame comes back to where one was before.
    """
    frames, start = recording.frames, len(recording.frames) - held_out
    if recording.positions_m is not None:
        apart = np.linalg.norm(recording.positions_m[start:, None] - recording.positions_m[None, :start], axis=2)
        right = apart <= radius_m
        seen = right.any(axis=1)
        how = f'{int(seen.sum())} held-out frames among the {start} trained on, right within {radius_m:g} m'
        return RecallTest(frames[start:][seen], frames[:start], right[seen], how) if seen.any() else None
    rng = np.random.default_rng(_QUERY_SEED)
    changed = np.stack([change_look(turn_camera(f, rng, strength), rng, strength) for f in frames[start:]])
    numbers = np.arange(len(frames))
    right = np.abs(numbers[start:, None] - numbers[None]) <= neighbours
    how = f'{held_out} held-out frames, turned and in another light, among all {len(frames)}; right within {neighbours}'
    return RecallTest(changed, frames, right, f'{how} frames')
