# SPDX-License-Identifier: Apache-2.0
"""Follow oriented boxes: two-stage association as in ByteTrack, by ProbIoU, with a filter that knows rotation.

Y. Zhang et al.: ByteTrack: multi-object tracking by associating every detection box, 2022. Sure boxes are matched first
with all tracks; what is left of the tracks may be continued by unsure boxes; sure boxes that are left begin tracks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waymark.boxes import canonical
from waymark.detection.result import Detections
from waymark.detection.tracks.config import BoxTrackerConfig
from waymark.detection.tracks.matching import matched
from waymark.detection.tracks.motion import SIZE, BoxStates, begun, carried, corrected, expected, noise_of
from waymark.detection.tracks.shared import shared_motion
from waymark.detection.tracks.track import OrientedTrack, told

Floats = NDArray[np.float64]

SECOND_NS = 10**9
NOISE_RATE = 0.02  # weight of one box in what is known of the detector's noise
NOISE_RANGE = 1.0, 8.0  # times the configured share: less than that the rates' own noise may feign
SLOW_PASSES = 0.5  # of the variance of errors that stay for half a second: the filter's mean takes out the rest
LOST_CAMERA = 0.3  # standard deviation of a jolt that the boxes do not agree on, shares of the size
FORGIVING = 4.0  # a box that is off by more than this often what is expected tells nothing of the noise


@dataclass(eq=False)
class _Followed:
    """One track's memory."""

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

    Attributes:
        config: As given.
    """

    def __init__(self, config: BoxTrackerConfig | None = None) -> None:
        """Start with no track."""
        self.config = config or BoxTrackerConfig()
        self._tracks: list[_Followed] = []
        self._states = begun(np.empty((0, SIZE)), 1.0, 1.0)  # of the tracks, in their order
        self._stamp_ns: int | None = None
        self._next_id = 1
        self._noise = 1.0

    @property
    def noise_share(self) -> float:
        """What the edges of boxes are thought to be off by, as a share of their sides."""
        return self.config.box_noise * self._noise

    def reset(self) -> None:
        """Forget all tracks, not the ids: those are never given twice."""
        self._tracks, self._states, self._stamp_ns = [], self._states[[]], None

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
        sure = np.flatnonzero(detections.scores >= self.config.track_score)
        unsure = np.flatnonzero(detections.scores < self.config.track_score)
        just_seen = [k for k, t in enumerate(self._tracks) if t.seen_ns == self._stamp_ns]
        if H_cur_prev is None:
            self._follow_jolt(just_seen, detections.boxes)
        left = self._continue(list(range(len(self._tracks))), detections, sure, self.config.match_overlap, stamp_ns)
        missed = [k for k, t in enumerate(self._tracks) if t.seen_ns != stamp_ns and (t.track_id or k in just_seen)]
        self._continue(missed, detections, unsure, self.config.weak_overlap, stamp_ns)
        self._stamp_ns = stamp_ns
        self._forget(stamp_ns)
        self._begin(detections, left, stamp_ns)
        return self._told(detections.class_names)

    def _foresee(self, stamp_ns: int, H_cur_prev: Floats | None) -> None:
        if self._stamp_ns is None:
            return
        for track in self._tracks:
            track.detection = None
        states = self._states if H_cur_prev is None else carried(self._states, H_cur_prev)
        dt_s = (stamp_ns - self._stamp_ns) / SECOND_NS
        config = self.config
        self._states = expected(states, dt_s, config.speed_change, config.turn_change, config.sideways)

    def _follow_jolt(self, just_seen: list[int], boxes: Floats) -> None:
        """Take the camera's motion from what the boxes have in common."""
        before = self._states[just_seen]
        places = before.covariance[:, :2, :2] + noise_of(before.boxes, self.noise_share)[:, :2, :2]
        motion = shared_motion(before.boxes, places, boxes)
        after = self._states if motion is None else carried(self._states, motion.H)
        if motion is None:
            doubt = (LOST_CAMERA * after.sizes)[:, None, None] ** 2 * np.eye(2)
        else:
            doubt = motion.unsure(self._states.mean[:, :2])
        covariance = after.covariance.copy()
        covariance[:, :2, :2] += doubt
        self._states = BoxStates(after.mean, covariance)

    def _continue(
        self, tracks: list[int], found: Detections, which: NDArray[np.intp], least: float, stamp_ns: int
    ) -> NDArray[np.intp]:
        """Continue tracks by the boxes `which`; returns those that continue none."""
        boxes, states = found.boxes[which], self._states[tracks]
        may = np.ones((len(tracks), len(which)), bool)
        if self.config.match_classes:
            classes = np.array([self._tracks[k].class_index for k in tracks], int)
            may = classes[:, None] == found.classes[which][None]
        pairs = matched(canonical(states.boxes), states.covariance[:, :2, :2], boxes, may, least)
        if pairs:
            self._see([tracks[k] for k, _ in pairs], found, which[[box for _, box in pairs]], stamp_ns)
        return np.delete(which, [box for _, box in pairs])

    def _see(self, which: list[int], found: Detections, boxes: NDArray[np.intp], stamp_ns: int) -> None:
        states, squares = corrected(self._states[which], found.boxes[boxes], self.noise_share)
        self._states = self._states.changed(which, states)
        tracks = [self._tracks[k] for k in which]
        # Of a new one the velocity is not known yet.
        ratios = [s / SIZE for s, t in zip(squares, tracks, strict=True) if t.track_id and s < FORGIVING * SIZE]
        self._noise = float(np.clip(self._noise * np.prod(ratios) ** (NOISE_RATE / 2), *NOISE_RANGE))
        for track, index in zip(tracks, boxes, strict=True):
            track.score, track.seen_ns, track.detection = float(found.scores[index]), stamp_ns, int(index)
            track.classes[int(found.classes[index])] += 1
            track.hits += 1
            self._confirm(track)

    def _confirm(self, track: _Followed) -> None:
        if not track.track_id and track.hits >= self.config.confirm_after:
            track.track_id, self._next_id = self._next_id, self._next_id + 1

    def _forget(self, stamp_ns: int) -> None:
        longest = self.config.keep_lost_s * SECOND_NS
        kept = [
            k
            for k, t in enumerate(self._tracks)
            if t.seen_ns == stamp_ns or (t.track_id and stamp_ns - t.seen_ns <= longest)
        ]
        self._tracks, self._states = [self._tracks[k] for k in kept], self._states[kept]

    def _begin(self, found: Detections, which: NDArray[np.intp], stamp_ns: int) -> None:
        self._states = self._states.joined(begun(found.boxes[which], self.noise_share, self.config.sideways))
        for index in which:
            track = _Followed(float(found.scores[index]), stamp_ns, int(index), Counter({int(found.classes[index]): 1}))
            self._confirm(track)
            self._tracks.append(track)

    def _told(self, class_names: tuple[str, ...]) -> tuple[OrientedTrack, ...]:
        which = [k for k, t in enumerate(self._tracks) if t.track_id]
        boxes, covariances, velocities = told(
            self._states[which], self.noise_share * (SLOW_PASSES * self.config.slow_noise) ** 0.5
        )
        return tuple(
            OrientedTrack(t.track_id, *row, class_names[t.class_index], t.score, t.detection)
            for t, row in zip(
                (self._tracks[k] for k in which), zip(boxes, covariances, velocities, strict=True), strict=True
            )
        )
