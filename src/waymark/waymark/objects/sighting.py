# SPDX-License-Identifier: Apache-2.0
"""What is told about one image."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.detection import Detections
from waymark.detection.tracks import OrientedTrack


@dataclass(frozen=True)
class Sighting:
    """Objects of one image.

    Attributes:
        detections: The boxes, with the classes that are in use; best score first as the detector gave them.
        track_ids: Of each box; None where it is not (yet) followed.
        tracks: All that is followed, the longest first; those that the image does not show are where they are expected.
        motion: How the camera's motion was taken into account, in words.
        others: Of each box, what else it may be: names and scores, best first; () where crops do not tell.
    """

    detections: Detections
    track_ids: tuple[int | None, ...]
    tracks: tuple[OrientedTrack, ...]
    motion: str
    others: tuple[tuple[tuple[str, float], ...], ...] = ()
