# SPDX-License-Identifier: Apache-2.0
"""What a dataset holds: meta/info.json of lerobot's formats v2.1 and v3.0."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waymark.errors import SourceError

VERSIONS = ('v2.1', 'v3.0')
INFO = Path('meta', 'info.json')
IMAGES = 'observation.images.'
STATE, ACTION = 'observation.state', 'action'
_VISUAL = ('video', 'image')


@dataclass(frozen=True)
class Feature:
    """One column of a dataset.

    Attributes:
        dtype: 'float32', ..., 'video' (a file beside the table) or 'image' (PNG in the table).
        shape: Of one step; images are (height, width, 3).
        names: Of the elements, () where none are given.
    """

    dtype: str
    shape: tuple[int, ...]
    names: tuple[str, ...] = ()

    @property
    def is_visual(self) -> bool:
        """Whether it is a camera."""
        return self.dtype in _VISUAL


@dataclass(frozen=True)
class DatasetInfo:
    """The facts of a dataset that do not change from episode to episode.

    Attributes:
        version: One of VERSIONS.
        fps: Steps per second.
        features: By key.
        robot_type: As the recorder called it, '' where it did not.
        total_episodes: As declared; files of some may be absent.
        total_frames: Likewise.
        chunks_size: Files per folder.
        data_path: Template of the tables' names.
        video_path: Template of the videos' names, '' where there are none.
    """

    version: str
    fps: float
    features: Mapping[str, Feature]
    robot_type: str
    total_episodes: int
    total_frames: int
    chunks_size: int
    data_path: str
    video_path: str

    @property
    def cameras(self) -> tuple[str, ...]:
        """Keys of the visual features."""
        return tuple(k for k, f in self.features.items() if f.is_visual)


def read_info(folder: Path) -> DatasetInfo:
    """Read meta/info.json.

    Raises:
        SourceError: There is none, it is broken, or of a version that is not read here.
    """
    path = folder / INFO
    content = read_json(path)
    version = content.get('codebase_version')
    if version not in VERSIONS:
        raise SourceError(
            f'{path}: codebase_version is {version!r}, and {" and ".join(VERSIONS)} are read. '
            "Convert it with lerobot's own scripts."
        )
    try:
        return _info(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f'no {error.args[0]!r}' if isinstance(error, KeyError) else str(error)
        raise SourceError(f'{path}: {what}. It is no whole lerobot dataset: copy or record it again.') from None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        SourceError: It is missing or is none.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SourceError(f'{path}: not readable as JSON ({why}). Name the folder that holds meta/info.json.') from None
    if not isinstance(content, dict):
        raise SourceError(f'{path}: expected a JSON object, found {type(content).__name__}. Copy the dataset again.')
    return content


def _info(content: dict[str, Any]) -> DatasetInfo:
    fps = float(content['fps'])
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f'fps is {fps:g} and must be above 0')
    return DatasetInfo(
        str(content['codebase_version']),
        fps,
        {str(k): _feature(str(k), v) for k, v in content['features'].items()},
        str(content.get('robot_type') or ''),
        int(content['total_episodes']),
        int(content['total_frames']),
        int(content.get('chunks_size', 1000)),
        str(content['data_path']),
        str(content.get('video_path') or ''),
    )


def _feature(key: str, content: dict[str, Any]) -> Feature:
    shape = tuple(int(n) for n in content['shape'])
    if not shape or min(shape) < 1:
        raise ValueError(f'{key} has shape {shape}')
    return Feature(str(content['dtype']), shape, _names(content.get('names')))


def _names(names: Any) -> tuple[str, ...]:
    """Flat names of a list, of a list of lists (older recorders) or of a mapping of lists ({'motors': [...]})."""
    if isinstance(names, dict):
        names = list(names.values())
    if not isinstance(names, list):
        return () if names is None else (str(names),)
    flat: list[str] = []
    for name in names:
        flat.extend(_names(name) if isinstance(name, list | dict) else (str(name),))
    return tuple(flat)
