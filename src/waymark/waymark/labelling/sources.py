# SPDX-License-Identifier: Apache-2.0
"""What a user wants labelled: folders, videos and bags with a label each, or a table of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.encoding import Encoder
from waymark.errors import ConfigError, SourceError
from waymark.places.keyframes import shows_something
from waymark.sources.config import ImageSourceConfig
from waymark.sources.folder import IMAGE_SUFFIXES
from waymark.sources.open import is_live, kind_of, open_source
from waymark.sources.paths import natural_key
from waymark.types import NANOSECONDS, Frame

_HOW = 'Give a folder with one folder of images per label, LABEL=VIDEO (folder, bag), or a CSV with file,label.'


@dataclass(frozen=True)
class LabelledSource:
    """A recording all of which, or a part of which, shows one label.

    Attributes:
        label: What it shows.
        uri: Folder, video, bag or one image file.
        start_s: Where the part begins, s after the first frame.
        end_s: Where it ends; None: with the recording.
    """

    label: str
    uri: str
    start_s: float = 0.0
    end_s: float | None = None


def labelled_sources(inputs: Sequence[str]) -> list[LabelledSource]:
    """Understand what was typed.

    Args:
        inputs: Folders that hold one folder of images per label, CSV files, or LABEL=RECORDING.

    Raises:
        ConfigError: One of them is none of these.
        SourceError: There is no such file.
    """
    found = [source for text in inputs for source in _labelled(text)]
    if not found:
        raise ConfigError(f'nothing to label. {_HOW}')
    return found


def _labelled(text: str) -> list[LabelledSource]:
    path = Path(text).expanduser()
    label, sign, uri = text.partition('=')
    if sign and not path.exists():
        if not label.strip() or not uri:
            raise ConfigError(f'{text!r} has no label or no recording. {_HOW}')
        return [LabelledSource(label.strip(), _recorded(uri))]
    if path.suffix.lower() == '.csv':
        return _read_table(path)
    if kind_of(text) == 'folder':
        return _folders(path)
    raise ConfigError(f'{text!r} says nothing of its label. Write it as LABEL={text}.')


def _recorded(uri: str) -> str:
    if is_live(uri):
        raise ConfigError(f'{uri!r} is live. Record it first, then label the recording.')
    kind_of(uri)
    return uri


def _folders(path: Path) -> list[LabelledSource]:
    folders = sorted((p for p in path.iterdir() if p.is_dir() and p.name[0] != '.'), key=natural_key)
    with_images = [p for p in folders if any(f.suffix.lower() in IMAGE_SUFFIXES for f in p.iterdir())]
    if not with_images:
        raise ConfigError(f'{str(path)!r} holds no folder with images. {_HOW}')
    return [LabelledSource(p.name, str(p)) for p in with_images]


def _read_table(path: Path) -> list[LabelledSource]:
    """Rows file,label and perhaps start_s,end_s; files are relative to the table."""
    try:
        with path.open(newline='', encoding='utf-8-sig') as file:
            rows = list(csv.DictReader(file, skipinitialspace=True))
    except FileNotFoundError:
        raise SourceError(f'{path}: there is no such table. Check the path.') from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f'{path}: can not be read as a table ({error}). Write CSV with file,label.') from None
    if not rows or not {'file', 'label'} <= set(rows[0]):
        raise ConfigError(f'{path}: no rows below a heading file,label (start_s,end_s). Write it so.')
    return [_row(row, number, path) for number, row in enumerate(rows, start=2)]


def _row(row: dict[str, str | None], number: int, path: Path) -> LabelledSource:
    label, file = (row['label'] or '').strip(), (row['file'] or '').strip()
    if not label or not file:
        raise ConfigError(f'{path}: line {number} lacks file or label. Fill it in, or remove the line.')
    try:
        start, end = (float(row.get(name) or default) for name, default in (('start_s', '0'), ('end_s', 'inf')))
    except ValueError:
        raise ConfigError(f'{path}: line {number} has a start_s or end_s that is no number of seconds.') from None
    if not 0 <= start < end:
        raise ConfigError(f'{path}: line {number} ends at {end:g} s, before it begins at {start:g} s. Swap them.')
    return LabelledSource(label, _recorded(str(path.parent / file)), start, None if np.isinf(end) else end)


def pictures(source: LabelledSource, every_s: float) -> Iterator[Frame]:
    """Frames of a labelled recording: all images of a folder, one in `every_s` of anything else.

    Raises:
        SourceError: It can't be read.
    """
    path = Path(source.uri).expanduser()
    if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
        yield _one_image(path)
        return
    is_folder = kind_of(source.uri) == 'folder'
    opened = open_source(ImageSourceConfig(input=source.uri, pace='fast', start_s=source.start_s))
    first_ns = due_ns = 0
    try:
        for item in opened.frames():
            stamp_ns = item.frame.header.stamp_ns
            first_ns = first_ns or stamp_ns
            if source.end_s is not None and stamp_ns - first_ns > (source.end_s - source.start_s) * NANOSECONDS:
                return
            if is_folder or stamp_ns >= due_ns:
                due_ns = stamp_ns + round(every_s * NANOSECONDS)
                yield item.frame
    finally:
        opened.close()


def _one_image(path: Path) -> Frame:
    from waymark.sources.folder import read_image
    from waymark.types import Header

    pixels, layout = read_image(path)
    return Frame(Header(NANOSECONDS), pixels, layout)


def encoded(encoder: Encoder, frame: Frame) -> NDArray[np.float32]:
    """Unit vector (D,) of an image; zero where it shows nothing, whatever direction a network gives that."""
    vector = encoder.encode(frame.rgb).vector
    return vector if shows_something(frame.gray) else np.zeros_like(vector)


def thumbnail(rgb: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8, made smaller where its longer side exceeds `longest_px`."""
    import cv2

    scale = longest_px / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size_wh = (max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1))
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
