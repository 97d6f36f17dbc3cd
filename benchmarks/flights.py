# SPDX-License-Identifier: Apache-2.0
"""A drone with a recognizer over known ground: what `kidnap.py` and `repeat_flight.py` fly and count alike."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.encoding import Encoder
from waymark.places import Localization, PlaceRecognizer, PlacesConfig, PlaceState
from waymark.types import Frame, Header
from waymark_sim.ortho import OrthoRenderer

Pose = NDArray[np.float64]  # T_map_base
RATE_HZ = 5.0


class Robot:
    """The recognizer with a camera that can be put anywhere."""

    def __init__(self, encoder: Encoder) -> None:
        # No new keyframe after mapping: what was learned outside must not be recognized there.
        self.config = PlacesConfig(exclude_recent=0)
        self.encoder, self.recognizer = encoder, PlaceRecognizer.from_config(self.config)
        self.stamp_ns, self.ms = 0, []

    def forget(self) -> None:
        """Not know where it is: as after a start with a map from a file."""
        known = self.recognizer.keyframes
        self.recognizer = PlaceRecognizer.from_config(self.config)
        self.recognizer.load(known, self.encoder.fingerprint)

    def see(self, rgb: NDArray[np.uint8], keep: bool) -> Localization:
        """Take the next image; `keep` while mapping."""
        self.stamp_ns += round(1e9 / RATE_HZ)
        frame = Frame(Header(self.stamp_ns), rgb)
        start = time.perf_counter()
        vector = self.encoder.encode(frame.rgb).vector
        said = self.recognizer.observe(frame, vector, self.encoder.fingerprint, keep=keep)
        self.ms.append(1000 * (time.perf_counter() - start))
        return said


def survey(robot: Robot, renderer: OrthoRenderer, poses: Iterable[Pose]) -> dict[int, Pose]:
    """Map the ground; where each keyframe was taken, by id."""
    kept = {}
    for number, T in enumerate(poses):
        said = robot.see(renderer.render(T, number), keep=True)
        if said.new_keyframe is not None:
            kept[said.new_keyframe.keyframe_id] = T
    return kept


@dataclass(frozen=True)
class Flown:
    """What came of a flight.

    Attributes:
        first: Number of the first image LOCALIZED, from 0; None: never.
        localized: Images LOCALIZED.
        wrong: Those of them whose match shares no ground with them.
        states: After each image.
    """

    first: int | None
    localized: int
    wrong: int
    states: tuple[PlaceState, ...]


def fly(robot: Robot, renderer: OrthoRenderer, poses: Iterable[Pose], kept: Mapping[int, Pose] | None) -> Flown:
    """Fly without mapping; `kept` None: over ground of which there is no map, where every match is wrong."""
    first, localized, wrong, states = None, 0, 0, []
    for number, T in enumerate(poses):
        said = robot.see(renderer.render(T, number), keep=False)
        states.append(said.state)
        if said.match is None:
            continue
        first = number if first is None else first
        localized += 1
        wrong += int(kept is None or not share_ground(renderer, T, kept[said.match.keyframe_id]))
    return Flown(first, localized, wrong, tuple(states))


def share_ground(renderer: OrthoRenderer, T: Pose, there: Pose) -> bool:
    """Whether the views from two poses, however turned, can overlap."""
    return bool(np.linalg.norm(there[:2, 3] - T[:2, 3]) <= reach_m(renderer, T[2, 3] + there[2, 3]))


def reach_m(renderer: OrthoRenderer, altitude_m: float) -> float:
    """How far from below the camera its picture's corners lie, m."""
    width, height = renderer.camera.size_wh
    return float(altitude_m * np.hypot(width, height) / 2 / renderer.camera.K[0, 0])
