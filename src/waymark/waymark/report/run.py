# SPDX-License-Identifier: Apache-2.0
"""What a report knows about a run: the small messages of a recording, decoded and in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.report.reader import Recording

LOCALIZATION_STATES = ('LOST', 'CANDIDATE', 'LOCALIZED')  # waymark_msgs/msg/Localization
TARGET_STATES = ('SEARCHING', 'TRACKING', 'LOST')  # waymark_msgs/msg/PlanarTarget


@dataclass(frozen=True)
class LocalizationSample:
    """One answer of the place recognition; `state` is an index into LOCALIZATION_STATES."""

    stamp_ns: int
    state: int
    best_similarity: float
    keyframe_count: int


def was_compared(samples: Iterable[LocalizationSample]) -> bool:
    """Whether any image had a keyframe old enough to be compared with; the similarity stays 0 until then."""
    return any(s.best_similarity != 0 for s in samples)


@dataclass(frozen=True, eq=False)
class MatchSample:
    """One verified match of an image (the query) with a keyframe; H_cur_ref maps keyframe px to query px."""

    stamp_ns: int
    keyframe_id: int
    keyframe_stamp_ns: int
    similarity: float
    inliers: int
    H_cur_ref: NDArray[np.float64]


@dataclass(frozen=True)
class KeyframeSample:
    """One keyframe; `position_m` in the map, None where it has no pose."""

    stamp_ns: int
    keyframe_id: int
    fingerprint: str
    position_m: tuple[float, float, float] | None


@dataclass(frozen=True, eq=False)
class TargetSample:
    """One target in one image; `state` is an index into TARGET_STATES, `corners_px` (4, 2) or None."""

    stamp_ns: int
    target_id: str
    state: int
    corners_px: NDArray[np.float64] | None
    quality: float
    inliers: int


@dataclass(frozen=True, eq=False)
class BoxesSample:
    """Objects in one image: boxes (N, 5) cx, cy, w, h in px, theta in rad; '' as track id where there is none."""

    stamp_ns: int
    boxes: NDArray[np.float64]
    names: tuple[str, ...]
    track_ids: tuple[str, ...]


@dataclass(frozen=True)
class RouteSample:
    """Feedback of teach_route or repeat_route.

    Attributes:
        stamp_ns: When it was recorded.
        goal: Which goal it belongs to.
        progress: 0 to 1 of a repetition; None while a route is taught.
        lateral_m: To the left of the route.
        state: Index into LOCALIZATION_STATES.
        keyframes: Of the route so far, while it is taught. length_m: likewise.
    """

    stamp_ns: int
    goal: str
    progress: float | None
    lateral_m: float = 0.0
    state: int = 0
    keyframes: int = 0
    length_m: float = 0.0


@dataclass(frozen=True)
class PositionSample:
    """Where the vehicle was: metres in the map, or degrees and metres for NavSatFix."""

    stamp_ns: int
    x: float
    y: float
    z: float


@dataclass(frozen=True)
class StatusSample:
    """One DiagnosticStatus; level 0 OK, 1 WARN, 2 ERROR, 3 STALE."""

    stamp_ns: int
    name: str
    hardware_id: str
    level: int
    message: str
    values: dict[str, str]


@dataclass(frozen=True)
class LogSample:
    """One line of /rosout; `stamp_ns` is that of the last image or result before (rosout has wall time)."""

    stamp_ns: int
    level: int
    name: str
    message: str


@dataclass
class Run:
    """All of the above, and the stamps at which large messages (images, embeddings) can be fetched.

    Lists are in file order, per topic where a topic name is the key.
    """

    recording: Recording
    localizations: list[LocalizationSample] = field(default_factory=list)
    matches: list[MatchSample] = field(default_factory=list)
    keyframes: list[KeyframeSample] = field(default_factory=list)
    targets: list[TargetSample] = field(default_factory=list)
    boxes: list[BoxesSample] = field(default_factory=list)
    routes: list[RouteSample] = field(default_factory=list)
    positions: dict[str, list[PositionSample]] = field(default_factory=lambda: defaultdict(list))
    statuses: list[StatusSample] = field(default_factory=list)
    logs: list[LogSample] = field(default_factory=list)
    image_stamps: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    embedding_stamps: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def stamps_ns(self) -> NDArray[np.int64]:
        """Stamps of all images that a result or the image itself tells of, sorted, each once."""
        known = [s.stamp_ns for s in self.localizations] + [t.stamp_ns for t in self.targets]
        known += [b.stamp_ns for b in self.boxes]
        known += [s for stamps in self.image_stamps.values() for s in stamps] + self.embedding_stamps
        return np.unique(np.asarray(known, np.int64))

    @cached_property
    def span_ns(self) -> tuple[int, int]:
        """First and last stamp, or log time where no message has a stamp; (0, 0) where there is nothing."""
        stamps = self.stamps_ns
        if len(stamps):
            return int(stamps[0]), int(stamps[-1])
        others = [s.stamp_ns for samples in self.positions.values() for s in samples]
        if others:
            return min(others), max(others)
        return self.recording.log_span_ns or (0, 0)

    def seconds(self, stamp_ns: int) -> float:
        """Seconds since the start of the run."""
        return (stamp_ns - self.span_ns[0]) / 1e9


def stamp_of(header: Any) -> int:
    """Nanoseconds of a std_msgs/Header or builtin_interfaces/Time."""
    time = getattr(header, 'stamp', header)
    return int(time.sec) * 1_000_000_000 + int(time.nanosec)
