# SPDX-License-Identifier: Apache-2.0
"""Follow oriented boxes: two-stage association as in ByteTrack, by ProbIoU, with a filter that knows rotation.

Y. Zhang et al.: ByteTrack: multi-object tracking by associating every detection box, 2022. Sure boxes are matched first
with all tracks; what is left of the tracks that were just seen may be continued by unsure boxes; sure boxes that are
left begin tracks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waymark.boxes import canonical
from waymark.detection.result import Detections
from waymark.detection.tracks.config import BoxTrackerConfig
from waymark.detection.tracks.matching import matched, shared_motion
from waymark.detection.tracks.motion import SIZE, BoxState, begun, carried, corrected, expected, jolted
from waymark.detection.tracks.track import OrientedTrack, told

Floats = NDArray[np.float64]

SECOND_NS = 10**9
NOISE_RATE = 0.02  # weight of one box in what is known of the detector's noise
NOISE_RANGE = 1.0, 8.0  # times the configured share: less than that the rates' own noise may feign
FORGIVING = 4.0  # a box that is off by more than this often what is expected tells nothing of the noise


@dataclass(eq=False)
class _Followed:
    """One track's memory."""

    state: BoxState
    score: float
    seen_ns: int
    detection: int | None  # its place among the boxes of the last image
    classes: Counter[int] = field(default_factory=Counter)
    track_id: int = 0  # 0 until confirmed
    hits: int = 1

    @property
    def class_index(self) -> int:
        return self.classes.most_common(1)[0][0]


class BoxTracker:
    """Gives boxes of successive images stable ids, velocities and covariances.

    Not thread-safe: one image after another.
    """

    def __init__(self, config: BoxTrackerConfig | None = None) -> None:
        """Start with no track."""
        self._config = config or BoxTrackerConfig()
        self._tracks: list[_Followed] = []
        self._stamp_ns: int | None = None
        self._next_id = 1
        self._noise = 1.0

    @property
    def noise_share(self) -> float:
        """What the edges of boxes are thought to be off by, as a share of their sides."""
        return self._config.box_noise * self._noise

    def reset(self) -> None:
        """Forget all tracks, not the ids: those are never given twice."""
        self._tracks, self._stamp_ns = [], None

    def update(
        self, detections: Detections, stamp_ns: int, H_cur_prev: Floats | None = None
    ) -> tuple[OrientedTrack, ...]:
        """Take the boxes of the next image.

        Args:
            detections: What was found in it, unsure boxes too.
            stamp_ns: Of the image; a stamp that is not later than the last one begins anew.
            H_cur_prev: (3, 3) homography from pixels of the image before to pixels of this one; None: it is taken from
                what most objects have in common.

        Returns:
            All confirmed tracks, the longest first; those that this image does not show are where they are expected.
        """
        if self._stamp_ns is not None and stamp_ns <= self._stamp_ns:
            self.reset()
        self._foresee(stamp_ns, H_cur_prev)
        sure = np.flatnonzero(detections.scores >= self._config.track_score)
        unsure = np.flatnonzero(detections.scores < self._config.track_score)
        just_seen = [t for t in self._tracks if t.seen_ns == self._stamp_ns]
        if H_cur_prev is None:
            self._follow_jolt(just_seen, detections.boxes[sure])
        left = self._continue(self._tracks, detections, sure, self._config.match_overlap, stamp_ns)
        missed = [t for t in just_seen if t.seen_ns != stamp_ns]
        self._continue(missed, detections, unsure, self._config.weak_overlap, stamp_ns)
        self._stamp_ns = stamp_ns
        self._forget(stamp_ns)
        self._begin(detections, left, stamp_ns)
        return self._told(detections.class_names)

    def _foresee(self, stamp_ns: int, H_cur_prev: Floats | None) -> None:
        if self._stamp_ns is None:
            return
        dt_s = (stamp_ns - self._stamp_ns) / SECOND_NS
        for track in self._tracks:
            track.detection = None
            state = track.state if H_cur_prev is None else carried(track.state, H_cur_prev)
            track.state = expected(state, dt_s, self._config.speed_change, self._config.turn_change)

    def _follow_jolt(self, just_seen: list[_Followed], boxes: Floats) -> None:
        where = np.array([t.state.box for t in just_seen]).reshape(-1, SIZE)
        H = shared_motion(where, boxes)
        for track in self._tracks:
            before = track.state
            track.state = jolted(before if H is None else carried(before, H), None if H is None else before)

    def _continue(
        self, tracks: list[_Followed], found: Detections, which: NDArray[np.intp], least: float, stamp_ns: int
    ) -> NDArray[np.intp]:
        """Continue tracks by the boxes `which`; returns those that continue none."""
        boxes = found.boxes[which]
        where = np.array([t.state.box for t in tracks]).reshape(-1, SIZE)
        may = np.ones((len(tracks), len(which)), bool)
        if self._config.match_classes:
            may = np.array([t.class_index for t in tracks]).reshape(-1, 1) == found.classes[which][None]
        unsure = np.array([t.state.covariance[:2, :2] for t in tracks]).reshape(-1, 2, 2)
        pairs = matched(canonical(where), unsure, boxes, may, least)
        for index, box in pairs:
            self._see(tracks[index], found, int(which[box]), stamp_ns)
        return np.delete(which, [box for _, box in pairs])

    def _see(self, track: _Followed, found: Detections, index: int, stamp_ns: int) -> None:
        track.state, square = corrected(track.state, found.boxes[index], self.noise_share)
        ratio = square / SIZE
        if track.track_id and ratio < FORGIVING:  # of a new one the velocity is not known yet
            self._noise = float(np.clip(self._noise * ratio ** (NOISE_RATE / 2), *NOISE_RANGE))
        track.score, track.seen_ns, track.detection = float(found.scores[index]), stamp_ns, index
        track.classes[int(found.classes[index])] += 1
        track.hits += 1
        self._confirm(track)

    def _confirm(self, track: _Followed) -> None:
        if not track.track_id and track.hits >= self._config.confirm_after:
            track.track_id, self._next_id = self._next_id, self._next_id + 1

    def _forget(self, stamp_ns: int) -> None:
        longest = self._config.keep_lost_s * SECOND_NS
        self._tracks = [
            t for t in self._tracks if t.seen_ns == stamp_ns or (t.track_id and stamp_ns - t.seen_ns <= longest)
        ]

    def _begin(self, found: Detections, which: NDArray[np.intp], stamp_ns: int) -> None:
        for index in which:
            state = begun(found.boxes[index], self.noise_share)
            classes = Counter({int(found.classes[index]): 1})
            track = _Followed(state, float(found.scores[index]), stamp_ns, int(index), classes)
            self._confirm(track)
            self._tracks.append(track)

    def _told(self, class_names: tuple[str, ...]) -> tuple[OrientedTrack, ...]:
        return tuple(
            told(t.state, t.track_id, class_names[t.class_index], t.score, t.detection)
            for t in self._tracks
            if t.track_id
        )
