# SPDX-License-Identifier: Apache-2.0
"""A model's text tower: texts to vectors in the same space as its images, run by the same backends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends import MAX_BATCH, Backend, BackendOptions, load_backend
from waymark.encoding.base import require_texts
from waymark.encoding.manifest import StoredModel
from waymark.encoding.parity import Parity, measure_text_parity, require_parity
from waymark.encoding.pooling import pool
from waymark.errors import BackendUnavailable, ModelError
from waymark.types import TextTower


class TextModel:
    """Tokenize, run, pool. What the tokenizer does to a text (lower case, ...) is written in its own file.

    Attributes:
        parity: How far it is from its reference on this backend; None where it has no references.
    """

    def __init__(self, tower: TextTower, tokenizer: Any, backend: Backend, name: str, dim: int) -> None:
        """Check that the tower takes what the manifest prepares.

        Args:
            tower: Of the manifest.
            tokenizer: tokenizers.Tokenizer; is told the length to cut and pad to.
            backend: The tower, loaded.
            name: The model's, for errors.
            dim: Length of the image vectors.

        Raises:
            ModelError: The tower has other inputs, or lacks the output.
        """
        self._tower, self._tokenizer, self._backend, self._name, self._dim = tower, tokenizer, backend, name, dim
        self.parity: Parity | None = None
        self._output = tower.output or backend.output_names[0]
        _require_io(tower, backend, name, self._output)
        tokenizer.enable_truncation(tower.max_length)
        tokenizer.enable_padding(length=tower.max_length, pad_id=tower.pad_id)

    @classmethod
    def load(cls, stored: StoredModel, backend: str, options: BackendOptions) -> TextModel:
        """Load the tower of a stored model and hold it against its references.

        Raises:
            BackendUnavailable: The tokenizers library is missing.
            ModelError: Tokenizer or tower are not what they should be.
            ValueError: The manifest has no text tower.
            ParityError: The tower does not compute what its reference did.
        """
        manifest, tower = stored.manifest, stored.manifest.text
        if tower is None:
            raise ValueError(f'model {manifest.name!r}: its manifest has no text tower')
        tokenizer = _read_tokenizer(stored.folder / tower.tokenizer, manifest.name)
        running = load_backend(backend, stored.folder / tower.model, replace(options, precision=tower.precision))
        model = cls(tower, tokenizer, running, manifest.name, manifest.output_dim)
        model.parity = measure_text_parity(model.run, tower)
        require_parity(model.parity, f'text tower of {manifest.name!r} on {backend} ({options.device})')
        return model

    def run(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Vectors (D,), as the tower gave them: together where its batch axis is free, else one by one.

        Raises:
            ModelError: A text is empty, or the tower answered something that is not a vector of numbers.
        """
        require_texts(texts, self._name)
        is_free = self._backend.input_shapes[self._tower.inputs[0]][0] is None
        at_once = MAX_BATCH if is_free else 1
        return [v for i in range(0, len(texts), at_once) for v in self._run(texts[i : i + at_once])]

    def _run(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        encodings = self._tokenizer.encode_batch(list(texts))
        columns = ([e.ids for e in encodings], [e.attention_mask for e in encodings])
        inputs = {name: np.asarray(column, np.int64) for name, column in zip(self._tower.inputs, columns, strict=False)}
        output = self._backend.run(inputs)[self._output]
        vectors = [pool(output[i : i + 1], self._tower.pooling) for i in range(len(texts))]
        for vector in vectors:
            self._require_vector(vector)
        return vectors

    def _require_vector(self, vector: NDArray[np.float32]) -> None:
        if vector.shape != (self._dim,):
            raise ModelError(
                f'text tower of {self._name!r} gave a vector of shape {vector.shape}, its images have ({self._dim},). '
                'Correct text.output or text.pooling, or export both towers together.'
            )
        bad = int(np.count_nonzero(~np.isfinite(vector)))
        if bad:
            raise ModelError(
                f'text tower of {self._name!r} gave {bad} of {self._dim} values that are not finite. Export it again.'
            )


def require_tokenizers(name: str) -> Any:
    """The tokenizers library, for the model of that name.

    Raises:
        BackendUnavailable: It is not installed.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise BackendUnavailable(
            f'text tower of {name!r} is unavailable: tokenizers can not be imported ({error}). '
            'pip install tokenizers, or set text: false.'
        ) from error
    return tokenizers


def _read_tokenizer(path: Path, name: str) -> Any:
    try:
        return require_tokenizers(name).Tokenizer.from_file(str(path))
    except BackendUnavailable:
        raise
    except Exception as error:  # the library raises plain Exception
        raise ModelError(
            f'tokenizer {str(path)!r} can not be read: {" ".join(str(error).split())}. Copy the model folder again.'
        ) from error


def _require_io(tower: TextTower, backend: Backend, name: str, output: str) -> None:
    """Refuse a tower that does not take (1 or any, max_length) tokens by the manifest's names."""
    found, wanted = backend.input_shapes, (1, tower.max_length)
    fits = set(found) == set(tower.inputs) and all(
        len(shape) == 2 and all(s is None or s == w for s, w in zip(shape, wanted, strict=True))
        for shape in found.values()
    )
    if not fits:
        raise ModelError(
            f'text tower of {name!r} takes {dict(found)}, its manifest prepares {wanted} as '
            f'{", ".join(tower.inputs)}. Correct text.inputs or text.max_length, or export it again.'
        )
    if output not in backend.output_names:
        raise ModelError(
            f'text tower of {name!r} has no output {output!r}, it has {", ".join(backend.output_names)}. '
            'Correct text.output, or export it again.'
        )
