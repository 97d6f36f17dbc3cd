# SPDX-License-Identifier: Apache-2.0
"""What a planar target looks like: learnt from a picture or from the first frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.image.features import Features, detect
from waymark.tracking.config import TrackerConfig


@dataclass(frozen=True, eq=False)
class Target:
    """A planar target.

    Attributes:
        target_id: Its name.
        features: Of its picture; homographies map that picture's pixels to the current image.
    """

    target_id: str
    features: Features


def load_targets(config: TrackerConfig) -> tuple[Target, ...]:
    """Learn the targets of a configuration from their pictures.

    Raises:
        ConfigError: A picture is missing, unreadable, without enough texture, or two have one name.
    """
    targets = tuple(_load_target(Path(p), config) for p in config.target_images)
    _require_distinct([t.target_id for t in targets])
    return targets


def learn_target(target_id: str, gray: NDArray[np.uint8], config: TrackerConfig) -> Target | None:
    """Learn a target from its picture (H, W) uint8; None where it has too few keypoints to be found again."""
    return _target(target_id, detect(gray, config), config)


def learn_centre(target_id: str, features: Features, config: TrackerConfig) -> Target | None:
    """Make the middle half of an image, in width and height, a target.

    Args:
        target_id: Its name.
        features: Of the whole image. Detected in the middle alone, at its own size and with max_features for itself,
            keypoints would be others than those that whole images show later.
        config: What a target needs.

    Returns:
        The target, or None where the middle has too few keypoints to be found again.
    """
    width, height = features.size_wh
    left, top = width // 4, height // 4
    size_wh = width - 2 * left, height - 2 * top
    points = features.keypoints - np.array([left, top], np.float32)
    inside = ((points >= 0) & (points <= np.array(size_wh) - 1)).all(axis=1)
    return _target(target_id, Features(points[inside], features.descriptors[inside], size_wh), config)


def _target(target_id: str, features: Features, config: TrackerConfig) -> Target | None:
    return Target(target_id, features) if len(features) >= config.min_target_features else None


def _load_target(path: Path, config: TrackerConfig) -> Target:
    if not path.is_file():
        raise ConfigError(f'target_images: {str(path)!r} is not a file. Give the path of a picture.')
    # Read the bytes ourselves: imread complains on stderr and knows no reason.
    gray = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE) if path.stat().st_size else None
    if gray is None:
        raise ConfigError(f'target_images: {str(path)!r} is not a readable picture. Give a PNG or JPEG.')
    target = learn_target(path.stem, np.asarray(gray, np.uint8), config)
    if target is None:
        found = len(detect(np.asarray(gray, np.uint8), config))
        raise ConfigError(
            f'target_images: {str(path)!r} has too little texture: {found} keypoints of '
            f'{config.min_target_features} needed. Use a more detailed picture, or lower min_target_features.'
        )
    return target


def _require_distinct(names: Sequence[str]) -> None:
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ConfigError(f'target_images: two targets are named {twice[0]!r}. Rename one of the files.')
