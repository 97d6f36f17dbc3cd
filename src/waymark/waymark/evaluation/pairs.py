# SPDX-License-Identifier: Apache-2.0
"""Pairs of pictures with the homography between them: pairs.json, read and checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.sources.folder import read_image
from waymark.types import Frame, Header

FORM = (
    '[{"reference": "a.png", "current": "b.png", "H": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}, ...]; H null: none is right'
)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two pictures.

    Attributes:
        reference: Image file.
        current: Image file.
        H_cur_ref: (3, 3) reference px to current px; None: no homography is right.
    """

    reference: Path
    current: Path
    H_cur_ref: NDArray[np.float64] | None

    def read(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Both images in gray, (H, W) uint8 each.

        Raises:
            SourceError: One can't be read or is not a whole image.
        """
        return _gray(self.reference), _gray(self.current)


def read_pairs(path: Path) -> list[Pair]:
    """Read pairs.json; image paths in it are relative to the file.

    Raises:
        ConfigError: The file is missing, no JSON, of another form, or names an image that there is not.
    """
    try:
        said = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise ConfigError(f'{path}: no such file. Give the pairs as JSON: {FORM}.') from None
    except OSError as error:
        raise ConfigError(f'{path}: can not be read ({error.strerror}). Give a JSON file: {FORM}.') from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f'{path}: not JSON ({error}). Write {FORM}.') from None
    if not isinstance(said, list) or not said:
        raise ConfigError(f'{path}: expected a list with pairs in it. Write {FORM}.')
    return [_pair(entry, f'{path}: pair {number}', path.parent) for number, entry in enumerate(said)]


def _pair(entry: Any, where: str, folder: Path) -> Pair:
    if not isinstance(entry, dict):
        raise ConfigError(f'{where}: expected an object, got {_short(entry)}. Write {FORM}.')
    missing = [key for key in ('reference', 'current', 'H') if key not in entry]
    if missing:
        raise ConfigError(f'{where}: has no {missing[0]!r}. Write {FORM}.')
    reference, current = (_file(entry[key], f'{where}: {key}', folder) for key in ('reference', 'current'))
    return Pair(reference, current, None if entry['H'] is None else _homography(entry['H'], f'{where}: H'))


def _file(said: Any, where: str, folder: Path) -> Path:
    if not isinstance(said, str) or not said:
        raise ConfigError(f'{where}: expected the path of an image, got {_short(said)}. Write {FORM}.')
    path = folder / said
    if not path.is_file():
        raise ConfigError(f'{where}: {path} is not a file. Paths are relative to the file of the pairs.')
    return path


def _homography(said: Any, where: str) -> NDArray[np.float64]:
    try:
        H = np.asarray(said, np.float64)
    except (TypeError, ValueError):
        H = np.zeros(0)
    if H.shape != (3, 3) or not np.isfinite(H).all():
        raise ConfigError(f'{where}: expected three rows of three finite numbers or null, got {_short(said)}.')
    if abs(np.linalg.det(H)) < 1e-12 * max(float(np.abs(H).max()), 1e-12):
        raise ConfigError(f'{where}: {_short(said)} can not be inverted, so it is no homography. Correct it.')
    return H


def _gray(file: Path) -> NDArray[np.uint8]:
    pixels, layout = read_image(file)
    return Frame(Header(0), pixels, layout).gray


def _short(said: Any) -> str:
    text = repr(said)
    return text if len(text) <= 60 else f'{text[:57]}...'
