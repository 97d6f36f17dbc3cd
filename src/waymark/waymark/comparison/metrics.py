# SPDX-License-Identifier: Apache-2.0
"""Every metric that a comparison knows by name, and what it says about two images."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waymark import similarity
from waymark.comparison.images import ImagePair
from waymark.encoding import DenseEncoder, Embedding, Encoder
from waymark.errors import ConfigError

Images = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class Subject:
    """What metrics look at; embeddings are made once, when the first of them asks.

    Attributes:
        pair: The images.
        mask: (H, W) 0 to 1 at A's size, or None.
        encoder: Says what the images mean.
    """

    pair: ImagePair
    mask: NDArray[np.float32] | None
    encoder: Encoder

    @cached_property
    def embeddings(self) -> tuple[Embedding, Embedding]:
        """Of A and B, whole; a mask plays no part."""
        if self.dense is not None:
            return self.dense[0][0], self.dense[1][0]
        a, b = (self.encoder.encode(rgb) for rgb in self.pair.rgb)
        return a, b

    @cached_property
    def dense(self) -> tuple[tuple[Embedding, NDArray[np.float32]], tuple[Embedding, NDArray[np.float32]]] | None:
        """Embedding and tokens (h, w, D) of A and B; None when the encoder has no tokens."""
        if not isinstance(self.encoder, DenseEncoder):
            return None
        a, b = (self.encoder.encode_dense(rgb) for rgb in self.pair.rgb)
        return (a.embedding, a.tokens), (b.embedding, b.tokens)


@dataclass(frozen=True)
class Metric:
    """One row of the table.

    Attributes:
        measure: Gives the value; ValueError where these images don't allow it.
        equal: The value of equal images.
        meaning: What the value is.
    """

    measure: Callable[[Subject], float]
    equal: float
    meaning: str


@dataclass(frozen=True)
class Measured:
    """What a metric said.

    Attributes:
        name: The metric.
        value: Infinite is a value (PSNR of equal images); None where there is none.
        note: What it is, or why there is none.
    """

    name: str
    value: float | None
    note: str


def chosen_metrics(names: Sequence[str]) -> list[str]:
    """Check the names that a user gave; all metrics when there are none.

    Raises:
        ConfigError: An unknown name.
    """
    for name in names:
        if name not in METRICS:
            close = difflib.get_close_matches(name, METRICS, n=1)
            hint = f'Did you mean {close[0]!r}?' if close else f'Known: {", ".join(METRICS)}.'
            raise ConfigError(f'--metric: unknown metric {name!r}. {hint}')
    return list(dict.fromkeys(names)) or list(METRICS)


def measure_all(subject: Subject, names: Sequence[str]) -> list[Measured]:
    """Apply metrics by name; one that these images don't allow has no value and says why."""
    return [_measure(subject, name) for name in names]


def _measure(subject: Subject, name: str) -> Measured:
    metric = METRICS[name]
    try:
        return Measured(name, float(metric.measure(subject)), metric.meaning)
    except ValueError as error:  # images too small, a mask that hides all windows: part of the answer, not a bug
        return Measured(name, None, str(error))


def _of_pixels(function: Callable[..., NDArray[np.float64]]) -> Callable[[Subject], float]:
    return lambda subject: float(function(*subject.pair.pixels, mask=subject.mask))


def _cosine(subject: Subject) -> float:
    a, b = subject.embeddings
    return float(similarity.cosine(a.vector, b.vector))


def _of_tokens(function: Callable[..., NDArray[np.float64]], aligned: bool = False) -> Callable[[Subject], float]:
    def measure(subject: Subject) -> float:
        if subject.dense is None:
            raise ValueError(f'encoder {subject.encoder.model_id} has no patch tokens')
        a, b = (tokens for _, tokens in subject.dense)
        masks = [
            None if subject.mask is None else similarity.token_mask(subject.mask, (t.shape[0], t.shape[1]))
            for t in (a, b)
        ]
        if aligned and a.shape != b.shape:
            raise ValueError(f'tokens of A {a.shape[:2]} and B {b.shape[:2]} do not lie at the same places')
        mask = masks[0] if aligned else tuple(masks)
        return float(function(a.reshape(-1, a.shape[2]), b.reshape(-1, b.shape[2]), mask=mask))

    return measure


METRICS: dict[str, Metric] = {
    'mse': Metric(_of_pixels(similarity.mse), 0, 'mean squared error, grey levels^2'),
    'mae': Metric(_of_pixels(similarity.mae), 0, 'mean absolute error, grey levels'),
    'sad': Metric(_of_pixels(similarity.sad), 0, 'Manhattan distance, grey levels'),
    'psnr': Metric(_of_pixels(similarity.psnr), math.inf, 'peak signal-to-noise ratio, dB'),
    'mean_ssim': Metric(_of_pixels(similarity.mean_ssim), 1, 'SSIM, mean over windows'),
    'global_ssim': Metric(_of_pixels(similarity.global_ssim), 1, 'SSIM, all pixels as one window'),
    'ms_ssim': Metric(_of_pixels(similarity.ms_ssim), 1, 'SSIM over five scales'),
    'ms_ssim_log': Metric(_of_pixels(similarity.ms_ssim_log), 0, '-log of ms_ssim'),
    'embedding_cosine': Metric(_cosine, 1, 'what the whole images mean'),
    'vit_score': Metric(_of_tokens(similarity.vit_score), 1, 'patches matched wherever they are'),
    'aligned_cosine': Metric(_of_tokens(similarity.aligned_cosine, aligned=True), 1, 'patches compared where they are'),
}
