# SPDX-License-Identifier: Apache-2.0
"""`waymark compare`: read, measure, print a table, write numbers and a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from waymark.comparison.images import ImagePair, read_pair
from waymark.comparison.masks import mask_of
from waymark.comparison.metrics import METRICS, Measured, Subject, chosen_metrics, measure_all
from waymark.comparison.patches import hog_patches, match_patches
from waymark.comparison.picture import draw_comparison
from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError
from waymark.listing import json_text, write_file

PICTURES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.tif', '.tiff')


@dataclass(frozen=True)
class Request:
    """What to compare, and how.

    Attributes:
        metrics: Names; all when empty.
        masks: Names, combined by product.
        json_path: Where {metric: value} goes.
        picture_path: Where the picture goes.
        encoder: 'hog', an embedded model's name, a model folder or a manifest.
        stretch: Whether B may be distorted to A's shape.
    """

    metrics: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    json_path: Path | None = None
    picture_path: Path | None = None
    encoder: str = EncoderConfig().encoder
    stretch: bool = False


def show_comparison(a: Path, b: Path, request: Request) -> None:
    """Compare two image files.

    Raises:
        SourceError: A file is missing or no image.
        ConfigError: A name, a mask or a size does not fit, a metric asked for has no value, or a file can't be written.
        ModelError: The encoder is not what it should be.
        BackendUnavailable: The encoder's library or device is missing.
    """
    names = chosen_metrics(request.metrics)
    _require_picture(request.picture_path)
    pair = read_pair(a, b, request.stretch)
    mask = mask_of(pair, request.masks)
    subject = Subject(pair, mask, load_encoder(EncoderConfig(encoder=request.encoder, text=False)))
    found = measure_all(subject, names)
    for measured in found:
        if measured.value is None and measured.name in request.metrics:
            raise ConfigError(f'--metric {measured.name}: {measured.note}. Leave it out.')
    console = Console(highlight=False)
    console.print(table_of(pair, found, request.masks))
    for note in pair.notes:
        console.print(f'Note: {note}')
    if request.json_path is not None:
        write_file(request.json_path, json_text(as_json(found)))
    if request.picture_path is not None:
        write_file(request.picture_path, _encoded(_picture(subject), request.picture_path))


def as_json(found: Sequence[Measured]) -> dict[str, float | str | None]:
    """Values that JSON can hold: infinity is the string 'Infinity' (which float() reads), no value is null."""
    return {
        m.name: m.value if m.value is None or math.isfinite(m.value) else f'{"-" if m.value < 0 else ""}Infinity'
        for m in found
    }


def table_of(pair: ImagePair, found: Sequence[Measured], masks: Sequence[str]) -> Table:
    """One row per metric: name, value, the value of equal images, and what it is or why there is none."""
    height, width = pair.pixels[0].shape[:2]
    kind = 'gray' if pair.pixels[0].ndim == 2 else 'RGB'
    title = f'A {pair.names[0]}, B {pair.names[1]}: {kind} {width}x{height} px'
    table = Table(title=title + (f', mask {" x ".join(masks)}' if masks else ''), title_justify='left')
    table.add_column('metric')
    table.add_column('value', justify='right')
    table.add_column('equal', justify='right')
    table.add_column('meaning')
    for measured in found:
        equal = METRICS[measured.name].equal
        table.add_row(measured.name, _shown(measured.value), f'{equal:g}', measured.note)
    return table


def _shown(value: float | None) -> str:
    if value is None:
        return '-'
    return f'{value:.6g}' if abs(value) < 1e5 or math.isinf(value) else f'{value:.0f}'


def _picture(subject: Subject) -> NDArray[np.uint8]:
    """Draw with the encoder's tokens, or with histograms of edges where it has none."""
    if subject.dense is None:
        tokens = [hog_patches(rgb) for rgb in subject.pair.rgb]
    else:
        tokens = [tokens for _, tokens in subject.dense]
    return draw_comparison(subject.pair, subject.mask, match_patches(*tokens))


def _require_picture(path: Path | None) -> None:
    if path is not None and path.suffix.lower() not in PICTURES:
        raise ConfigError(f'--out: {str(path)!r} is no picture that can be written. Use one of {", ".join(PICTURES)}.')


def _encoded(picture: NDArray[np.uint8], path: Path) -> bytes:
    _, data = cv2.imencode(path.suffix.lower(), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return data.tobytes()
