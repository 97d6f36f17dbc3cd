# SPDX-License-Identifier: Apache-2.0
"""Labels in YOLO-OBB text format: a line per box, `class x1 y1 x2 y2 x3 y3 x4 y4`, corners as shares of the image.

Shares run from the left edge of the first pixel (0) to the right edge of the last (1); boxes here count pixel centres,
so x = share * width - 1/2. Lines `class cx cy w h` of upright labels are read too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from waymark.boxes import axis_aligned, corners, from_corners
from waymark.detection.result import Detections
from waymark.errors import SourceError

_FARTHEST = 8.0  # images: a share beyond it is none


def read_labels(path: Path, size_wh: tuple[int, int], class_names: Sequence[str] | None = None) -> Detections:
    """Read the labels of one image.

    Args:
        path: Text file; an empty one is an image without objects.
        size_wh: Of the image, px.
        class_names: By number; None: `class 0` and so on, as many as it takes.

    Returns:
        The boxes, each the smallest around its four corners, with scores of 1.

    Raises:
        SourceError: The file can't be read, or a line is not a label: with its number and what is wrong.
    """
    try:
        lines = path.read_text(encoding='utf-8-sig').splitlines()  # editors of Windows begin with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f'labels {str(path)!r} can not be read: {error}. Give a text file per image.') from None
    rows = [_row(line, f'{path}, line {n}') for n, line in enumerate(lines, 1) if line.strip()]
    classes = [number for number, _ in rows]
    if class_names is None:
        class_names = numbered_names(max(classes, default=-1) + 1)
    for number, line in zip(classes, (n for n, text in enumerate(lines, 1) if text.strip()), strict=True):
        if number >= len(class_names):
            raise SourceError(f'{path}, line {line}: class {number}, but there are {len(class_names)} class names.')
    points = np.array([points for _, points in rows], np.float64).reshape(-1, 4, 2)
    boxes = from_corners(points * size_wh - 0.5)
    return Detections(boxes, np.ones(len(rows)), np.array(classes, np.int64), tuple(class_names))


def write_labels(found: Detections, size_wh: tuple[int, int], path: Path) -> None:
    """Write boxes as labels; corners may lie outside of 0..1 where a box reaches beyond the image.

    Some programs (ultralytics) leave out every image that has such a corner: cut them off for those.

    Raises:
        SourceError: The file can't be written.
    """
    shares = (corners(found.boxes) + 0.5) / size_wh
    rows = zip(found.classes.tolist(), shares.reshape(-1, 8).tolist(), strict=True)
    text = ''.join(f'{number} {" ".join(f"{v:.7g}" for v in values)}\n' for number, values in rows)
    try:
        path.write_text(text, encoding='utf-8')
    except OSError as error:
        raise SourceError(f'labels {str(path)!r} can not be written: {error.strerror or error}.') from error


def read_names(path: Path) -> tuple[str, ...]:
    """Read class names: a text file with one per line, or the YAML of a data set (`names:` as a list or by number).

    Raises:
        SourceError: The file can't be read, or holds no names, or a name twice, or leaves a number out.
    """
    try:
        text = path.read_text(encoding='utf-8-sig')
        if path.suffix not in ('.yaml', '.yml'):
            names = [line.strip() for line in text.splitlines() if line.strip()]
        else:
            names = _yaml_names(yaml.safe_load(text))
    except (OSError, ValueError, TypeError, AttributeError, KeyError, yaml.YAMLError) as error:
        raise SourceError(f'names {str(path)!r} can not be read: {error}. Give one name per line.') from None
    if not names:
        raise SourceError(f'names {str(path)!r} holds no names. Give one per line, in the order of their numbers.')
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SourceError(f'names {str(path)!r} holds {", ".join(twice)} twice. Give every class a name of its own.')
    return tuple(names)


def numbered_names(count: int) -> tuple[str, ...]:
    """Names for classes that have none."""
    return tuple(f'class {n}' for n in range(count))


def _yaml_names(fields: dict[str, object]) -> list[str]:
    names = fields['names']
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise ValueError(f'names are numbered {sorted(names)}, expected 0 to {len(names) - 1}')
        return [str(names[n]) for n in range(len(names))]
    if not isinstance(names, list):
        raise ValueError('names: expected a list')
    return [str(name) for name in names]


def _row(line: str, where: str) -> tuple[int, list[float]]:
    """Class and corners x1, y1 .. x4, y4 of a line."""
    parts = line.split()
    try:
        numbers = [float(part) for part in parts[1:]]
    except ValueError:
        numbers = [np.nan]
    if len(numbers) not in (4, 8) or not np.isfinite(numbers).all() or not re.fullmatch(r'\d+(\.0+)?', parts[0]):
        raise SourceError(f'{where}: {line.strip()[:80]!r} is not a label. Expected: class x1 y1 x2 y2 x3 y3 x4 y4.')
    if max(map(abs, numbers)) > _FARTHEST:
        raise SourceError(
            f'{where}: {line.strip()[:80]!r} is not in shares of the image (0 to 1). Divide px by its size.'
        )
    if len(numbers) == 4:
        cx, cy, w, h = numbers
        if min(w, h) < 0:
            raise SourceError(f'{where}: width and height must be at least 0, got {w:g} and {h:g}.')
        numbers = corners(axis_aligned([(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)])).ravel().tolist()
    return int(float(parts[0])), numbers
