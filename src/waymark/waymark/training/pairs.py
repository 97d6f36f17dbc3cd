# SPDX-License-Identifier: Apache-2.0
"""Labelled pairs of images, and how alike two scores find each pair."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.encoding import DenseEncoder, Encoder, EncoderConfig, load_encoder
from waymark.errors import ConfigError, SourceError
from waymark.similarity import aligned_cosine, cosine, vit_score
from waymark.sources.folder import read_image
from waymark.types import Frame, Header

TOKEN_SCORES: dict[str, Callable[..., Any]] = {'vit_score': vit_score, 'aligned_cosine': aligned_cosine}
SCORES = ('cosine', *TOKEN_SCORES)
Track = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True)
class Pair:
    """One row of a file of pairs.

    Attributes:
        image_a: File; '' where the row brings scores instead.
        image_b: File.
        scores: The two scores that the row brings, or None.
        is_same: Whether both show the same.
    """

    image_a: str
    image_b: str
    scores: tuple[float, float] | None
    is_same: bool


@dataclass(frozen=True)
class ScoreName:
    """One of the scores that are mixed: 'cosine' or 'vit_score', by which encoder."""

    encoder: str
    score: str

    @classmethod
    def parse(cls, text: str, encoder: str = EncoderConfig.encoder) -> ScoreName:
        """Read 'vit_score' or 'models/siglip:cosine'.

        Raises:
            ConfigError: There is no such score.
        """
        name, _, score = text.rpartition(':')
        if score not in SCORES:
            raise ConfigError(f'no score is called {score!r}. Use {", ".join(SCORES)}, or ENCODER:SCORE.')
        return cls(name or encoder, score)

    def __str__(self) -> str:
        return f'{self.encoder}:{self.score}'


def read_pairs(path: Path) -> list[Pair]:
    """Read labelled pairs: CSV with a header, or JSON (a list of objects with the same names).

    Columns: `image_a`, `image_b` (files, relative to the folder of `path`) and `same` (1 or 0). Or, where you have
    scores already: `score_a`, `score_b` and `same`.

    Raises:
        SourceError: The file can't be read.
        ConfigError: A column is missing, or a value is not what it should be; the text names the row.
    """
    try:
        text = path.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f'{path}: can not be read ({error}). Give a CSV or JSON file of pairs.') from None
    if path.suffix.lower() == '.json':
        try:
            rows = json.loads(text)
        except ValueError as error:
            raise ConfigError(f'{path}: not JSON ({error}). Mend it.') from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ConfigError(f'{path}: expected a list of objects with image_a, image_b and same.')
    else:
        rows = list(csv.DictReader(text.splitlines()))
    return [_pair(row, f'{path}: pair {number}', path.parent) for number, row in enumerate(rows, 1)]


def score_pairs(
    pairs: Sequence[Pair], names: tuple[ScoreName, ScoreName], track: Track = iter
) -> tuple[NDArray[np.float64], tuple[str, str]]:
    """Score each pair twice; every image is encoded once by each encoder.

    Args:
        pairs: Of images.
        names: The two scores.
        track: Wraps the list of images, to show progress.

    Returns:
        (N, 2) scores, and the encoders' fingerprints.

    Raises:
        SourceError: An image can't be read.
        ConfigError: A score needs tokens and the encoder gives none.
        WaymarkError: As load_encoder.
    """
    encoders = {name: load_encoder(EncoderConfig(encoder=name)) for name in dict.fromkeys(n.encoder for n in names)}
    files = list(dict.fromkeys(file for pair in pairs for file in (pair.image_a, pair.image_b)))
    columns = {name: _Described(encoders[name.encoder], name) for name in dict.fromkeys(names)}
    for file in track(files):
        pixels, layout = read_image(Path(file))
        rgb = Frame(Header(1), pixels, layout).rgb
        for column in columns.values():
            column.add(file, rgb)
    scores = [[columns[name].compare(pair.image_a, pair.image_b) for name in names] for pair in pairs]
    first, second = (encoders[name.encoder].fingerprint for name in names)
    return np.array(scores, np.float64).reshape(-1, 2), (first, second)


class _Described:
    """What one score needs of each image, and the score of two."""

    def __init__(self, encoder: Encoder, name: ScoreName) -> None:
        self._name = name
        self._encoder = encoder
        self._values: dict[str, NDArray[np.float32]] = {}

    def add(self, file: str, rgb: NDArray[np.uint8]) -> None:
        if self._name.score == 'cosine':
            self._values[file] = self._encoder.encode(rgb).vector
            return
        if not isinstance(self._encoder, DenseEncoder):
            raise ConfigError(f'{self._name}: this encoder gives no tokens. Use {self._name.encoder}:cosine.')
        tokens = self._encoder.encode_dense(rgb).tokens
        self._values[file] = tokens.reshape(-1, tokens.shape[-1])

    def compare(self, file_a: str, file_b: str) -> float:
        compare = TOKEN_SCORES.get(self._name.score, cosine)
        return float(compare(self._values[file_a], self._values[file_b]))


def _pair(row: dict[str, Any], where: str, folder: Path) -> Pair:
    same = str(row.get('same', '')).strip().lower()
    if same not in ('0', '1', 'true', 'false'):
        raise ConfigError(f'{where}: same: expected 1 or 0, got {row.get("same")!r}.')
    is_same = same in ('1', 'true')
    files = [str(row.get(name) or '').strip() for name in ('image_a', 'image_b')]
    if all(files):
        return Pair(str(folder / files[0]), str(folder / files[1]), None, is_same)
    try:
        a, b = (float(row[name]) for name in ('score_a', 'score_b'))
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f'{where}: expected image_a and image_b, or score_a and score_b, beside same.') from None
    if not np.isfinite([a, b]).all():
        raise ConfigError(f'{where}: its scores are not finite: {a}, {b}.')
    return Pair('', '', (a, b), is_same)
