# SPDX-License-Identifier: Apache-2.0
"""What every image encoder looks like from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape


@dataclass(frozen=True, eq=False)
class Embedding:
    """What an image means.

    Attributes:
        vector: (D,) float32, unit length; all zeros for an image without any structure.
        norm: Length before it was made a unit vector.
    """

    vector: NDArray[np.float32]
    norm: float

    def __post_init__(self) -> None:
        require_shape('vector', self.vector, ('D',))


class Encoder(Protocol):
    """Turns images into embeddings; two may be compared only when their fingerprints are equal.

    Attributes:
        model_id: Short name for people.
        fingerprint: sha256 (hexadecimal) over everything that shapes the vectors.
        dim: Length of the vectors.
    """

    @property
    def model_id(self) -> str: ...  # noqa: D102 - see above
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def dim(self) -> int: ...  # noqa: D102

    def encode(self, rgb: NDArray[np.uint8]) -> Embedding:
        """Encode one image.

        Args:
            rgb: (H, W, 3) uint8.

        Raises:
            ValueError: `rgb` is not a non-empty RGB uint8 image.
            ModelError: The model answered something that is not a vector of numbers.
        """
        ...


def unit_embedding(raw: NDArray[np.floating]) -> Embedding:
    """Make a (D,) vector of finite numbers a unit vector, keeping its length; zero stays zero."""
    norm = float(np.linalg.norm(np.asarray(raw, np.float64)))
    vector = np.asarray(raw / norm if norm > 0 else np.zeros_like(raw), np.float32)
    vector.setflags(write=False)
    return Embedding(vector, norm)
