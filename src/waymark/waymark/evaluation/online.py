# SPDX-License-Identifier: Apache-2.0
"""How well the node's recognizer knows places on a stream: each image may only match those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.evaluation.figures import recall_at
from waymark.evaluation.places import score_answers
from waymark.evaluation.places_run import Answer
from waymark.evaluation.truth import Truth
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
    whole = replace(config, keyframe_similarity=1.0, exclude_recent=exclude_recent, exclude_recent_s=0.0)
    return replace(whole, search_every=1)


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
    same = np.asarray(same_place & np.tril(np.ones_like(same_place), -exclude_recent - 1), np.bool_)
    found = score_answers([_answer(a) for a in answers], Truth(same, np.ones(len(answers), np.bool_)))
    wrong = [a.score for row, a in zip(same, answers, strict=True) if a.candidate is None or not row[a.candidate]]
    nearest = [[a.nearest is not None and bool(row[a.nearest])] for row, a in zip(same, answers, strict=True)]
    loops = np.asarray(same.any(axis=1), np.bool_)
    accepted, wrong_accepted = int(found['accepted']), int(found['wrong_accepted'])
    return OnlineResult(
        images=len(answers),
        loop_frames=int(loops.sum()),
        recall_at_100_precision=found['recall_at_100_precision'],
        threshold=max(wrong, default=0) + 1,
        candidate_recall=found['recall_at_1'],
        recall_at_1=recall_at(np.array(nearest, np.bool_).reshape(-1, 1), loops, 1),
        accepted=accepted,
        wrong_accepted=wrong_accepted,
        accepted_recall=(accepted - wrong_accepted) / max(int(loops.sum()), 1),
    )


def _answer(said: OnlineAnswer) -> Answer:
    ranked = [] if said.candidate is None else [said.candidate]
    score = -np.inf if said.candidate is None else float(said.score)
    return Answer(np.array(ranked, np.int64), score, said.candidate if said.accepted else None)
