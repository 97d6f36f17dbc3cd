# SPDX-License-Identifier: Apache-2.0
"""Call boxes by what their crops show: by words, or by labelled examples, each track in the light of its past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waymark.classification import UNKNOWN, Classified
from waymark.detection import Detections
from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.errors import ConfigError
from waymark.labelling import load_classifier
from waymark.labelling.classifier import read_text_model
from waymark.objects.config import ObjectsConfig
from waymark.objects.crops import crop
from waymark.types import NANOSECONDS

Progress = Callable[[str, float], None]

_NOTHING = Classified(UNKNOWN, 1.0, ())


class BoxNamer:
    """Names boxes. Not thread-safe: one image after another.

    Attributes:
        labels: That it may give; the last is `unknown`.
        skipped: Boxes of the last image whose crops were not looked at.
    """

    def __init__(self, config: ObjectsConfig, encoder: Encoder, progress: Progress | None = None) -> None:
        """Encode the classes, or read the examples.

        Args:
            config: With classes or examples.
            encoder: Of the crops.
            progress: Told of long work.

        Raises:
            ConfigError: Neither classes nor examples, or what they say can't be.
            ModelError: Examples or text tower are not what they should be, or belong to another encoder.
        """
        self._encoder, self._most = encoder, config.max_crops
        self._keep_ns = round(max(config.max_gap_s, config.keep_lost_s) * NANOSECONDS)
        self._classifier = load_classifier(config, progress)
        self._classifier.require_fingerprint(encoder.fingerprint, encoder.model_id)
        self.labels = (*(label for label in self._classifier.classifier.labels if label != UNKNOWN), UNKNOWN)
        self._known: dict[int, tuple[int, Classified]] = {}  # by track: when it was looked at, and what it is
        self.skipped = 0

    def name(
        self, rgb: NDArray[np.uint8], found: Detections, track_ids: Sequence[int | None], stamp_ns: int
    ) -> list[Classified]:
        """Say what each box is.

        Args:
            rgb: (H, W, 3) uint8.
            found: The boxes.
            track_ids: Of each; None where it is not followed.
            stamp_ns: Of the image.

        Returns:
            One for each box; `unknown` where nothing fits well enough, or too many wait for their turn.
        """
        self._known = {k: v for k, v in self._known.items() if 0 <= stamp_ns - v[0] <= self._keep_ns}
        chosen = self._next(found, track_ids)
        self.skipped = len(found) - len(chosen)
        if chosen:
            vectors = np.stack([self._encoder.encode(crop(rgb, found.boxes[i])).vector for i in chosen])
            keys = [f'box {i}' if track_ids[i] is None else str(track_ids[i]) for i in chosen]
            fresh = dict(zip(chosen, self._classifier.observe_all(vectors, keys, stamp_ns), strict=True))
        else:
            fresh = {}
        for index, named in fresh.items():
            track = track_ids[index]
            if track is not None:
                self._known[track] = stamp_ns, named
        return [fresh.get(i) or self.known(track_ids[i]) for i in range(len(found))]

    def known(self, track_id: int | None) -> Classified:
        """What a track was last; `unknown` where it was never looked at."""
        return _NOTHING if track_id is None else self._known.get(track_id, (0, _NOTHING))[1]

    def clear(self) -> None:
        """Forget what came before."""
        self._known.clear()
        self._classifier.clear()

    def _next(self, found: Detections, track_ids: Sequence[int | None]) -> list[int]:
        """Which boxes are looked at: new tracks, then those that waited longest, then what is not followed."""

        def turn(index: int) -> tuple[bool, int, float]:
            track = track_ids[index]
            seen_ns = self._known.get(track, (-1, _NOTHING))[0] if track is not None else 0
            return track is None, seen_ns, -float(found.scores[index])

        return sorted(sorted(range(len(found)), key=turn)[: self._most])


def load_crop_encoder(config: ObjectsConfig, progress: Progress | None = None) -> Encoder | None:
    """Load what encodes crops; None where none is asked for.

    Raises:
        ConfigError: Examples without the encoder that they were made with.
        ModelError: The encoder is broken; or there are no examples and it takes no texts.
        BackendUnavailable: The backend's library or device is missing.
        ParityError: It does not compute what its reference did.
    """
    if not config.encoder:
        if config.examples:
            raise ConfigError('examples: they need the encoder that embedded them. Name it as encoder.')
        return None
    if not config.examples:
        read_text_model(config.encoder)
    wanted = EncoderConfig(encoder=config.encoder, device=config.device, threads=config.threads, text=False)
    return load_encoder(wanted, progress)


def with_classes(config: ObjectsConfig, classes: Sequence[str]) -> ObjectsConfig:
    """The configuration with other words for classes, in place of examples too."""
    return replace(config, classes=tuple(classes), examples='')
