# SPDX-License-Identifier: Apache-2.0
"""Labelled examples: embeddings of images whose labels are known, and the file that keeps them.

The file is an .npz (a ZIP of arrays, each with its checksum) that holds no pickle: `vectors`, `label_numbers`,
`source_numbers`, and `facts`, JSON in bytes.
"""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.classification.names import require_names
from waymark.errors import ConfigError, ModelError

FORMAT = 'waymark-examples'
VERSION = 1
# What NumPy and zipfile raise for files that are cut, changed, or something else altogether.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, MemoryError, RuntimeError, ConfigError,
           struct.error, zlib.error, zipfile.BadZipFile)  # fmt: skip


@dataclass(frozen=True, eq=False)
class LabelledExamples:
    """N embeddings with their labels.

    Attributes:
        vectors: (N, D) float32, unit length.
        label_numbers: (N,) which of `labels`.
        source_numbers: (N,) which of `sources`: examples of one recording are alike because they are neighbours.
        labels: Names.
        sources: Where examples came from, for people.
        model_id: Of the encoder.
        fingerprint: Of the encoder: embeddings of another one can't be compared with these.
        encoder: The encoder as the user named it ('' where unknown).
    """

    vectors: NDArray[np.float32]
    label_numbers: NDArray[np.int64]
    source_numbers: NDArray[np.int64]
    labels: tuple[str, ...]
    sources: tuple[str, ...]
    model_id: str
    fingerprint: str
    encoder: str = ''

    def __post_init__(self) -> None:
        require_names('labels', self.labels)
        require_shape('vectors', self.vectors, ('N', 'D'))
        require_finite('vectors', self.vectors)
        for name, names in (('label_numbers', self.labels), ('source_numbers', self.sources)):
            numbers = getattr(self, name)
            require_shape(name, numbers, (len(self.vectors),))
            if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(names)):
                raise ValueError(f'{name}: expected numbers from 0 to {len(names) - 1}')
        if not len(self.vectors):
            raise ValueError('vectors: there is not one example')
        if not np.allclose(np.linalg.norm(self.vectors, axis=1), 1.0, atol=1e-3):
            raise ValueError('vectors: not all have unit length')

    def __len__(self) -> int:
        return len(self.vectors)

    def counts(self) -> dict[str, int]:
        """Number of examples by label."""
        numbers = np.bincount(self.label_numbers, minlength=len(self.labels))
        return dict(zip(self.labels, numbers.tolist(), strict=True))

    def require_encoder(self, model_id: str, fingerprint: str, where: str = 'these examples') -> None:
        """Refuse another encoder by name.

        Raises:
            ModelError: The examples were encoded by another one.
        """
        if fingerprint != self.fingerprint:
            raise ModelError(
                f'{where} were encoded by {self.model_id!r} ({self.fingerprint[:16]}…), not by {model_id!r} '
                f'({fingerprint[:16]}…): their vectors can not be compared. Use encoder '
                f'{self.encoder or self.model_id}, or label the images again: waymark label --encoder {model_id}.'
            )

    def joined(self, other: LabelledExamples) -> LabelledExamples:
        """These examples and others.

        Raises:
            ModelError: The others were encoded by another encoder.
        """
        self.require_encoder(other.model_id, other.fingerprint)
        labels = tuple(dict.fromkeys(self.labels + other.labels))
        sources = tuple(dict.fromkeys(self.sources + other.sources))
        renumbered = (
            np.array([labels.index(name) for name in other.labels])[other.label_numbers],
            np.array([sources.index(name) for name in other.sources])[other.source_numbers],
        )
        return LabelledExamples(
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.label_numbers, renumbered[0]]),
            np.concatenate([self.source_numbers, renumbered[1]]),
            labels,
            sources,
            self.model_id,
            self.fingerprint,
            self.encoder,
        )


def save_examples(path: Path, examples: LabelledExamples) -> None:
    """Write the file whole or not at all.

    Raises:
        ModelError: It can't be written.
    """
    facts = {'format': FORMAT, 'version': VERSION, 'labels': examples.labels, 'sources': examples.sources}
    facts |= {'model_id': examples.model_id, 'fingerprint': examples.fingerprint, 'encoder': examples.encoder}
    data = io.BytesIO()
    np.savez_compressed(
        data,
        vectors=examples.vectors,
        label_numbers=examples.label_numbers.astype(np.int64),
        source_numbers=examples.source_numbers.astype(np.int64),
        facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f'.{path.name}.', delete=False) as file:
            scratch = Path(file.name)
            try:
                file.write(data.getvalue())
                file.flush()
                os.fsync(file.fileno())
                scratch.chmod(0o644)
                scratch.replace(path)
            except BaseException:
                scratch.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ModelError(
            f'examples {str(path)!r} can not be written: {error.strerror or error}. Give another path.'
        ) from error


def load_examples(path: Path) -> LabelledExamples:
    """Read what `save_examples` wrote.

    Raises:
        ModelError: There is no such file, it is damaged, no file of examples, or one of a later version.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            facts = _facts(arrays['facts'])
            return LabelledExamples(
                np.asarray(arrays['vectors'], np.float32),
                np.asarray(arrays['label_numbers'], np.int64),
                np.asarray(arrays['source_numbers'], np.int64),
                **facts,
            )
    except FileNotFoundError:
        raise ModelError(
            f'examples {str(path)!r} are not there. Make them with: waymark label FOLDER --out {path}.'
        ) from None
    except _Newer as newer:
        raise ModelError(
            f'examples {str(path)!r} are of version {newer.args[0]}, this Waymark reads up to {VERSION}. Update it.'
        ) from None
    except _DAMAGE as error:
        raise ModelError(
            f'examples {str(path)!r} can not be read ({" ".join(str(error).split())[:160] or type(error).__name__}). '
            'Copy the file again, or make it anew: waymark label.'
        ) from None


class _Newer(Exception):  # noqa: N818 - caught a few lines above
    """The file is of a later version."""


def _facts(data: NDArray[np.uint8]) -> dict[str, Any]:
    values = json.loads(np.asarray(data, np.uint8).tobytes())
    if values.get('format') != FORMAT:
        raise ValueError('it is not a file of examples')
    if values['version'] > VERSION:
        raise _Newer(values['version'])
    texts = {name: str(values[name]) for name in ('model_id', 'fingerprint', 'encoder')}
    return texts | {name: tuple(str(v) for v in values[name]) for name in ('labels', 'sources')}
