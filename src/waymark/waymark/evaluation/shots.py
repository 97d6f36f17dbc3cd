# SPDX-License-Identifier: Apache-2.0
"""`waymark eval shots`: how many boundaries of a recording are found, and how many are made up.

Truth is `{"cuts": [frame, ...]}`, each the first frame of a new shot, counted from 0, and where it is known
`"gradual": [[first, end], ...]`: the first changed frame of each dissolve or fade, and the first that is wholly new.
Without `gradual` the truth says nothing of gradual changes: those that it lists among its cuts count as found, others
are reported and not counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from waymark.errors import ConfigError
from waymark.shot_list import ShotList
from waymark.shots import Boundary

_MARGIN = 2  # frames by which a gradual change may miss the truth's
_EXAMPLE = '{"cuts": [30, 180]}'


@dataclass(frozen=True)
class ShotTruth:
    """What is in a recording.

    Attributes:
        cuts: First frames of new shots.
        gradual: (first changed frame, first wholly new frame); None where the truth says nothing of these.
    """

    cuts: tuple[int, ...]
    gradual: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True)
class ShotScore:
    """Found boundaries against the truth.

    Attributes:
        precision: Share of those found that are true; 1 where nothing is found nor to be found.
        recall: Share of the true ones that were found.
        f1: Harmonic mean of both.
        detected: Number found that count.
        false_positives: Those of them that are not true.
        missed: True ones that were not found.
    """

    precision: float
    recall: float
    f1: float
    detected: int
    false_positives: int
    missed: int


def read_truth(path: Path, frames: int) -> ShotTruth:
    """Read and check a truth file.

    Args:
        path: JSON, see above.
        frames: Of the recording.

    Raises:
        ConfigError: The file can't be read, or a frame is not in the recording.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise ConfigError(f'{path}: {error.strerror or error}. Give a truth file such as {_EXAMPLE}.') from error
    except ValueError:
        raise ConfigError(f'{path}: not JSON. Write a truth file such as {_EXAMPLE}.') from None
    cuts, gradual = (content.get(k) if isinstance(content, dict) else None for k in ('cuts', 'gradual'))
    if not isinstance(cuts, list):
        raise ConfigError(f'{path}: no list "cuts". Write a truth file such as {_EXAMPLE}.')
    pairs = [tuple(_frame(path, v, frames) for v in pair) for pair in _pairs(path, gradual)]
    found = tuple(sorted({_frame(path, v, frames) for v in cuts}))
    return ShotTruth(found, None if gradual is None else tuple((a, b) for a, b in pairs))


def _pairs(path: Path, gradual: Any) -> list[list[Any]]:
    if gradual is None:
        return []
    if not isinstance(gradual, list) or not all(isinstance(p, list) and len(p) == 2 for p in gradual):
        raise ConfigError(f'{path}: "gradual" must list pairs of frames, such as [[508, 558]].')
    return gradual


def _frame(path: Path, value: Any, frames: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < frames:
        raise ConfigError(f'{path}: {value!r} is no frame of the recording, which has 0 to {frames - 1}. Correct it.')
    return value


def score_boundaries(found: Sequence[Boundary], truth: ShotTruth, tolerance: int) -> ShotScore:
    """Compare boundaries with the truth, one to one.

    Args:
        found: In any order.
        truth: See there.
        tolerance: Frames by which a cut may be off.
    """
    right = _matched([b.frame_index for b in found], truth.cuts, tolerance)
    hits = len(right)
    rest = [b for i, b in enumerate(found) if i not in right]
    if truth.gradual is None:
        rest = [b for b in rest if b.kind == 'cut']
    else:
        explained = _overlapping(rest, truth.gradual)
        hits += len(explained)
        rest = [b for i, b in enumerate(rest) if i not in explained]
    total = len(truth.cuts) + len(truth.gradual or ())
    return score_of(hits, hits + len(rest), total)


def score_of(hits: int, detected: int, total: int) -> ShotScore:
    """Precision, recall and f1 from the numbers of right, found and true boundaries."""
    return ShotScore(
        hits / detected if detected else float(total == 0),
        hits / total if total else 1.0,
        2 * hits / (detected + total) if detected + total else 1.0,
        detected,
        detected - hits,
        total - hits,
    )


def _matched(found: Sequence[int], cuts: Sequence[int], tolerance: int) -> set[int]:
    """Indices of found frames that are a cut each: as many as can be."""
    right: set[int] = set()
    waiting = sorted(cuts)
    for i in sorted(range(len(found)), key=lambda i: found[i]):
        while waiting and waiting[0] < found[i] - tolerance:
            waiting.pop(0)
        if waiting and waiting[0] <= found[i] + tolerance:
            waiting.pop(0)
            right.add(i)
    return right


def _overlapping(found: Sequence[Boundary], gradual: Sequence[tuple[int, int]]) -> set[int]:
    """Indices of boundaries that lie on a true gradual change, one for each."""
    explained: set[int] = set()
    for first, end in gradual:
        for i, b in enumerate(found):
            if i not in explained and b.start_index <= end + _MARGIN and b.frame_index >= first - _MARGIN:
                explained.add(i)
                break
    return explained


def evaluation_of(found: ShotList, truth: ShotTruth) -> dict[str, Any]:
    """All numbers as JSON holds them: those without a suffix are at tolerance 0."""
    scores = [score_boundaries(found.boundaries, truth, tolerance) for tolerance in (0, 1)]
    values: dict[str, Any] = asdict(scores[0])
    for tolerance, score in enumerate(scores):
        for name in ('precision', 'recall', 'f1', 'false_positives'):
            values[f'{name}_tolerance_{tolerance}'] = getattr(score, name)
    return values | {
        'ms_per_frame': round(found.ms_per_frame, 4),
        'frames': found.frames,
        'true_cuts': list(truth.cuts),
        'true_gradual': None if truth.gradual is None else [list(pair) for pair in truth.gradual],
        'cuts': [b.frame_index for b in found.boundaries if b.kind == 'cut'],
        'gradual': [[b.start_index, b.frame_index] for b in found.boundaries if b.kind != 'cut'],
    }
