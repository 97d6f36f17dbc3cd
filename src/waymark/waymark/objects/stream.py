# SPDX-License-Identifier: Apache-2.0
"""One object per stream of images: finds, follows and names what is in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.classification import Classified
from waymark.classification.names import require_names
from waymark.detection import Detections, Detector
from waymark.detection.tracks import BoxTracker, CameraMotion, OrientedTrack
from waymark.encoding import Encoder
from waymark.errors import ConfigError
from waymark.objects.config import ObjectsConfig
from waymark.objects.naming import BoxNamer, load_crop_encoder, with_classes
from waymark.objects.sighting import Sighting

Progress = Callable[[str, float], None]

UNCOMPENSATED = 'uncompensated: no ego_homography leads from the image before to this one'


class ObjectStream:
    """Detector, tracker and names of one stream. Not thread-safe: one image after another.

    Attributes:
        detector: What finds boxes.
        labels: Classes that boxes may have now.
    """

    def __init__(
        self,
        detector: Detector,
        config: ObjectsConfig,
        encoder: Encoder | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Begin a stream.

        Args:
            detector: What finds boxes.
            config: How they are followed and named.
            encoder: Of crops, where boxes are named by them.
            progress: Told of long work.

        Raises:
            WaymarkError: Classes or examples of the configuration can't be.
        """
        self.detector, self._config, self._encoder = detector, config, encoder
        self._tracker, self._camera = BoxTracker(config), CameraMotion()
        self._namer: BoxNamer | None = None
        self._chosen: NDArray[np.int64] | None = None
        self._stamp_ns: int | None = None
        self.labels = detector.manifest.class_names
        if config.examples and encoder is not None:
            self._take(BoxNamer(config, encoder, progress))
        elif config.classes:
            self.set_classes(config.classes, progress)

    @classmethod
    def from_config(cls, config: ObjectsConfig, progress: Progress | None = None) -> ObjectStream:
        """Load detector and encoder.

        Raises:
            WaymarkError: A model, a backend or the classes are not what they should be.
        """
        return cls(Detector.from_config(config, progress), config, load_crop_encoder(config, progress), progress)

    @property
    def encoder(self) -> Encoder | None:
        """What encodes crops; None where boxes keep the detector's classes."""
        return self._encoder

    @property
    def unnamed(self) -> int:
        """Boxes of the last image whose crops had to wait."""
        return self._namer.skipped if self._namer is not None else 0

    def set_classes(self, classes: Sequence[str], progress: Progress | None = None) -> tuple[str, ...]:
        """Tell objects by other classes from now on; tracks go on.

        Args:
            classes: Any words where the encoder has a text tower, else names of the detector's classes; none: all of
                the detector's.
            progress: Told of long work.

        Returns:
            The labels that boxes may have.

        Raises:
            ConfigError: A name is empty, stands twice, or is not known and there is no text tower; all stays as it was.
            ModelError: The text tower can't say it.
        """
        own = self.detector.manifest.class_names
        if not classes:
            self._namer, self._chosen, self.labels = None, None, own
            return self.labels
        require_names('classes', classes)
        if self._encoder is not None:
            self._take(BoxNamer(with_classes(self._config, classes), self._encoder, progress))
            return self.labels
        unknown = [name for name in classes if name not in own]
        if unknown:
            shown = ', '.join(own[:20]) + (f' and {len(own) - 20} more' if len(own) > 20 else '')
            raise ConfigError(
                f'classes: {unknown[0]!r} is none of the model {self.detector.manifest.name!r} ({shown}). Name some of '
                'those, or start with an encoder that has a text tower to use any words.'
            )
        self._namer, self.labels = None, tuple(classes)
        self._chosen = np.array([own.index(name) for name in classes], np.int64)
        return self.labels

    def find(self, rgb: NDArray[np.uint8]) -> Detections:
        """Boxes of an image, with the detector's classes.

        Raises:
            ValueError: `rgb` is not a non-empty RGB uint8 image.
            ModelError: The model answered something that is not boxes.
        """
        found = self.detector.detect(rgb)
        return found if self._chosen is None else found.chosen(np.isin(found.classes, self._chosen))

    def add_motion(self, previous_ns: int, current_ns: int, H_cur_prev: ArrayLike) -> None:
        """Learn how the camera moved between two images; see CameraMotion.add."""
        self._camera.add(previous_ns, current_ns, H_cur_prev)

    def follow(self, rgb: NDArray[np.uint8], found: Detections, stamp_ns: int) -> Sighting:
        """Continue tracks by the boxes of the next image, and name them.

        Args:
            rgb: (H, W, 3) uint8, the image.
            found: What `find` found in it.
            stamp_ns: Its stamp; one that is not later than the last begins anew.
        """
        motion, tracks = self._tracked(found, stamp_ns)
        ids: list[int | None] = [None] * len(found)
        for track in tracks:
            if track.detection is not None:
                ids[track.detection] = track.track_id
        if self._namer is None:
            return Sighting(found, tuple(ids), tracks, motion)
        names = self._namer.name(rgb, found, ids, stamp_ns)
        tracks = tuple(_renamed(t, self._namer.known(t.track_id)) for t in tracks)
        others = tuple(_others(n, float(s), self._config.results) for n, s in zip(names, found.scores, strict=True))
        return Sighting(_named(found, names, self.labels), tuple(ids), tracks, motion, others)

    def reset(self) -> None:
        """The images that follow are no continuation."""
        self._tracker.reset()
        self._camera.clear()
        self._stamp_ns = None
        if self._namer is not None:
            self._namer.clear()

    def _take(self, namer: BoxNamer) -> None:
        self._namer, self._chosen, self.labels = namer, None, namer.labels

    def _tracked(self, found: Detections, stamp_ns: int) -> tuple[str, tuple[OrientedTrack, ...]]:
        """How the camera's motion was taken into account, and the tracks."""
        if not self._config.follow:
            return 'not followed', ()
        before, self._stamp_ns = self._stamp_ns, stamp_ns
        H = None if before is None else self._camera.between(before, stamp_ns)
        motion = 'compensated' if H is not None else 'first image' if before is None else UNCOMPENSATED
        best = np.sort(np.argsort(-found.scores, kind='stable')[: self._config.max_tracked])
        tracks = self._tracker.update(found.chosen(best), stamp_ns, H)
        return motion, tuple(t if t.detection is None else replace(t, detection=int(best[t.detection])) for t in tracks)


def _named(found: Detections, names: Sequence[Classified], labels: tuple[str, ...]) -> Detections:
    """Boxes with other classes; a score says how sure it is that there is something, and that it is this."""
    scores = found.scores * [named.score for named in names]
    return Detections(found.boxes, scores, np.array([labels.index(n.label) for n in names], np.int64), labels)


def _others(named: Classified, score: float, results: int) -> tuple[tuple[str, float], ...]:
    ranking = [(name, score * share) for name, share in named.ranking if name != named.label]
    return tuple(ranking[: results - 1])


def _renamed(track: OrientedTrack, named: Classified) -> OrientedTrack:
    return replace(track, class_name=named.label, score=track.score * named.score)
