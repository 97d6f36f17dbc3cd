# SPDX-License-Identifier: Apache-2.0
"""How well places are recognized online: each image may only match those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.places.config import PlacesConfig
from waymark.places.recognizer import PlaceRecognizer
from waymark.types import Frame

Encode = Callable[[Frame], NDArray[np.float32]]


@dataclass(frozen=True)
class OnlineAnswer:
    """What the recognizer said about one image; keyframe ids are image numbers, as every image is a keyframe.

    Attributes:
        candidate: The image it finds most alike by local features, or None.
        score: Its verification score (inliers); 0 without a candidate.
        nearest: The image with the most similar embedding, or None.
        accepted: Whether the state was LOCALIZED.
    """

    candidate: int | None
    score: int
    nearest: int | None
    accepted: bool


@dataclass(frozen=True)
class OnlineResult:
    """Figures of one run.

    Attributes:
        images: Number of images.
        loop_frames: Images whose place was seen before, outside the excluded ones.
        recall_at_100_precision: Accept by score alone, with the lowest threshold that accepts no wrong match:
            the share of loop frames that are then accepted.
        threshold: That score must be reached; every wrong match scores less.
        candidate_recall: Share of loop frames whose best supported candidate is right, at any score.
        recall_at_1: Share of loop frames whose most similar embedding is right.
        accepted: Images LOCALIZED by the recognizer's own parameters.
        wrong_accepted: Those of them whose match is another place.
        accepted_recall: Share of loop frames accepted rightly.
    """

    images: int
    loop_frames: int
    recall_at_100_precision: float
    threshold: int
    candidate_recall: float
    recall_at_1: float
    accepted: int
    wrong_accepted: int
    accepted_recall: float


def every_image(config: PlacesConfig, exclude_recent: int) -> PlacesConfig:
    """Change a configuration so that every image is a keyframe and the last `exclude_recent` can't match."""
    return replace(config, keyframe_similarity=1.0, exclude_recent=exclude_recent, exclude_recent_s=0.0)


def run_online(frames: Iterable[Frame], encode: Encode, fingerprint: str, config: PlacesConfig) -> list[OnlineAnswer]:
    """Show images to a recognizer one by one.

    Args:
        frames: In order.
        encode: Gives an image's unit vector (D,).
        fingerprint: Of the encoder.
        config: Must make every image a keyframe (see every_image).

    Raises:
        ValueError: An image did not become a keyframe, so that ids would no longer be image numbers.
    """
    recognizer = PlaceRecognizer.from_config(config)
    answers = []
    for number, frame in enumerate(frames):
        said = recognizer.observe(frame, encode(frame), fingerprint)
        if said.new_keyframe is None:
            raise ValueError(f'image {number} did not become a keyframe: set keyframe_similarity to 1')
        candidate = said.match or said.candidate
        answers.append(
            OnlineAnswer(
                None if candidate is None else candidate.keyframe_id,
                0 if candidate is None else candidate.inliers,
                said.nearest_id,
                said.match is not None,
            )
        )
    return answers


def score_online(answers: Sequence[OnlineAnswer], same_place: NDArray[np.bool_], exclude_recent: int) -> OnlineResult:
    """Compare answers with the truth.

    Args:
        answers: One per image.
        same_place: (N, N), true at [i, j] where images i and j < i show one place; the rest is not read.
        exclude_recent: As in the run.
    """
    require_shape('same_place', same_place, (len(answers), len(answers)))
    n = len(answers)
    loops = np.array([same_place[i, : max(i - exclude_recent, 0)].any() for i in range(n)], np.bool_)
    right = np.array(
        [a.candidate is not None and bool(same_place[i, a.candidate]) for i, a in enumerate(answers)],
        np.bool_,
    )
    nearest = np.array(
        [a.nearest is not None and bool(same_place[i, a.nearest]) for i, a in enumerate(answers)], np.bool_
    )
    scores = np.array([a.score for a in answers])
    accepted = np.array([a.accepted for a in answers], np.bool_)
    threshold = int(scores[~right].max(initial=0)) + 1
    loop_frames = int(loops.sum())
    share = 1 / max(loop_frames, 1)
    return OnlineResult(
        images=n,
        loop_frames=loop_frames,
        recall_at_100_precision=float((right & (scores >= threshold)).sum() * share),
        threshold=threshold,
        candidate_recall=float(right.sum() * share),
        recall_at_1=float(nearest.sum() * share),
        accepted=int(accepted.sum()),
        wrong_accepted=int((accepted & ~right).sum()),
        accepted_recall=float((accepted & right).sum() * share),
    )
