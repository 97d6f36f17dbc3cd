# SPDX-License-Identifier: Apache-2.0
"""What is kept of a frame while its place is looked for: features, a small picture, where it was taken."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.image.features import FeatureConfig, Features, detect
from waymark.mosaic.config import MosaicConfig
from waymark.sources.base import SourceFrame

THUMBNAIL_PX = 256


@dataclass(frozen=True)
class Geotag:
    """Where a frame was taken, WGS 84.

    Attributes:
        latitude_deg: North is positive.
        longitude_deg: East is positive.
        altitude_m: Above the sea or the ellipsoid, as the camera says; None where it does not.
    """

    latitude_deg: float
    longitude_deg: float
    altitude_m: float | None = None


@dataclass(frozen=True, eq=False)
class View:
    """One frame, as far as its place is concerned.

    Attributes:
        name: What people call it: the file's name, or its number in the input.
        number: Its place in the input, from 0.
        features: In pixels of the whole frame.
        thumbnail: (h, w, 3) uint8 RGB, the frame at THUMBNAIL_PX.
        camera: Its calibration, where the input has one.
        geotag: Where it was taken, where that is known.
    """

    name: str
    number: int
    features: Features
    thumbnail: NDArray[np.uint8]
    camera: CameraModel | None = None
    geotag: Geotag | None = None

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the frame, px."""
        return self.features.size_wh


def view_of(item: SourceFrame, number: int, config: MosaicConfig, geotag: Geotag | None = None) -> View:
    """Take from a frame what its place is found by.

    Args:
        item: The frame.
        number: Its place in the input, from 0.
        config: Detector, number of features, working size.
        geotag: Where it was taken.
    """
    camera = item.camera if item.camera is not None and item.camera.is_calibrated else None
    return View(
        item.name or f'frame {number}',
        number,
        detect(item.frame.gray, feature_config(config)),
        _small(item.frame.rgb),
        camera,
        geotag,
    )


def feature_config(config: MosaicConfig) -> FeatureConfig:
    """How features are found and matched."""
    return FeatureConfig(
        detector=config.detector, max_features=config.features, max_side_px=config.working_px, ratio=config.ratio
    )


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = THUMBNAIL_PX / max(rgb.shape[:2])
    size_wh = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
