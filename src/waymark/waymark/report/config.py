# SPDX-License-Identifier: Apache-2.0
"""What a recording holds and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from waymark.config import Config, param


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


def recording_path(config: RecorderConfig, now: datetime) -> Path:
    """Where to write: the configured file, `run.mcap` in the configured folder or in one named by `now`."""
    if not config.path:
        return Path('out') / now.strftime('%Y%m%d-%H%M%S') / 'run.mcap'
    path = Path(config.path)
    return path if path.suffix == '.mcap' else path / 'run.mcap'
