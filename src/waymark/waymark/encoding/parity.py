# SPDX-License-Identifier: Apache-2.0
"""The parity gate: does this model, on this backend, still compute what its reference did?

Measured from images (or texts) to the vector, so that preprocessing and pooling are covered too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ModelError, ParityError
from waymark.types import ModelManifest, TextTower

LIMITS = {'fp32': 0.99999, 'fp16': 0.999, 'bf16': 0.999, 'int8': 0.99}  # least cosine, by precision


@dataclass(frozen=True)
class Parity:
    """How far a model is from its reference.

    Attributes:
        cosine: Between its vector and the reference's, the worst of all references.
        max_abs_difference: Largest between any two components, before the vectors are made unit length.
        count: References.
        limit: Least cosine that passes.
        precision: That the limit belongs to.
    """

    cosine: float
    max_abs_difference: float
    count: int
    limit: float
    precision: str

    @property
    def passed(self) -> bool:
        """True when the worst cosine reaches the limit."""
        return self.cosine >= self.limit

    def __str__(self) -> str:
        sign = '>=' if self.passed else '<'
        references = f'{self.count} reference{"s" if self.count > 1 else ""}'
        return f'cosine {_shown(self.cosine, self.limit)} {sign} {self.limit:g} ({self.precision}, {references})'


def measure_parity(
    encode: Callable[[NDArray[np.uint8]], NDArray[Any]], manifest: ModelManifest, folder: Path
) -> Parity | None:
    """Compare an encoder with its manifest's references.

    Args:
        encode: RGB uint8 image (H, W, 3) to its vector (D,) before it is made unit length.
        manifest: With the references.
        folder: That the references' paths are relative to.

    Returns:
        The worst of them, or None where the manifest has no references.

    Raises:
        ModelError: A reference image can't be read, or the model fails on one.
    """
    got = [encode(read_reference(folder / r.image)) for r in manifest.references]
    return compare(got, [r.output for r in manifest.references], manifest.precision)


def measure_text_parity(encode: Callable[[Sequence[str]], Sequence[NDArray[Any]]], tower: TextTower) -> Parity | None:
    """Compare a text tower with its references (see `measure_parity`); `encode` takes texts to raw vectors (D,)."""
    got = encode([r.text for r in tower.references]) if tower.references else []
    return compare(got, [r.output for r in tower.references], tower.precision)


def compare(got: Sequence[NDArray[Any]], expected: Sequence[Sequence[float]], precision: str) -> Parity | None:
    """Compare vectors (D,) pair by pair, in float64; None when there are none."""
    if not got:
        return None
    pairs = [(np.asarray(g, np.float64), np.asarray(e, np.float64)) for g, e in zip(got, expected, strict=True)]
    worst = min(_cosine(g, e) for g, e in pairs)
    difference = max(float(np.abs(g - e).max()) for g, e in pairs)
    return Parity(worst, difference, len(pairs), LIMITS[precision], precision)


def require_parity(parity: Parity | None, what: str) -> None:
    """Refuse a model that misses its limit.

    Args:
        parity: As measured; None passes, since there is nothing to compare with.
        what: The model and its backend, for the error ("model 'dinov2-small' on openvino (CPU)").

    Raises:
        ParityError: With the number and the limit.
    """
    if parity is not None and not parity.passed:
        raise ParityError(
            f'{what} no longer computes what its reference did: {parity}, largest difference '
            f'{parity.max_abs_difference:.3g}. Export it again, or use another backend or precision.'
        )


def read_reference(path: Path) -> NDArray[np.uint8]:
    """Read a reference image as RGB uint8 (H, W, 3).

    Raises:
        ModelError: It is missing or not an image.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ModelError(f'reference image {str(path)!r} can not be read. Copy the whole model folder again.')
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    if norms > 0:
        return float(np.clip(a @ b / norms, -1, 1))
    return float(not a.any() and not b.any())  # two vectors of zeros agree


def _shown(cosine: float, limit: float) -> str:
    """As many digits as it takes to tell the cosine from its limit."""
    return next(
        (text for digits in range(4, 9) if (float(text := f'{cosine:.{digits}f}') >= limit) == (cosine >= limit)),
        repr(cosine),
    )
