# SPDX-License-Identifier: Apache-2.0
"""What every image encoder looks like from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_dtype, require_shape
from waymark.errors import ModelError


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


@dataclass(frozen=True, eq=False)
class DenseEmbedding:
    """What an image means as a whole, and what each part of it means.

    Attributes:
        embedding: Of the whole image, as `encode` gives it.
        tokens: (h, w, D) float32, one vector per patch, row 0 on top, as the model gave them: not unit vectors, without
            class or register tokens. D is the encoder's own, not always that of `embedding`.
    """

    embedding: Embedding
    tokens: NDArray[np.float32]

    def __post_init__(self) -> None:
        require_shape('tokens', self.tokens, ('h', 'w', 'D'))
        require_dtype('tokens', self.tokens, np.float32)


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

    def encode_batch(self, images: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Encode any number of images of any sizes, none included: each as `encode` would.

        Args:
            images: Each (H, W, 3) uint8.

        Raises:
            ValueError: One of them is not a non-empty RGB uint8 image.
            ModelError: The model answered something that is not a vector of numbers.
        """
        ...


@runtime_checkable
class DenseEncoder(Encoder, Protocol):
    """An encoder that also says what each part of an image means. Ask with isinstance."""

    def encode_dense(self, rgb: NDArray[np.uint8]) -> DenseEmbedding:
        """Encode one image and its patches in one go.

        Args:
            rgb: (H, W, 3) uint8.

        Raises:
            ValueError: `rgb` is not a non-empty RGB uint8 image.
            ModelError: The model answered something that is not a grid of numbers.
        """
        ...


@runtime_checkable
class TextEncoder(Encoder, Protocol):
    """An encoder that puts texts into the same space as images. Ask with isinstance."""

    def encode_text(self, texts: Sequence[str]) -> list[Embedding]:
        """Encode any number of texts; the cosine with an image's embedding says how well they fit.

        Raises:
            ModelError: A text is empty, or the model answered something that is not a vector of numbers.
        """
        ...


def require_dense(encoder: Encoder) -> DenseEncoder:
    """The encoder, when it gives patch tokens.

    Raises:
        ModelError: It does not.
    """
    if isinstance(encoder, DenseEncoder):
        return encoder
    raise ModelError(
        f'model {encoder.model_id!r} gives no patch tokens: its manifest names no tokens_output. '
        'Export it with them, or set publish_tokens: false.'
    )


def require_text(encoder: Encoder) -> TextEncoder:
    """The encoder, when it takes texts.

    Raises:
        ModelError: It does not.
    """
    if isinstance(encoder, TextEncoder):
        return encoder
    raise ModelError(
        f'model {encoder.model_id!r} encodes no texts: it was loaded without a text tower. Export CLIP, SigLIP or '
        'SigLIP 2 with one (waymark export encoder), and leave the parameter text true.'
    )


def require_texts(texts: Sequence[str], model_id: str) -> None:
    """Refuse an empty text by its place.

    Raises:
        ModelError: `model 'clip' can not encode texts[1]: it is empty.`
    """
    for index, text in enumerate(texts):
        if not text.strip():
            raise ModelError(f'model {model_id!r} can not encode texts[{index}]: it is empty. Say what to find.')


def unit_embedding(raw: NDArray[np.floating]) -> Embedding:
    """Make a (D,) vector of finite numbers a unit vector, keeping its length; zero stays zero."""
    norm = float(np.linalg.norm(np.asarray(raw, np.float64)))
    vector = np.asarray(raw / norm if norm > 0 else np.zeros_like(raw), np.float32)
    vector.setflags(write=False)
    return Embedding(vector, norm)
