# SPDX-License-Identifier: Apache-2.0
"""Convex mixes of two vectors, of each moment with the one before, of all that came."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_finite, require_shape
from waymark.errors import ModelError
from waymark.similarity.weights import as_float, finite

FORMAT = 'waymark-mix-1'


@dataclass(frozen=True, eq=False)
class Gate:
    """A learned share mu = sigmoid(W x + b) where x is both inputs in one vector, (a, b).

    Attributes:
        W: (D, 2 D), or (1, 2 D) for one share for all D.
        b: (D,) or (1,).
        inputs: What a and b were when it was learned, for people ('hog cosine', 'hog vit_score').
        fingerprints: Of the encoders behind a and b; '' where there was none.
        report: How good it was on pairs held out.
    """

    W: NDArray[np.float64]
    b: NDArray[np.float64]
    inputs: tuple[str, str] = ('a', 'b')
    fingerprints: tuple[str, str] = ('', '')
    report: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_shape('W', self.W, ('D', '2 D'))
        require_shape('b', self.b, (len(self.W),))
        if self.W.shape[1] == 0 or self.W.shape[1] % 2 or len(self.W) not in (1, self.W.shape[1] // 2):
            raise ValueError(f'W: expected shape (D, 2 D) or (1, 2 D), got {self.W.shape}')
        require_finite('W', self.W)
        require_finite('b', self.b)

    def share(self, a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
        """The share mu of a.

        Args:
            a: (..., D).
            b: (..., D).

        Returns:
            (..., D) or (..., 1), between 0 and 1.

        Raises:
            ValueError: Vectors of another length than the gate's.
        """
        first, second = np.broadcast_arrays(as_float('a', a), as_float('b', b))
        require_shape('a', first[(0,) * (first.ndim - 1)], (self.W.shape[1] // 2,))
        x = np.concatenate([first, second], axis=-1)
        return np.asarray(0.5 * (1 + np.tanh(0.5 * (x @ self.W.T + self.b))))  # sigmoid that can't overflow

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        values: dict[str, Any] = {'format': FORMAT, 'inputs': self.inputs, 'fingerprints': self.fingerprints}
        values |= {'W': self.W.tolist(), 'b': self.b.tolist(), 'report': self.report}
        path.write_text(json.dumps(values, indent=2) + '\n', encoding='utf-8')

    @classmethod
    def load(cls, path: Path) -> Gate:
        """Read what `waymark train mix` wrote.

        Raises:
            ModelError: There is no such file, or it is no gate.
        """
        try:
            values = json.loads(path.read_text(encoding='utf-8'))
            if values.get('format') != FORMAT:
                raise ValueError(f'its format is not {FORMAT}')
            (a, b), (print_a, print_b) = values['inputs'], values['fingerprints']
            W, bias = np.array(values['W'], np.float64), np.array(values['b'], np.float64)
            return cls(W, bias, (str(a), str(b)), (str(print_a), str(print_b)), dict(values['report']))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f'{path}: not a gate ({error}). Make one with: waymark train mix PAIRS.') from None


def mix(a: ArrayLike, b: ArrayLike, mu: ArrayLike | Gate) -> NDArray[np.float64]:
    """Convex mix mu * a + (1 - mu) * b.

    Args:
        a: (..., D).
        b: (..., D).
        mu: A number, a vector that broadcasts to (..., D), both between 0 and 1, or a learned gate.

    Returns:
        (..., D), between a and b in each element.

    Raises:
        ValueError: Shapes do not fit, a share outside 0..1, or a value not finite.
    """
    first, second = as_float('a', a, 0), as_float('b', b, 0)
    share = mu.share(first, second) if isinstance(mu, Gate) else _shares(mu)
    return finite('mix', share * first + (1 - share) * second)


def time_mix(x: ArrayLike, mu: ArrayLike, previous: ArrayLike | None = None) -> NDArray[np.float64]:
    """Token shift over a stream: mu * x_t + (1 - mu) * x_{t-1}, as RWKV mixes (Peng et al., EMNLP 2023, eqs. 11-13).

    Args:
        x: (..., T, D), time along the last axis but one.
        mu: Share of the present, 0..1: a number or (D,).
        previous: (..., D) what came before x_0; None is zeros, as in RWKV. Give the last row of one chunk to the next
            and chunks give the same as the whole.

    Returns:
        (..., T, D).

    Raises:
        ValueError: Shapes do not fit, a share outside 0..1, or a value not finite.
    """
    now = as_float('x', x, 2)
    first = np.zeros_like(now[..., :1, :])
    if previous is not None:
        first = np.broadcast_to(as_float('previous', previous)[..., None, :], first.shape)
    return mix(now, np.concatenate([first, now[..., :-1, :]], axis=-2), mu)


def recursive_mix(x: ArrayLike, mu: ArrayLike) -> NDArray[np.float64]:
    """Mix of all that came: m_0 = x_0, m_t = mu_t x_t + (1 - mu_t) m_{t-1}.

    Args:
        x: (..., T, D).
        mu: Share of the present, 0..1: a number, or (T,) one for each time (that of x_0 is not read: x_0 is all there
            is).

    Returns:
        (..., T, D); m_t = sum of mix_weights(mu, T)[t, s] x_s.

    Raises:
        ValueError: Shapes do not fit, a share outside 0..1, or a value not finite.
    """
    values = as_float('x', x, 2)
    shares = np.broadcast_to(_shares(mu), (values.shape[-2],))
    mixed = np.array(values, np.float64)
    for t in range(1, mixed.shape[-2]):
        mixed[..., t, :] = shares[t] * mixed[..., t, :] + (1 - shares[t]) * mixed[..., t - 1, :]
    return finite('recursive_mix', mixed)


def mix_weights(mu: ArrayLike, count: int) -> NDArray[np.float64]:
    """How much each x_s counts in the recursive mix m_t: mu_s * product of (1 - mu_r) for s < r <= t.

    Args:
        mu: A number, or (count,); see recursive_mix.
        count: T.

    Returns:
        (T, T) lower triangular; each row sums to 1.

    Raises:
        ValueError: A share outside 0..1, another length, or no time at all.
    """
    if count < 1:
        raise ValueError(f'count: expected at least 1, got {count}')
    shares = np.array(np.broadcast_to(_shares(mu), (count,)))
    shares[0] = 1.0
    weights = np.zeros((count, count))
    for t in range(count):
        weights[t] = (1 - shares[t]) * weights[t - 1] if t else 0.0
        weights[t, t] = shares[t]
    return weights


def _shares(mu: ArrayLike) -> NDArray[np.float64]:
    shares = np.asarray(mu, np.float64)
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError('mu: shares must lie between 0 and 1')
    return shares
