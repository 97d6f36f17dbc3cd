# SPDX-License-Identifier: Apache-2.0
"""Fit the gate that mixes two scores, on pairs that a user has labelled; judge it on pairs it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.errors import ConfigError
from waymark.similarity import Gate, mix
from waymark.training.pairs import Pair, ScoreName, Track, read_pairs, score_pairs

_STEPS, _RATE, _RIDGE = 2000, 0.05, 1e-3
_REMEDY = 'Label more pairs of both kinds, with different first images.'


@dataclass(frozen=True)
class MixReport:
    """How well each score, alone or mixed, orders the pairs held out. AUC: 1 is perfect, 0.5 is guessing.

    Attributes:
        fitted: Pairs that the gate was fitted on.
        held_out: Pairs that the figures come from.
        auc_a: Of the first score alone.
        auc_b: Of the second score alone.
        auc_even: Of their even mix: before the fit.
        auc_gate: Of the gate's mix: after it.
    """

    fitted: int
    held_out: int
    auc_a: float
    auc_b: float
    auc_even: float
    auc_gate: float

    @property
    def helps(self) -> bool:
        """Whether the gate beats both scores and their even mix."""
        return self.auc_gate > max(self.auc_a, self.auc_b, self.auc_even)


def train_mix(
    path: Path,
    names: tuple[ScoreName, ScoreName],
    held_out: float = 0.3,
    seed: int = 0,
    track: Track = iter,
) -> tuple[Gate, MixReport]:
    """Fit a gate on labelled pairs.

    Args:
        path: File of pairs (see read_pairs).
        names: What is mixed; for rows that bring scores only their names.
        held_out: Share of the pairs to judge by, 0..1; pairs with one first image stay together.
        seed: Decides which.
        track: Wraps the list of images, to show progress.

    Raises:
        ConfigError: A bad file, or too few pairs of one kind.
        WaymarkError: As score_pairs.
    """
    pairs = read_pairs(path)
    fingerprints = '', ''
    scores = np.array([pair.scores or (0.0, 0.0) for pair in pairs], np.float64).reshape(-1, 2)
    with_images = [i for i, pair in enumerate(pairs) if pair.scores is None]
    if with_images and len(with_images) < len(pairs):
        raise ConfigError(f'{path}: some pairs bring images and some scores. Give one kind.')
    if with_images:
        scores, fingerprints = score_pairs(pairs, names, track)
    same = np.array([pair.is_same for pair in pairs], np.bool_)
    judge = hold_out(pairs, held_out, seed)
    for part, what in ((~judge, 'to fit on'), (judge, 'held out')):
        if same[part].all() or not same[part].any():
            raise ConfigError(f'{path}: {part.sum()} pairs {what} are not of both kinds. {_REMEDY}')
    a, b = scores.T
    gate = fit_gate(a[~judge], b[~judge], same[~judge])
    report = judge_gate(gate, a[judge], b[judge], same[judge], int((~judge).sum()))
    described = replace(
        gate, inputs=(str(names[0]), str(names[1])), fingerprints=fingerprints, report={**asdict(report), 'seed': seed}
    )
    return described, report


def hold_out(pairs: Sequence[Pair], share: float, seed: int) -> NDArray[np.bool_]:
    """Choose the pairs to judge by: (N,) bool. Pairs with the same first image are all in or all out.

    Raises:
        ConfigError: The share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ConfigError(f'held-out: expected a share between 0 and 1, got {share}.')
    names = [pair.image_a or str(i) for i, pair in enumerate(pairs)]
    groups = sorted(set(names))
    order = np.random.default_rng(seed).permutation(len(groups))
    counts = np.array([names.count(groups[i]) for i in order])
    before = np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(counts) else counts
    chosen = {groups[i] for i, n in zip(order, before, strict=True) if n < share * len(names)}
    return np.array([name in chosen for name in names], np.bool_)


def fit_gate(a: NDArray[np.float64], b: NDArray[np.float64], same: NDArray[np.bool_]) -> Gate:
    """Fit mu = sigmoid(w . (a, b) + w0) such that the mix predicts `same`: P = sigmoid(k mix + c), k > 0.

    Logistic regression on the mix: cross-entropy, both kinds weighed alike, w, w0, k and c together by Adam (Kingma
    and Ba, ICLR 2015). Starts at the even mix; the same pairs give the same gate.

    Args:
        a: (N,) first scores.
        b: (N,) second scores.
        same: (N,) whether each pair shows the same; both kinds occur.

    Raises:
        ValueError: Shapes do not fit, a value not finite, or one kind only.
    """
    for name, values in (('a', a), ('b', b), ('same', same)):
        require_shape(name, values, (len(same),))
        require_finite(name, np.asarray(values, np.float64))
    if same.all() or not same.any():
        raise ValueError('same: expected both kinds of pairs')
    x = np.stack([a, b], axis=1)
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    even = x.mean(axis=1)
    slope = 1 / max(even.std(), 1e-9)
    parameters = np.array([0.0, 0.0, 0.0, np.log(slope), -slope * even.mean()])
    parameters = _minimized(parameters, x, (x - mean) / spread, same)
    w = parameters[:2] / spread
    return Gate(w[None], np.array([parameters[2] - w @ mean]))


def mix_loss(
    parameters: NDArray[np.float64], x: NDArray[np.float64], features: NDArray[np.float64], same: NDArray[np.bool_]
) -> tuple[float, NDArray[np.float64]]:
    """Cross-entropy of P(same) = sigmoid(exp(q) m + c), m = mu a + (1 - mu) b, mu = sigmoid(w . features + w0).

    Args:
        parameters: (5,) w (2), w0, q, c.
        x: (N, 2) scores a and b.
        features: (N, 2) what the gate sees: the scores, standardised.
        same: (N,).

    Returns:
        The loss, and its gradient (5,).
    """
    share = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    mu = _sigmoid(features @ parameters[:2] + parameters[2])
    mixed = mu * x[:, 0] + (1 - mu) * x[:, 1]
    k = np.exp(parameters[3])
    logit = k * mixed + parameters[4]
    loss = share @ (np.logaddexp(0, logit) - same * logit) + _RIDGE * parameters[:2] @ parameters[:2]
    by_logit = share * (_sigmoid(logit) - same)
    by_gate = by_logit * k * (x[:, 0] - x[:, 1]) * mu * (1 - mu)
    by_w = features.T @ by_gate + 2 * _RIDGE * parameters[:2]
    return float(loss), np.array([*by_w, by_gate.sum(), k * (by_logit @ mixed), by_logit.sum()])


def judge_gate(
    gate: Gate, a: NDArray[np.float64], b: NDArray[np.float64], same: NDArray[np.bool_], fitted: int = 0
) -> MixReport:
    """Compare the gate's mix with what it is made of, on pairs (N,) that it was not fitted on."""
    mixed = mix(a[:, None], b[:, None], gate)[:, 0]
    return MixReport(fitted, len(same), auc(a, same), auc(b, same), auc((a + b) / 2, same), auc(mixed, same))


def auc(scores: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a same pair scores above a different one, ties counting half.

    Args:
        scores: (N,), higher is more alike.
        same: (N,) bool, both kinds occur.

    Raises:
        ValueError: Shapes do not fit, or one kind only.
    """
    require_shape('scores', scores, (len(same),))
    if same.all() or not same.any():
        raise ValueError('same: expected both kinds of pairs')
    different = np.sort(scores[~same])
    below = np.searchsorted(different, scores[same], 'left') + np.searchsorted(different, scores[same], 'right')
    return float(below.mean() / (2 * len(different)))


def _minimized(
    parameters: NDArray[np.float64], x: NDArray[np.float64], features: NDArray[np.float64], same: NDArray[np.bool_]
) -> NDArray[np.float64]:
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    for step in range(1, _STEPS + 1):
        _, gradient = mix_loss(parameters, x, features, same)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        move = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        parameters = parameters - _RATE * (1 - step / _STEPS) * move
    return parameters


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))
