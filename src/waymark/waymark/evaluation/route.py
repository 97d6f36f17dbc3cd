# SPDX-License-Identifier: Apache-2.0
"""Figures of repeated routes: how far beside the taught way, how often to its end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape

_SETTLE_S = 5.0  # after an event and after knowing again where it is, in which the way back to the route is flown


@dataclass
class FlightLog:
    """One repetition.

    Attributes:
        taught_m: (N, 2) exact places that the teaching passed.
        end_m: (2,) where it should end.
        stamps_s: Of each image.
        places_m: Exact place at each image.
        follows: Whether the follower was on the route by its own account, at each image.
        sees: Whether it believed a sighting of the route in that image.
        is_done: Whether it said that the end is reached.
        event_s: When it was carried off or blinded; None: never.
        sight_s: From when on it could see again after the event.
        open_loop_m: (M,) how far beside the way the same vehicle is without its camera, after the first third.
        vision_ms: Time of the follower per image.
        largest_m: Beside the way after convergence, from the end, and while blind, that still counts as success.
    """

    taught_m: NDArray[np.float64]
    end_m: NDArray[np.float64]
    stamps_s: list[float] = field(default_factory=list)
    places_m: list[tuple[float, float]] = field(default_factory=list)
    follows: list[bool] = field(default_factory=list)
    sees: list[bool] = field(default_factory=list)
    is_done: bool = False
    event_s: float | None = None
    sight_s: float | None = None
    open_loop_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    vision_ms: list[float] = field(default_factory=list)
    largest_m: float = 5.0

    @property
    def lateral_m(self) -> NDArray[np.float64]:
        """(K,) distance of each place from the taught way, m."""
        return distances(np.array(self.places_m).reshape(-1, 2), self.taught_m)

    @property
    def resumed_s(self) -> float | None:
        """When it saw the route again after the event; None: never, or there was none."""
        if self.sight_s is None:
            return None
        return next((t for t, sees in zip(self.stamps_s, self.sees, strict=True) if sees and t > self.sight_s), None)

    @property
    def relocalize_s(self) -> float:
        """Time until the route is followed: after the event where there is one, else from the start; inf: never."""
        if self.event_s is not None and self.sight_s is not None:
            return math.inf if self.resumed_s is None else self.resumed_s - self.sight_s
        first = next((t for t, f in zip(self.stamps_s, self.follows, strict=True) if f), math.inf)
        return first - self.stamps_s[0] if self.stamps_s else math.inf

    @property
    def converged(self) -> NDArray[np.bool_]:
        """(K,) whether a place counts: after the first third, and not while an event is being recovered from."""
        stamps = np.array(self.stamps_s)
        counts = np.arange(len(stamps)) >= len(stamps) // 3
        if self.event_s is not None:
            resumed = self.resumed_s
            until = math.inf if resumed is None else resumed + _SETTLE_S
            counts &= (stamps < self.event_s) | (stamps >= until)
        return counts

    @property
    def held_m(self) -> float | None:
        """Farthest from where it was blinded, until it could see again; None without such an event."""
        if self.event_s is None or self.sight_s is None or self.sight_s <= self.event_s:
            return None
        stamps, places = np.array(self.stamps_s), np.array(self.places_m).reshape(-1, 2)
        blind = (stamps >= self.event_s) & (stamps < self.sight_s)
        if not blind.any():
            return None
        return float(np.hypot(*(places[blind] - places[blind][0]).T).max())

    @property
    def is_success(self) -> bool:
        """End reached, never far off after convergence, and where it was lost it held and resumed."""
        if not self.is_done or not self.converged.any():
            return False
        end = float(np.hypot(*(np.array(self.places_m[-1]) - self.end_m)))
        held = self.held_m
        return (
            end <= self.largest_m
            and float(self.lateral_m[self.converged].max()) <= self.largest_m
            and (held is None or held <= self.largest_m)
            and math.isfinite(self.relocalize_s)
        )


def distances(points_m: NDArray[np.float64], way_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point from a polyline, m.

    Args:
        points_m: (K, 2).
        way_m: (N, 2), N >= 2.
    """
    require_shape('points_m', points_m, ('K', 2))
    require_shape('way_m', way_m, ('N', 2))
    starts, edges = way_m[:-1], np.diff(way_m, axis=0)
    lengths = np.maximum((edges**2).sum(axis=1), 1e-12)
    offsets = points_m[:, None] - starts
    share = np.clip((offsets * edges).sum(axis=2) / lengths, 0.0, 1.0)
    return np.asarray(np.linalg.norm(offsets - share[..., None] * edges, axis=2).min(axis=1, initial=np.inf))


def figures(logs: Sequence[FlightLog]) -> dict[str, float]:
    """Means over flights; lateral errors over all images that count.

    Raises:
        ValueError: There are no flights.
    """
    if not logs:
        raise ValueError('figures: no flights')
    lateral = np.concatenate([log.lateral_m[log.converged] for log in logs])
    times = [log.relocalize_s for log in logs]
    known = [t for t in times if math.isfinite(t)]
    open_loop = np.concatenate([log.open_loop_m for log in logs])
    values = {
        'flights': len(logs),
        'success_rate': sum(log.is_success for log in logs) / len(logs),
        'lateral_error_mean_m': _rounded(lateral.mean() if len(lateral) else math.nan),
        'lateral_error_p95_m': _rounded(np.percentile(lateral, 95) if len(lateral) else math.nan),
        'lateral_error_max_m': _rounded(lateral.max(initial=0.0) if len(lateral) else math.nan),
        'relocalize_s': _rounded(max(known) if known else math.nan),
        'relocalize_median_s': _rounded(float(np.median(known)) if known else math.nan),
        'never_relocalized': len(times) - len(known),
        'open_loop_p95_m': _rounded(np.percentile(open_loop, 95) if len(open_loop) else math.nan),
        'vision_ms': _rounded(float(np.median(np.concatenate([log.vision_ms for log in logs])))),
    }
    held = [log.held_m for log in logs if log.held_m is not None]
    return values | ({'held_within_m': _rounded(max(held))} if held else {})


def _rounded(value: float) -> float:
    return round(float(value), 3)
