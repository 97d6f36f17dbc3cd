# SPDX-License-Identifier: Apache-2.0
"""How well places are recognized: a folder of queries against a folder of references, judged by a truth file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError
from waymark.evaluation.figures import area_under, precision_recall, recall_at, recall_at_full_precision
from waymark.evaluation.places_run import Answer, PlacesRequest, PlacesRun
from waymark.evaluation.truth import Truth, read_truth
from waymark.sources.folder import image_files

Progress = Callable[[str, int, int], None]  # stage, done, of
_RANKS = 10


def evaluate_places(request: PlacesRequest, progress: Progress = lambda stage, done, of: None) -> dict[str, float]:
    """Run the recognizer's own parts over two folders and compare with the truth.

    Args:
        request: What to judge.
        progress: Told the stage and how far it is.

    Returns:
        recall_at_1, recall_at_5, recall_at_10, pr_auc, recall_at_100_precision, accepted, wrong_accepted, ms_encode,
        ms_query, n_queries.

    Raises:
        SourceError: A folder is missing or without images, or an image can't be read.
        ConfigError: The truth file is not what it should be, or the folders do not fit --online.
        ModelError: The encoder is not what it should be.
    """
    files = image_files(request.queries), image_files(request.database)
    _require_one_sequence(request, *(len(f) for f in files))
    truth = read_truth(request.truth, len(files[0]), len(files[1]))
    run = PlacesRun(request, load_encoder(EncoderConfig(encoder=request.encoder, threads=1)))
    if not request.online:
        for number, file in enumerate(files[1]):
            progress('database', number, len(files[1]))
            run.add(number, run.describe(file))
    answers = []
    for number, file in enumerate(files[0]):
        progress('queries', number, len(files[0]))
        view = run.describe(file)
        answers.append(run.answer(number, view))
        if request.online:
            run.add(number, view)
    progress('queries', len(files[0]), len(files[0]))
    return score_answers(answers, _allowed(truth, request)) | run.times()


def _require_one_sequence(request: PlacesRequest, queries: int, database: int) -> None:
    if request.online and queries != database:
        raise ConfigError(
            f'--online compares each query with the images before it, so that both folders must be the same: '
            f'{request.queries} holds {queries} images, {request.database} {database}. Give one folder twice.'
        )


def _allowed(truth: Truth, request: PlacesRequest) -> Truth:
    """Leave only references that a query may match: online, those far enough before it."""
    if not request.online:
        return truth
    return Truth(truth.same & np.tril(np.ones_like(truth.same), -request.exclude_recent - 1), truth.known)


def score_answers(answers: Sequence[Answer], truth: Truth) -> dict[str, float]:
    """Compare answers with the truth.

    Args:
        answers: One per query.
        truth: Of the same queries; those it does not know are left out, those without a right answer count in
            precision and acceptance only.
    """
    same = truth.same[truth.known]
    said = [answer for answer, known in zip(answers, truth.known, strict=True) if known]
    answerable = np.asarray(same.any(axis=1), np.bool_)
    right = np.zeros((len(said), _RANKS), np.bool_)
    for row, answer in enumerate(said):
        ranked = answer.ranked[:_RANKS]
        right[row, : len(ranked)] = same[row, ranked]
    score = np.array([a.score for a in said], np.float64)
    accepted = [(row, a.accepted) for row, a in enumerate(said) if a.accepted is not None]
    precision, recall = precision_recall(score, np.asarray(right[:, 0], np.bool_), answerable)
    return {
        **{f'recall_at_{k}': recall_at(right, answerable, k) for k in (1, 5, 10)},
        'pr_auc': area_under(precision, recall),
        'recall_at_100_precision': recall_at_full_precision(precision, recall),
        'accepted': len(accepted),
        'wrong_accepted': sum(not same[row, reference] for row, reference in accepted),
        'n_queries': len(said),
    }
