# SPDX-License-Identifier: Apache-2.0
"""From a similarity per frame to moments: neighbouring frames are one, and each moment is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape

# A moment lasts while similarity is above half way from the recording's usual value up to the moment's own peak, but at
# least so far below the peak: some times of what neighbouring frames differ by, for similarity wavers even where the
# camera stands still. Bounded, since neighbours differ by much where it moves fast.
_WAVERING, _LEAST_DROPS = 6.0, (0.02, 0.05)


@dataclass(frozen=True)
class Moment:
    """A stretch of a recording.

    Attributes:
        peak: Number of its most similar frame.
        first: Number of its first frame.
        last: Number of its last frame.
    """

    peak: int
    first: int
    last: int


def find_moments(
    times_s: NDArray[np.float64],
    similarity: NDArray[np.float32],
    peaks: Sequence[int],
    gap_s: float,
    most: int,
) -> list[Moment]:
    """Take the most similar frame, then the stretch around it out of the recording, and so on.

    Args:
        times_s: (N,) of the frames, s, increasing.
        similarity: (N,) to the query; NaN for frames that show nothing.
        peaks: Numbers of the frames that may stand for a moment.
        gap_s: Moments lie at least this far apart, and a dip that is shorter does not end one; 0: every frame is a
            moment of its own.
        most: Moments to find at most.

    Returns:
        Most similar peak first.
    """
    require_shape('similarity', similarity, times_s.shape)
    shown = np.isfinite(similarity)
    if not shown.any():
        return []
    usual, drop = float(np.median(similarity[shown])), _least_drop(similarity[shown])
    values = np.where(shown, similarity, -np.inf)
    is_taken = ~shown
    found: list[Moment] = []
    for peak in sorted(peaks, key=lambda i: (-values[i], i)):
        if len(found) == most:
            break
        if is_taken[peak]:
            continue
        moment = _around(int(peak), times_s, values, is_taken, (usual, drop), gap_s)
        found.append(moment)
        near = (times_s > times_s[moment.first] - gap_s) & (times_s < times_s[moment.last] + gap_s)
        is_taken |= near
        is_taken[moment.first : moment.last + 1] = True
    return found


def _least_drop(similarity: NDArray[np.float32]) -> float:
    wavers = float(np.median(np.abs(np.diff(similarity)))) if len(similarity) > 1 else 0.0
    return float(np.clip(_WAVERING * wavers, *_LEAST_DROPS))


def _around(
    peak: int,
    times_s: NDArray[np.float64],
    values: NDArray[np.float32],
    is_taken: NDArray[np.bool_],
    usual_and_drop: tuple[float, float],
    gap_s: float,
) -> Moment:
    if gap_s <= 0:
        return Moment(peak, peak, peak)
    usual, drop = usual_and_drop
    level = values[peak] - max((values[peak] - usual) / 2, drop)
    first, last = (_edge(peak, step, times_s, (values >= level), is_taken, gap_s) for step in (-1, 1))
    return Moment(peak, first, last)


def _edge(
    peak: int,
    step: int,
    times_s: NDArray[np.float64],
    is_high: NDArray[np.bool_],
    is_taken: NDArray[np.bool_],
    gap_s: float,
) -> int:
    """Last high frame before a dip of `gap_s`, or before another moment, going one way from the peak."""
    edge = number = peak
    while 0 <= number + step < len(times_s):
        number += step
        if abs(times_s[number] - times_s[edge]) > gap_s or (is_taken[number] and is_high[number]):
            break
        if is_high[number]:
            edge = number
    return edge
