# SPDX-License-Identifier: Apache-2.0
"""Configuration of a stream of objects: the detector's, the tracker's, the classifier's of boxes."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.classification.config import ClassifierConfig
from waymark.config import param
from waymark.detection.config import DetectorConfig
from waymark.detection.tracks.config import BoxTrackerConfig


@dataclass(frozen=True)
class ObjectsConfig(DetectorConfig, BoxTrackerConfig, ClassifierConfig):
    """What is found in images, how it is followed, and what it is called."""

    follow: bool = param(True, 'Follow objects from image to image: track ids, velocities, covariances.')
    max_tracked: int = param(
        200, 'Most boxes of an image that are followed, the best; time grows with their number.', ge=1, le=2000
    )
    classes: tuple[str, ...] = param(
        (),
        'With an encoder that has a text tower: any words, and boxes are called by what their crops show; else names '
        "of the model's classes, of which alone boxes are kept. Empty: all classes of the model.",
    )
    encoder: str = param(
        '',
        'Model folder that encodes crops of boxes, to call them by `classes` (it needs a text tower) or by `examples` '
        "(embedded by the same model); '': boxes keep the model's classes.",
    )
    max_crops: int = param(
        16,
        'Most crops that are encoded for one image: of new tracks first, then of those that waited longest; the others '
        'keep the name that they had.',
        ge=1,
        le=1000,
    )
