# SPDX-License-Identifier: Apache-2.0
"""Scores between distributions that self-supervised training minimises; here to compare, without gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_shape
from waymark.similarity.distributions import RunningCentre, centred_softmax, log_softmax, softmax
from waymark.similarity.vectors import cosine, cosine_matrix
from waymark.similarity.weights import as_float, as_mask, finite, weighted_mean

TEACHER_TEMPERATURE = 0.04  # DINO's, after its warm-up from there to 0.07
STUDENT_TEMPERATURE = 0.1


def dino_cross_entropy(
    teacher: ArrayLike,
    student: ArrayLike,
    centre: ArrayLike,
    teacher_temperature: float = TEACHER_TEMPERATURE,
    student_temperature: float = STUDENT_TEMPERATURE,
) -> NDArray[np.float64]:
    """H(t, s) = -sum_k softmax((t - C) / tau_t)_k log softmax(s / tau_s)_k: only the teacher is centred.

    Caron et al., Emerging Properties in Self-Supervised Vision Transformers, ICCV 2021, algorithm 1. Not symmetric.

    Args:
        teacher: (..., K) outputs.
        student: (..., K) outputs.
        centre: (K,) mean of the teacher's outputs.
        teacher_temperature: tau_t, above 0.
        student_temperature: tau_s, above 0.

    Returns:
        (...), at least 0.

    Raises:
        ValueError: Shapes do not fit, a temperature of 0 or less, or a value not finite.
    """
    target = centred_softmax(teacher, centre, teacher_temperature, 'before')
    guess = log_softmax(student, student_temperature)
    if target.shape[-1] != guess.shape[-1]:
        raise ValueError(f'student: expected shape (..., {target.shape[-1]}), got {guess.shape}')
    return finite('dino_cross_entropy', -(target * guess).sum(axis=-1))


def dino_loss(
    teacher: ArrayLike,
    student: ArrayLike,
    centre: RunningCentre,
    teacher_temperature: float = TEACHER_TEMPERATURE,
    student_temperature: float = STUDENT_TEMPERATURE,
) -> float:
    """DINO's loss of a batch: mean H over pairs of different views and images; then the centre learns the teacher.

    Args:
        teacher: (V, B, K) outputs for the V global views.
        student: (W, B, K) outputs for all W >= V views, the global ones first and in the same order.
        centre: Updated after the loss; before its first update it counts as 0.
        teacher_temperature: tau_t, above 0.
        student_temperature: tau_s, above 0.

    Raises:
        ValueError: Shapes do not fit, there is no pair of different views, or a value is not finite.
    """
    t, s = as_float('teacher', teacher, 3), as_float('student', student, 3)
    require_shape('teacher', t, ('V', 'B', 'K'))
    require_shape('student', s, ('W', *t.shape[1:]))
    if len(s) < max(len(t), 2):
        raise ValueError(f'student: expected at least 2 views and all {len(t)} of the teacher, got {len(s)}')
    mean = np.zeros(t.shape[-1]) if centre.mean is None else centre.mean
    entropies = dino_cross_entropy(t[:, None], s[None], mean, teacher_temperature, student_temperature)
    differ = ~np.eye(len(t), len(s), dtype=bool)  # a view is not compared with itself
    centre.update(t)
    return float(entropies[differ].mean())


def ibot_patch_loss(
    teacher: ArrayLike,
    student: ArrayLike,
    centre: ArrayLike,
    mask: ArrayLike,
    teacher_temperature: float = TEACHER_TEMPERATURE,
    student_temperature: float = STUDENT_TEMPERATURE,
) -> NDArray[np.float64]:
    """Masked image modelling as iBOT does it: mean H(t, s) over the patches that were hidden from the student.

    Zhou et al., iBOT: Image BERT Pre-Training with Online Tokenizer, ICLR 2022, eq. 2 (there a sum; the authors' code
    divides by the number of hidden patches, as here).

    Args:
        teacher: (..., N, K) outputs per patch, from the whole image.
        student: (..., N, K) from the image with patches hidden.
        centre: (K,) mean of the teacher's outputs for patches, kept apart from that for whole images.
        mask: (..., N) 1 (or a weight above 0) where a patch was hidden.
        teacher_temperature: tau_t, above 0.
        student_temperature: tau_s, above 0.

    Returns:
        (...), one for each image.

    Raises:
        ValueError: Shapes do not fit, nothing is hidden in an image, or a value is not finite.
    """
    t, s = as_float('teacher', teacher, 2), as_float('student', student, 2)
    entropies = np.asarray(dino_cross_entropy(t, s, centre, teacher_temperature, student_temperature))
    return weighted_mean(entropies, as_mask(mask, entropies.shape, 'patches'))[()]


def generalized_cross_entropy(z: ArrayLike, labels: ArrayLike, tau: float = 1.0) -> NDArray[np.float64]:
    """Comp-sum loss Phi_1^tau(u), u = sum over y' != y of exp(z_y' - z_y).

    Phi^tau(u) = ((1 + u)^(1 - tau) - 1) / (1 - tau), and log(1 + u) for tau = 1: Mao, Mohri, Zhong, Cross-Entropy Loss
    Functions: Theoretical Analysis and Applications, ICML 2023. As 1 + u = 1 / softmax(z)_y: tau = 1 is softmax
    cross-entropy, 1 < tau < 2 the generalised cross-entropy (1 - p^q) / q with q = tau - 1 of Zhang and Sabuncu
    (NeurIPS 2018), tau = 2 the mean absolute error 1 - p, tau = 0 the sum of exponentials.

    Args:
        z: (..., K) outputs.
        labels: (...) whole numbers, the right kind 0..K-1.
        tau: At least 0.

    Returns:
        (...), at least 0.

    Raises:
        ValueError: Labels out of range or of another shape, tau below 0, or a loss that is not finite.
    """
    logs = log_softmax(z)
    right = np.asarray(labels)
    if right.dtype.kind not in 'iu' or right.shape != logs.shape[:-1]:
        raise ValueError(f'labels: expected whole numbers of shape {logs.shape[:-1]}, got {right.dtype} {right.shape}')
    if not tau >= 0 or not ((right >= 0) & (right < logs.shape[-1])).all():
        raise ValueError(f'tau must be at least 0 and labels between 0 and {logs.shape[-1] - 1}, got tau = {tau}')
    entropy = -np.take_along_axis(logs, right[..., None].astype(np.intp), axis=-1)[..., 0]
    if abs(1 - tau) < 1e-12:
        return finite('generalized_cross_entropy', entropy)
    return finite('generalized_cross_entropy', np.expm1((1 - tau) * entropy) / (1 - tau))


def simcse_loss(
    x: ArrayLike, y: ArrayLike, temperature: float = 0.05, negatives: ArrayLike | None = None
) -> NDArray[np.float64]:
    """SimCSE: -log exp(cos(x_i, y_i) / t) / sum_j exp(cos(x_i, y_j) / t), j over the batch (and the negatives).

    Gao, Yao, Chen, SimCSE, EMNLP 2021, eq. 1 (t = 0.05), with negatives eq. 5.

    Args:
        x: (..., N, D).
        y: (..., N, D), row i belongs to row i of x.
        temperature: t, above 0.
        negatives: (..., M, D) that belong to none.

    Returns:
        (..., N), at least 0.

    Raises:
        ValueError: Shapes do not fit, a temperature of 0 or less, or a value not finite.
    """
    scores = cosine_matrix(x, y)
    if scores.shape[-1] != scores.shape[-2]:
        raise ValueError(f'y: expected {scores.shape[-2]} rows as in x, got {scores.shape[-1]}')
    if negatives is not None:
        scores = np.concatenate([scores, cosine_matrix(x, negatives)], axis=-1)
    return _own_entropy(scores, temperature)


def cpc_infonce(context: ArrayLike, future: ArrayLike, W: ArrayLike | None = None) -> NDArray[np.float64]:
    """CPC's InfoNCE: -log f(x_i, c_i) / sum_j f(x_j, c_i) with f(x, c) = exp(z^T W c).

    Van den Oord, Li, Vinyals, Representation Learning with Contrastive Predictive Coding, 2018, eqs. 3 and 4.

    Args:
        context: (..., N, C), c: what is known now.
        future: (..., N, D), z: what came later; row i belongs to row i of the context.
        W: (D, C); None is the identity (C = D).

    Returns:
        (..., N), at least 0. log N minus their mean bounds the mutual information from below.

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    c, z = as_float('context', context, 2), as_float('future', future, 2)
    predicted = c if W is None else c @ np.asarray(W).T
    if predicted.shape[-2:] != z.shape[-2:]:
        raise ValueError(f'future: expected shape (..., {predicted.shape[-2]}, {predicted.shape[-1]}), got {z.shape}')
    return _own_entropy(predicted @ np.swapaxes(z, -1, -2), 1.0)


def contrastive_score(
    x: ArrayLike, y: ArrayLike, negatives: ArrayLike, temperature: float = 0.05
) -> NDArray[np.float64]:
    """Probability that y belongs to x rather than any of the negatives: exp(-SimCSE) of one pair, 0..1.

    Args:
        x: (..., D).
        y: (..., D).
        negatives: (..., M, D) what else x could belong to (the images seen so far), M >= 1.
        temperature: t, above 0.

    Raises:
        ValueError: Shapes do not fit, a temperature of 0 or less, or a value not finite.
    """
    own = np.asarray(cosine(x, y))[..., None]
    others = cosine_matrix(as_float('x', x)[..., None, :], negatives)[..., 0, :]
    shape = np.broadcast_shapes(own.shape[:-1], others.shape[:-1])
    both = [np.broadcast_to(part, (*shape, part.shape[-1])) for part in (own, others)]
    return softmax(np.concatenate(both, axis=-1), temperature)[..., 0]


def _own_entropy(scores: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """-log softmax of each row's own column."""
    return np.asarray(-np.einsum('...ii->...i', log_softmax(scores, temperature)[..., : scores.shape[-2]]))
