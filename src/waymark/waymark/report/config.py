# SPDX-License-Identifier: Apache-2.0
"""What a recording holds and where it goes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from waymark.config import Config, param
from waymark.errors import ConfigError, RecordingError


@dataclass(frozen=True)
class RecorderConfig(Config):
    """Parameters of the recorder."""

    path: str = param(
        '',
        "File (.mcap) or folder to write; empty: 'out/<date>-<time>/run.mcap'. One folder per recording.",
        path=True,
    )
    image_format: str = param(
        'jpeg',
        'How images are kept: as JPEG under <image topic>/compressed, raw, or not at all.',
        choices=('jpeg', 'raw', 'none'),
    )
    jpeg_quality: int = param(85, 'JPEG quality; 100 is best and largest.', ge=1, le=100)
    image_every: int = param(1, 'Keep every n-th image.', ge=1)
    # JPEG does not shrink further (measured: zstd 477 MB/s, lz4 978 MB/s, ratio 1.00); raw images do (zstd to
    # 0.32 at 186 MB/s, lz4 to 0.57 at 387 MB/s): choose lz4 for raw images on a small board.
    compression: str = param('zstd', 'Compression of the chunks of the file.', choices=('zstd', 'lz4', 'none'))
    flush_period_s: float = param(
        0.5, 'How often what was written reaches the disk: what a crash can cost.', gt=0.0, le=1.0, unit='s'
    )
    topics: tuple[str, ...] = param((), 'Topics to record; empty: every topic that Waymark and its inputs publish.')
    exclude: tuple[str, ...] = param((), 'Topics to leave out.')
    facts: tuple[str, ...] = param(
        (), 'What the report shall say about the run, as key=value; input, pipeline and --set are noted anyway.'
    )


def recording_path(config: RecorderConfig, now: datetime) -> Path:
    """Where to write: the configured file, `run.mcap` in the configured folder or in one named by `now`."""
    if not config.path:
        return Path('out') / now.strftime('%Y%m%d-%H%M%S') / 'run.mcap'
    path = Path(config.path)
    return path if path.suffix == '.mcap' else path / 'run.mcap'


def facts_of(config: RecorderConfig) -> dict[str, str]:
    """What is to be kept in the recording about the run; of a key that stands twice the last value counts.

    Raises:
        ConfigError: One of `facts` is not key=value.
    """
    pairs = [(text, *text.partition('=')) for text in config.facts]
    wrong = next((text for text, key, equals, _ in pairs if not equals or not key.strip()), None)
    if wrong is not None:
        raise ConfigError(f'facts: {wrong!r} is not key=value, as place=north field is.')
    return {key.strip(): value.strip() for _, key, _, value in pairs}


def require_free(path: Path) -> None:
    """Check that a recording can be created, without creating anything.

    Args:
        path: The .mcap file that is to be.

    Raises:
        RecordingError: Its folder already holds a recording, is a file, or may not be written.
    """
    for taken in (path, path.parent / 'metadata.yaml'):
        if taken.exists():
            raise RecordingError(
                f'{taken} exists already: choose another folder for the recording, or remove that one.'
            )
    nearest = next(p for p in path.absolute().parents if p.exists())
    if not nearest.is_dir():
        raise RecordingError(f'{nearest} is a file: choose a folder for the recording.')
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RecordingError(f'{nearest}: no permission to write there. Choose another folder for the recording.')
