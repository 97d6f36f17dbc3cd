# SPDX-License-Identifier: Apache-2.0
"""Local features with binary descriptors: ORB and AKAZE, and matching between two images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_shape
from waymark.config import Config, param
from waymark.image.hamming import Signs, hamming_distances


@dataclass(frozen=True)
class FeatureConfig(Config):
    """Which local features, and how they are matched."""

    detector: str = param('orb', 'Local features: orb is fast, akaze is more exact.', choices=('orb', 'akaze'))
    max_features: int = param(1000, 'Most keypoints per image, strongest first.', ge=16)
    max_side_px: int = param(
        960, 'Longer side that larger images are reduced to before detection; 0: never.', ge=0, unit='px'
    )
    min_side_px: int = param(
        0, 'Longer side that smaller images are enlarged to before detection; 0: never.', ge=0, le=4096, unit='px'
    )
    ratio: float = param(0.8, "Lowe's ratio test: the best match must be this much nearer than the second.", gt=0, le=1)


@dataclass(frozen=True, eq=False)
class Features:
    """Local features of one image.

    Attributes:
        keypoints: (N, 2) float32 pixels (x, y) of the full-size image.
        descriptors: (N, B) uint8 binary descriptors, B bytes each.
        size_wh: Of the full-size image, px.
    """

    keypoints: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    size_wh: tuple[int, int]

    def __post_init__(self) -> None:
        require_shape('keypoints', self.keypoints, ('N', 2))
        require_shape('descriptors', self.descriptors, (len(self.keypoints), 'B'))

    def __len__(self) -> int:
        return len(self.keypoints)


Prepare = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]  # (H, W) to (H, W)
_ORB_SCALE = np.float64(np.float32(1.2))  # from level to level of its pyramid, as OpenCV keeps it
_BYTES = {'orb': 32, 'akaze': 61}  # per descriptor
MOVES = 0.5  # of a motion mask: a thing is there that moves, or something changed
# Narrower than one ORB patch there is nothing to describe; one pixel wide, OpenCV's AKAZE corrupts memory.
_SMALLEST_PX = 32


def detect(gray: NDArray[np.uint8], config: FeatureConfig, prepare: Prepare = lambda image: image) -> Features:
    """Find keypoints and describe them.

    Args:
        gray: (H, W) uint8.
        config: Detector, number of features, working size.
        prepare: What is done to the grey levels first: after a large image is reduced, before a small one is enlarged.

    Returns:
        The features, none for an image without texture; keypoints in pixels of `gray` at any working size.

    Raises:
        ValueError: `gray` is not a non-empty gray uint8 image.
    """
    require_gray('gray', gray)
    size_wh = (gray.shape[1], gray.shape[0])
    small, scale_xy = _resized(gray, config, prepare)
    if min(small.shape) < _SMALLEST_PX:
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, _BYTES[config.detector]), np.uint8), size_wh)
    # A detector is cheap to make, and one of its own keeps threads apart.
    keypoints, descriptors = _detector(config).detectAndCompute(small, None)
    keypoints, descriptors = _strongest(keypoints, descriptors, config)
    # Pixel centres are integers, so rescaling goes through the pixel's edge.
    points = (_positions(keypoints, small.shape, config) + 0.5) * scale_xy - 0.5
    return Features(points.astype(np.float32), descriptors, size_wh)


def match(a: Features, b: Features, ratio: float) -> NDArray[np.intp]:
    """Match descriptors: nearest neighbours of each other that also pass the ratio test from `a` to `b`.

    Args:
        a: Features of the first image.
        b: Features of the second image, by the same detector.
        ratio: Largest distance to the best match relative to the second best.

    Returns:
        (M, 2) indices into `a` and `b`.
    """
    return match_each([a], b, ratio)[0]


def match_each(many: Sequence[Features], b: Features, ratio: float) -> list[NDArray[np.intp]]:
    """Match each of several images with one (see match), which is prepared once."""
    if len(b) < 2:  # without a second neighbour the ratio says nothing
        return [np.zeros((0, 2), np.intp)] * len(many)
    signs = Signs.of(b.descriptors)
    return [_mutual(hamming_distances(a.descriptors, signs), ratio) for a in many]


def _mutual(distances: NDArray[np.int32], ratio: float) -> NDArray[np.intp]:
    """Rows and columns (M, 2) that are nearest to each other and pass the ratio test; `distances` is changed."""
    if len(distances) == 0:
        return np.zeros((0, 2), np.intp)
    rows, nearest = np.arange(len(distances)), distances.argmin(axis=1)
    first = distances[rows, nearest]
    distances[rows, nearest] = np.iinfo(np.int32).max
    kept = np.flatnonzero(first < ratio * distances.min(axis=1))
    distances[rows, nearest] = first
    # Only what passed the ratio test is looked up the other way round.
    kept = kept[distances[:, nearest[kept]].argmin(axis=0) == kept]
    return np.stack([kept, nearest[kept]], axis=1)


def _detector(config: FeatureConfig) -> Any:  # OpenCV's stubs lack these factories
    if config.detector == 'orb':
        # The default of 20 finds a third of the corners in a plain corridor; the strongest are kept anyway.
        return cv2.ORB_create(  # type: ignore[attr-defined]
            nfeatures=config.max_features, fastThreshold=7
        )
    return cv2.AKAZE_create()  # type: ignore[attr-defined]


def _resized(
    gray: NDArray[np.uint8], config: FeatureConfig, prepare: Prepare
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    height, width = gray.shape
    longer = max(height, width)
    wanted = max(longer, config.min_side_px)
    wanted = min(wanted, config.max_side_px) if config.max_side_px else wanted
    # What is smaller than a patch when enlarged holds nothing to find.
    if wanted == longer or min(height, width) < _SMALLEST_PX // 2:
        return prepare(gray), np.ones(2)
    size = max(round(width * wanted / longer), 1), max(round(height * wanted / longer), 1)
    if wanted < longer:
        resized = prepare(np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8))
    else:
        resized = np.asarray(cv2.resize(prepare(gray), size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return resized, np.array([width / size[0], height / size[1]])


def _strongest(
    keypoints: Sequence[cv2.KeyPoint], descriptors: Any, config: FeatureConfig
) -> tuple[Sequence[cv2.KeyPoint], NDArray[np.uint8]]:
    if descriptors is None or len(keypoints) == 0:
        return [], np.zeros((0, _BYTES[config.detector]), np.uint8)
    if len(keypoints) <= config.max_features:
        return keypoints, np.asarray(descriptors, np.uint8)
    order = np.argsort([-k.response for k in keypoints], kind='stable')[: config.max_features]
    return [keypoints[i] for i in order], np.asarray(descriptors, np.uint8)[order]


def _positions(
    keypoints: Sequence[cv2.KeyPoint], shape_hw: tuple[int, ...], config: FeatureConfig
) -> NDArray[np.float64]:
    """Where keypoints are, (N, 2) px.

    ORB multiplies a level's pixel by its nominal scale. That is off by up to 3 px: a level is a whole number of pixels
    wide, and its pixels too have their centres at integers.
    """
    points = np.asarray(cv2.KeyPoint.convert(keypoints), np.float64).reshape(-1, 2)
    if config.detector != 'orb' or len(points) == 0:
        return points
    nominal = _ORB_SCALE ** np.array([k.octave for k in keypoints], np.float64)[:, None]
    size_wh = np.array(shape_hw[1::-1], np.float64)
    return np.asarray((points / nominal + 0.5) * size_wh / np.rint(size_wh / nominal) - 0.5)


def on_still_ground(features: Features, moving: NDArray[np.floating] | NDArray[np.bool_]) -> Features:
    """Leave out features on what moves: another day it is somewhere else, and a match with it says nothing of a place.

    Args:
        features: Of an image.
        moving: (H, W) of that image, 0 to 1, as waymark.masks.motion_mask gives it; 0.5 and more is left out.

    Raises:
        ValueError: `moving` is not of the image's size.
    """
    width, height = features.size_wh
    require_shape('moving', moving, (height, width))
    column, row = np.rint(features.keypoints).astype(np.intp).T
    still = moving[row.clip(0, height - 1), column.clip(0, width - 1)] < MOVES
    return Features(features.keypoints[still], features.descriptors[still], features.size_wh)
