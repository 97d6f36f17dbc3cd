# SPDX-License-Identifier: Apache-2.0
"""Targets from the files that a configuration names."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.tracking.config import TrackerConfig
from waymark.tracking.target import Target, learn_target, with_view


def load_targets(config: TrackerConfig) -> tuple[Target, ...]:
    """Learn the targets of a configuration from their pictures.

    Raises:
        ConfigError: A picture is missing, unreadable, without enough texture, two have one name, or a further view
            does not show its target.
    """
    paths = [Path(p) for p in config.target_images]
    _require_distinct([p.stem for p in paths])
    targets = {p.stem: _load_target(p, config) for p in paths if '@' not in p.stem}
    for path in paths:
        name, _, view = path.stem.partition('@')
        if view:
            _require_first(name, path, targets)
            targets[name] = with_view(targets[name], read_picture(path), config)
    return tuple(targets.values())


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture in gray, (H, W) uint8.

    Raises:
        ConfigError: It is missing or no picture.
    """
    if not path.is_file():
        raise ConfigError(f'target_images: {str(path)!r} is not a file. Give the path of a picture.')
    # Read the bytes ourselves: imread complains on stderr and knows no reason.
    gray = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE) if path.stat().st_size else None
    if gray is None:
        raise ConfigError(f'target_images: {str(path)!r} is not a readable picture. Give a PNG or JPEG.')
    return np.asarray(gray, np.uint8)


def _load_target(path: Path, config: TrackerConfig) -> Target:
    gray = read_picture(path)
    try:
        return learn_target(path.stem, gray, config, config.target_width_m)
    except ConfigError as error:
        raise ConfigError(f'target_images: {str(path)!r}: {error}') from None


def _require_distinct(names: list[str]) -> None:
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ConfigError(f'target_images: two targets are named {twice[0]!r}. Rename one of the files.')


def _require_first(name: str, path: Path, targets: dict[str, Target]) -> None:
    if name not in targets:
        raise ConfigError(
            f'target_images: {str(path)!r} is a further view of {name!r}, whose first picture is not among them. '
            f'Give a picture named {name}, from the front.'
        )
