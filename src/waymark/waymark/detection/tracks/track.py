# SPDX-License-Identifier: Apache-2.0
"""One object that is followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.boxes import canonical
from waymark.detection.tracks.motion import SIZE, BoxState

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OrientedTrack:
    """What is told about an object in an image.

    Attributes:
        track_id: The same for one object for as long as it is followed; from 1 up.
        box: (5,) cx, cy, w, h in px, theta in rad, canonical.
        covariance: (5, 5) of the box, px and rad.
        velocity: (5,) of the box, per s, seen in the image as it moves.
        class_name: Of most of the scores so far.
        score: Of the last box that was seen.
        detection: Which of the image's boxes it is; None: none of them, the box is where it was expected.
    """

    track_id: int
    box: Floats
    covariance: Floats
    velocity: Floats
    class_name: str
    score: float
    detection: int | None

    @property
    def is_seen(self) -> bool:
        """Whether this image shows it."""
        return self.detection is not None


def told(state: BoxState, track_id: int, class_name: str, score: float, detection: int | None) -> OrientedTrack:
    """A track as it is published: sides in px, in the canonical form."""
    box = state.box
    J = np.diag([1.0, 1.0, box[2], box[3], 1.0])
    covariance = J @ state.covariance[:SIZE, :SIZE] @ J
    velocity = J @ state.mean[SIZE:]
    if box[2] < box[3]:
        swapped = [0, 1, 3, 2, 4]
        covariance, velocity = covariance[np.ix_(swapped, swapped)], velocity[swapped]
    return OrientedTrack(track_id, canonical(box), covariance, velocity, class_name, score, detection)
