# SPDX-License-Identifier: Apache-2.0
"""Which score for keyframes, scene boundaries and retrieval? Prints JSON, or with --table the tables of docs/scores.md.

    python benchmarks/scores.py ../shared/data > scores.json
    python benchmarks/scores.py scores.json

Temperatures, the mean's memory and the one threshold for a task are chosen on the development sets (vpr_corridor,
flights sim:ground with seeds 11 to 14 and a clip spliced from them); the other sets are measured once with these.

retrieval   R@1; AP: accept the best match by its score alone, average precision over queries (means over streams)
keyframes   AUC of 'at least half of the view overlaps' over the pairs of all flights together (one threshold must do
            for all streams), the mean AUC within each flight, and balanced accuracy at the development threshold
boundaries  F1 of 'the score with the frame before is below the development threshold'; best: with hindsight
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from score_streams import Pairs, development, final

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.similarity import (
    RunningCentre,
    aligned_cosine,
    centred_softmax_cosine,
    contrastive_score,
    cosine,
    softmax,
    vit_score,
)
from waymark.training.mix import auc

TEMPERATURES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
MEMORIES = (None, 0.99, 0.9)  # of the running mean: all, or this momentum
NEGATIVES = 64
TOKEN_METHODS = ('ViTScore', 'aligned tokens')
CHUNK = 512  # pairs at once
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Method:
    """A score, with the settings that are tried on the development sets."""

    name: str
    score: Callable[..., Scores]
    grid: dict[str, Sequence[Any]] = field(default_factory=dict)

    def settings(self) -> list[dict[str, Any]]:
        """All that are tried."""
        return [dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())]


def plain(pairs: Pairs) -> Scores:
    return np.asarray(cosine(pairs.vectors[pairs.first], pairs.vectors[pairs.second]))


def by_tokens(pairs: Pairs, compare: Callable[..., Scores]) -> Scores:
    chunks = np.array_split(np.arange(len(pairs.same)), len(pairs.same) // CHUNK + 1)
    x, y, t = pairs.first, pairs.second, pairs.tokens
    return np.concatenate([compare(t[x[c]], t[y[c]]) for c in chunks])


def vit(pairs: Pairs) -> Scores:
    return by_tokens(pairs, lambda x, y: vit_score(x, y, are_unit=True))


def running_means(rows: Scores, memory: float | None) -> Scores:
    """Row k: the mean of the rows before k (row 0: the first itself); one row more than there are."""
    centre = RunningCentre(memory)
    return np.array([rows[0], *(centre.update(row) for row in rows)])


def centred(pairs: Pairs, memory: float | None) -> Scores:
    mean = running_means(pairs.vectors, memory)[pairs.known]
    return np.asarray(cosine(pairs.vectors[pairs.first] - mean, pairs.vectors[pairs.second] - mean))


def centred_softmax(pairs: Pairs, order: str, temperature: float, memory: float | None) -> Scores:
    rows = softmax(pairs.vectors, temperature) if order == 'after' else pairs.vectors
    mean = running_means(rows, memory)[pairs.known]
    x, y = pairs.vectors[pairs.first], pairs.vectors[pairs.second]
    return np.asarray(centred_softmax_cosine(x, y, mean, temperature, order))


def contrastive(pairs: Pairs, temperature: float) -> Scores:
    """Against 64 images spread evenly over those known (fewer are repeated)."""
    scores = np.empty(len(pairs.same))
    for known in np.unique(pairs.known):
        of = pairs.known == known
        others = pairs.vectors[np.linspace(0, known - 1, NEGATIVES).astype(int)]
        x, y = pairs.vectors[pairs.second[of]], pairs.vectors[pairs.first[of]]
        scores[of] = contrastive_score(x, y, others, temperature)
    return scores


METHODS = (
    Method('cosine', plain),
    Method('centred cosine', centred, {'memory': MEMORIES}),
    *(
        Method(
            f'centred softmax, {order}',
            lambda pairs, order=order, **given: centred_softmax(pairs, order, **given),
            {'temperature': TEMPERATURES, 'memory': MEMORIES},
        )
        for order in ('after', 'before')
    ),
    Method('ViTScore', vit),
    Method('aligned tokens', lambda pairs: by_tokens(pairs, aligned_cosine)),
    Method('contrastive', contrastive, {'temperature': TEMPERATURES}),
)


def best_matches(pairs: Pairs, scores: Scores) -> tuple[Scores, NDArray[np.bool_]]:
    """For each query that has a right answer: the score of its best match, and whether that is right."""
    found = []
    for query in np.unique(pairs.second[pairs.same]):
        own = np.flatnonzero(pairs.second == query)
        best = own[scores[own].argmax()]
        found.append((scores[best], pairs.same[best]))
    return np.array([s for s, _ in found]), np.array([r for _, r in found], np.bool_)


def average_precision(scores: Scores, right: NDArray[np.bool_]) -> float:
    """Mean over all queries of the precision at each rightly answered one, best score first."""
    ordered = right[np.argsort(-scores, kind='stable')]
    precision = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    return float((precision * ordered).sum() / len(ordered))


def judge_retrieval(sets: Sequence[Pairs], scores: Sequence[Scores], threshold: float) -> dict[str, float]:
    answers = [best_matches(p, s) for p, s in zip(sets, scores, strict=True)]
    return {
        'R@1': float(np.mean([right.mean() for _, right in answers])),
        'AP': float(np.mean([average_precision(found, right) for found, right in answers])),
    }


def judge_keyframes(sets: Sequence[Pairs], scores: Sequence[Scores], threshold: float) -> dict[str, float]:
    same, every = np.concatenate([p.same for p in sets]), np.concatenate(scores)
    accepted = every >= threshold
    return {
        'AUC': auc(every, same),
        'AUC within': float(np.mean([auc(s, p.same) for p, s in zip(sets, scores, strict=True)])),
        'accuracy': float(accepted[same].mean() + (~accepted[~same]).mean()) / 2,
    }


def f1(is_cut: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    return float(2 * (is_cut & said).sum() / max(is_cut.sum() + said.sum(), 1))


def judge_boundaries(sets: Sequence[Pairs], scores: Sequence[Scores], threshold: float) -> dict[str, float]:
    same, every = np.concatenate([p.same for p in sets]), np.concatenate(scores)
    best = max(f1(~same, every < t) for t in thresholds(every))
    return {'F1': f1(~same, every < threshold), 'best': best}


JUDGES = {'retrieval': judge_retrieval, 'keyframes': judge_keyframes, 'boundaries': judge_boundaries}
# What settings are chosen by, and what the threshold is (retrieval's figures need none).
CHOSEN_BY = {'retrieval': 'AP', 'keyframes': 'AUC', 'boundaries': 'best'}
THRESHOLD_FOR = {'keyframes': 'accuracy', 'boundaries': 'F1'}


def thresholds(every: Scores) -> Scores:
    """Candidates: between neighbouring scores, the widest 2000 gaps, so that the best one sits in the middle of one."""
    ordered = np.unique(every)
    if len(ordered) < 2:
        return ordered
    widest = np.sort(np.argsort(-np.diff(ordered), kind='stable')[:2000])
    return (ordered[widest] + ordered[widest + 1]) / 2


def tuned(task: str, method: Method, groups: dict[str, list[Pairs]]) -> dict[str, Any]:
    """The settings (by the mean over groups) and the threshold that are best for development, and the figures there."""
    judge, by = JUDGES[task], CHOSEN_BY[task]
    rows = []
    for settings in method.settings():
        scores = {name: [method.score(pairs, **settings) for pairs in sets] for name, sets in groups.items()}
        figure = np.mean([judge(groups[name], scores[name], 0.0)[by] for name in groups])
        rows.append((figure, settings, scores))
    _, settings, scores = max(rows, key=lambda row: row[0])
    threshold = 0.0
    if task in THRESHOLD_FOR:
        (sets, own), figure = next(zip(groups.values(), scores.values(), strict=True)), THRESHOLD_FOR[task]
        threshold = float(max(thresholds(np.concatenate(own)), key=lambda t: judge(sets, own, t)[figure]))
    figures = {name: judge(groups[name], scores[name], threshold) for name in groups}
    return {'settings': settings, 'threshold': threshold, 'sets': figures}


def measure(encoder: Encoder, data: Path) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for task, chosen_on in development(data).items():
        groups = {name: [make(encoder) for make in makers] for name, makers in chosen_on.items()}
        has_tokens = next(iter(groups.values()))[0].tokens.size > 0
        methods = [m for m in METHODS if has_tokens or m.name not in TOKEN_METHODS]
        rows = {method.name: tuned(task, method, groups) for method in methods}
        for name, makers in final(data)[task].items():
            sets = [make(encoder) for make in makers]
            for method in methods:
                row = rows[method.name]
                scores = [method.score(pairs, **row['settings']) for pairs in sets]
                row['sets'][name] = JUDGES[task](sets, scores, row['threshold'])
        result[task] = rows
        print(f'{task}: done', file=sys.stderr)
    return result


def table(rows: dict[str, Any]) -> str:
    """One task as a Markdown table, a column for each score; the best of each line is bold."""
    lines = ['| set: figure | ' + ' | '.join(map(titled, rows, rows.values())) + ' |', '|---|' + '---|' * len(rows)]
    sets = next(iter(rows.values()))['sets']
    for name, figure in [(name, figure) for name, figures in sets.items() for figure in figures]:
        cells = [f'{row["sets"][name][figure]:.3f}' for row in rows.values()]
        marked = [f'**{cell}**' if cell == max(cells) else cell for cell in cells]
        lines.append(f'| {name}: {figure} | ' + ' | '.join(marked) + ' |')
    return '\n'.join(lines)


def titled(name: str, row: dict[str, Any]) -> str:
    settings = ', '.join(f'{k} {"all" if v is None else v}' for k, v in row['settings'].items())
    return f'{name} ({settings})' if settings else name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'data', type=Path, help='folder with vpr_corridor, ...: measure; or a JSON file: print its tables'
    )
    parser.add_argument('--encoder', default='hog', help='hog, waymark-place-1, a manifest or a model folder')
    args = parser.parse_args()
    if args.data.suffix == '.json':
        measured = json.loads(args.data.read_text())
        print('\n\n'.join(f'### {task} ({measured["encoder"]})\n\n{table(measured[task])}' for task in JUDGES))
        return
    cv2.setNumThreads(1)
    encoder = load_encoder(EncoderConfig(encoder=args.encoder))
    about = {'encoder': encoder.model_id, 'fingerprint': encoder.fingerprint}
    print(json.dumps({**about, **measure(encoder, args.data)}, indent=2))


if __name__ == '__main__':
    main()
