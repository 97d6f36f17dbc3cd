# SPDX-License-Identifier: Apache-2.0
"""One object that is followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.boxes import canonical
from waymark.detection.tracks.motion import SIZE, BoxStates, noise_of, sure_elongation

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


def told(states: BoxStates, slow_share: float) -> tuple[Floats, Floats, Floats]:
    """Boxes (N, 5), covariances (N, 5, 5) and velocities (N, 5) as published: sides in px, in the canonical form.

    Errors of a detector that stay for as long as the filter remembers pass it: they come on top of its own doubt.

    Args:
        states: Of the tracks.
        slow_share: Their standard deviation, see noise_of.
    """
    boxes = states.boxes
    slow = noise_of(boxes, slow_share, sure_elongation(states)) if slow_share else 0.0
    J = np.ones_like(boxes)
    J[:, 2:4] = boxes[:, 2:4]
    covariance = (states.covariance[:, :SIZE, :SIZE] + slow) * J[:, :, None] * J[:, None]
    velocity = states.mean[:, SIZE:] * J
    is_swapped = boxes[:, 2] < boxes[:, 3]
    order = np.where(is_swapped[:, None], [0, 1, 3, 2, 4], np.arange(SIZE))
    rows = np.arange(len(boxes))[:, None]
    return canonical(boxes), covariance[rows[..., None], order[:, :, None], order[:, None]], velocity[rows, order]
