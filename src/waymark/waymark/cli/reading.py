# SPDX-License-Identifier: Apache-2.0
"""Frames of whatever the user named, with a progress bar on stderr where that is a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from waymark.sources.base import Source
from waymark.types import Frame


@contextmanager
def read_frames(recording: str, text: str) -> Iterator[tuple[Iterator[Frame], Callable[[], None]]]:
    """As `read_source`, images alone: the frames, and what to call after each."""
    with read_source(recording, text) as (source, each):
        yield (item.frame for item in source.frames()), each


@contextmanager
def read_source(recording: str, text: str, camera_info: str = '') -> Iterator[tuple[Source, Callable[[], None]]]:
    """Open a recording for one pass.

    Args:
        recording: Video, folder of images, rosbag2 or simulator URI.
        text: What is being done, for the bar.
        camera_info: ROS camera calibration YAML; '': the recording's own.

    Yields:
        The source, and what to call after each frame.

    Raises:
        SourceError: It can't be read, or is a live input.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from waymark.errors import SourceError
    from waymark.sources.config import ImageSourceConfig
    from waymark.sources.open import is_live, open_source

    if is_live(recording):
        raise SourceError(f'{recording}: a live input has no end. Record it with waymark run --record first.')
    source = open_source(ImageSourceConfig(input=recording, pace='fast', camera_info_file=camera_info))
    console = Console(stderr=True)
    columns = TextColumn('{task.description}'), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(text, total=source.info.frame_count)
            yield source, lambda: bar.advance(task)
    finally:
        source.close()


def short_name(recording: str) -> str:
    """A name for titles and folders: the file's without its suffix, or the text with only plain letters."""
    name = Path(recording).stem if not re.match(r'[a-z]+:', recording) else recording
    return re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-') or 'recording'
