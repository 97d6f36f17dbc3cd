# SPDX-License-Identifier: Apache-2.0
"""Classify a recording: one row per image, and the stretches that have one label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.classification import Classified, StreamClassifier
from waymark.encoding import Encoder
from waymark.labelling.sources import encoded, thumbnail
from waymark.types import NANOSECONDS, Frame

PICTURE_PX = 640  # longer side of the pictures that are kept for sheet and description


@dataclass(frozen=True)
class Row:
    """What one image is.

    Attributes:
        number: Of the image in the recording, from 0.
        stamp_ns: Of the image.
        found: Its class.
    """

    number: int
    stamp_ns: int
    found: Classified


@dataclass(frozen=True, eq=False)
class Stretch:
    """Images in a row that have one label.

    Attributes:
        label: Theirs.
        first, last: Numbers of the images, both included.
        first_ns, last_ns: Their stamps.
        score: Mean over the images.
        best: Number of the image with the highest score.
        best_score: That score.
        picture: JPEG of that image, at most 640 px.
        description: What a model said of it; '' where none was asked.
    """

    label: str
    first: int
    last: int
    first_ns: int
    last_ns: int
    score: float
    best: int
    best_score: float
    picture: bytes
    description: str = ''

    @property
    def count(self) -> int:
        """Number of images."""
        return self.last - self.first + 1

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The best image, (H, W, 3)."""
        image = cv2.imdecode(np.frombuffer(self.picture, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None  # we wrote it
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def classify_frames(
    frames: Iterable[Frame], encoder: Encoder, classifier: StreamClassifier, each: Callable[[], None] = lambda: None
) -> Iterator[tuple[Row, Frame]]:
    """Encode and classify images in order.

    Args:
        frames: Stamps increase.
        encoder: Must be the one that the classifier takes.
        classifier: Keeps its past: a new recording asks for a new one, or for `clear`.
        each: Called after each image.

    Raises:
        ModelError: The classifier takes another encoder.
    """
    classifier.require_fingerprint(encoder.fingerprint, encoder.model_id)
    for number, frame in enumerate(frames):
        found = classifier.observe(encoded(encoder, frame), frame.header.stamp_ns)
        yield Row(number, frame.header.stamp_ns, found), frame
        each()


class Stretches:
    """Joins rows that have one label; keeps one picture of each stretch."""

    def __init__(self, each_alone: bool = False) -> None:
        """Start with none.

        Args:
            each_alone: Pictures that have nothing to do with one another: each is a stretch of its own.
        """
        self._each_alone = each_alone
        self._closed: list[Stretch] = []
        self._open: Stretch | None = None

    def add(self, row: Row, frame: Frame) -> None:
        """Take the next image."""
        last = self._open
        if last is None or self._each_alone or last.label != row.found.label:
            if last is not None:
                self._closed.append(last)
            stamps = row.stamp_ns, row.stamp_ns
            score = row.found.score
            self._open = Stretch(
                row.found.label, row.number, row.number, *stamps, score, row.number, score, _jpeg(frame)
            )
            return
        score = last.score + (row.found.score - last.score) / (last.count + 1)
        grown = replace(last, last=row.number, last_ns=row.stamp_ns, score=score)
        if row.found.score > last.best_score:
            best = {'best': row.number, 'best_score': row.found.score, 'picture': _jpeg(frame)}
            grown = replace(grown, **best)  # type: ignore[arg-type]
        self._open = grown

    def all(self) -> list[Stretch]:
        """Those that ended, and the one that is going on."""
        return self._closed + ([self._open] if self._open is not None else [])


def changes_per_100(stretches: list[Stretch]) -> float:
    """How often the label changes in a hundred images."""
    images = sum(s.count for s in stretches)
    return 100.0 * (len(stretches) - 1) / images if images else 0.0


def seconds(stamp_ns: int, first_ns: int) -> float:
    """Seconds since the first image."""
    return (stamp_ns - first_ns) / NANOSECONDS


def _jpeg(frame: Frame) -> bytes:
    picture = cv2.cvtColor(thumbnail(frame.rgb, PICTURE_PX), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return data.tobytes()
