# SPDX-License-Identifier: Apache-2.0
"""Many small pictures on one sheet, each with a caption: what search, shots and classification show for the eye."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_rgb
from waymark.errors import ConfigError
from waymark.listing import write_file

Picture = NDArray[np.uint8]
_PAPER, _INK, _SHADE = 255, (30, 30, 30), 236  # _SHADE: what a picture of another aspect does not fill
_GAP_PX, _LINE_PX, _TITLE_PX, _MARGIN_PX = 8, 18, 34, 4
_FONT, _SCALE, _SMALLEST_SCALE, _TITLE_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.48, 0.36, 0.7
_SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.tif', '.tiff')


def contact_sheet(
    items: Sequence[tuple[Picture, str]], columns: int = 0, tile_width_px: int = 320, title: str = ''
) -> Picture:
    """Lay pictures out in rows, each above its caption.

    Args:
        items: Pictures, each (H, W, 3) uint8 RGB of any size, with captions; a caption may have several lines.
        columns: Pictures per row; 0: as many as make the sheet about half as wide again as it is high.
        tile_width_px: Width of each picture on the sheet; heights follow the widest aspect, at most 4 : 3 upright.
        title: One line above all of them; '': none.

    Returns:
        RGB uint8. Without items a sheet that says so.

    Raises:
        ValueError: A picture is not a non-empty RGB uint8 image, `columns` is negative or `tile_width_px` below 32.
    """
    if columns < 0 or tile_width_px < 32:
        raise ValueError(f'a contact sheet of {columns} columns of {tile_width_px} px can not be laid out')
    for number, (picture, _) in enumerate(items):
        require_rgb(f'items[{number}]', picture)
    if not items:
        return _titled(_paper(3 * _LINE_PX, 2 * tile_width_px), title or 'nothing to show')
    height = _tile_height([p for p, _ in items], tile_width_px)
    lines = max(len(c.splitlines()) for _, c in items)
    tiles = [_tile(p, c.splitlines(), (tile_width_px, height), lines) for p, c in items]
    return _titled(_grid(tiles, columns or _fitting_columns(len(tiles), tiles[0].shape[:2])), title)


def write_picture(path: Path, picture: Picture) -> None:
    """Write a picture (H, W, 3) uint8 RGB in the format that the file's name says; folders are made.

    Raises:
        ConfigError: The name has no suffix of a picture, or the file can't be written.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise ConfigError(f'{str(path)!r} is no picture that can be written. Use one of {", ".join(_SUFFIXES)}.')
    _, data = cv2.imencode(path.suffix.lower(), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    write_file(path, data.tobytes())


def _tile_height(pictures: Sequence[Picture], width: int) -> int:
    """Room for the tallest aspect among the pictures, within 4 : 3 upright: a narrow one is made narrower instead."""
    tallest = max(float(p.shape[0] / p.shape[1]) for p in pictures)
    return max(round(width * min(tallest, 4 / 3)), 1)


def _fitting_columns(count: int, tile_hw: tuple[int, int]) -> int:
    columns = math.sqrt(1.5 * count * tile_hw[0] / tile_hw[1])
    return min(max(round(columns), 1), count)


def _tile(picture: Picture, caption: Sequence[str], size_wh: tuple[int, int], lines: int) -> Picture:
    """A picture in the middle of its place, and its caption under it."""
    width, height = size_wh
    tile = _paper(height + lines * _LINE_PX + 2 * _MARGIN_PX, width)
    tile[:height] = _SHADE
    scale = min(width / picture.shape[1], height / picture.shape[0])
    fitted_wh = (min(max(round(picture.shape[1] * scale), 1), width), max(round(picture.shape[0] * scale), 1))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    fitted = cv2.resize(picture, fitted_wh, interpolation=interpolation)[:height]
    top, left = (height - fitted.shape[0]) // 2, (width - fitted.shape[1]) // 2
    tile[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    for number, line in enumerate(caption):
        _write_line(tile, line, height + (number + 1) * _LINE_PX - _MARGIN_PX, _SCALE)
    return tile


def _grid(tiles: Sequence[Picture], columns: int) -> Picture:
    """Equal tiles in rows with gaps; what the last row lacks is paper."""
    height, width = tiles[0].shape[:2]
    rows = math.ceil(len(tiles) / columns)
    sheet = _paper(rows * (height + _GAP_PX) + _GAP_PX, columns * (width + _GAP_PX) + _GAP_PX)
    for number, tile in enumerate(tiles):
        top = _GAP_PX + number // columns * (height + _GAP_PX)
        left = _GAP_PX + number % columns * (width + _GAP_PX)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def _titled(sheet: Picture, title: str) -> Picture:
    if not title:
        return sheet
    bar = _paper(_TITLE_PX, sheet.shape[1])
    _write_line(bar, title, _TITLE_PX - 9, _TITLE_SCALE, left=_GAP_PX)
    return np.vstack([bar, sheet])


def _write_line(canvas: Picture, line: str, baseline: int, scale: float, left: int = 2) -> None:
    """Write one line, smaller where it is too long, then cut with three dots."""
    room = canvas.shape[1] - 2 * left
    # OpenCV's font has ASCII only: letters lose their accents, what is left of others is a question mark.
    text = unicodedata.normalize('NFKD', line.expandtabs(2))
    text = ''.join(c for c in text if not unicodedata.combining(c)).encode('ascii', 'replace').decode()
    while scale > _SMALLEST_SCALE and _width(text, scale) > room:
        scale -= 0.02
    whole = text
    while len(whole) > 1 and _width(text, scale) > room:
        whole = whole[:-1]
        text = whole.rstrip() + '...'
    cv2.putText(canvas, text, (left, baseline), _FONT, scale, _INK, 1, cv2.LINE_AA)


def _width(text: str, scale: float) -> int:
    return int(cv2.getTextSize(text, _FONT, scale, 1)[0][0])


def _paper(height: int, width: int) -> Picture:
    return np.full((height, width, 3), _PAPER, np.uint8)
