# SPDX-License-Identifier: Apache-2.0
"""An encoder that is a model file, run by any backend as its manifest says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.backends import Backend, BackendOptions, load_backend
from waymark.checks import require_rgb
from waymark.encoding.base import Embedding, unit_embedding
from waymark.encoding.manifest import read_manifest
from waymark.encoding.preprocess import to_tensor
from waymark.errors import ModelError
from waymark.types import ModelManifest


class ModelEncoder:
    """Preprocess, run, pool, make unit length."""

    def __init__(self, manifest: ModelManifest, backend: Backend) -> None:
        """Check that the model takes what the manifest prepares.

        Raises:
            ModelError: The model has another number or shape of inputs.
        """
        self._manifest, self._backend = manifest, backend
        self.model_id, self.fingerprint, self.dim = manifest.name, manifest.fingerprint, manifest.output_dim
        self._input = _image_input(manifest, backend)

    @classmethod
    def from_manifest(cls, path: Path, backend: str, options: BackendOptions | None = None) -> ModelEncoder:
        """Load a model by its manifest.

        Raises:
            ModelError: Manifest or model are not what they should be.
            BackendUnavailable: The backend's library or device is missing.
            ConfigError: There is no such backend.
        """
        stored = read_manifest(path)
        return cls(stored.manifest, load_backend(backend, stored.model_path, options))

    def encode(self, rgb: NDArray[np.uint8]) -> Embedding:
        """Encode one image (see Encoder)."""
        require_rgb('rgb', rgb)
        outputs = self._backend.run({self._input: to_tensor(rgb, self._manifest)})
        vector = pool(next(iter(outputs.values())), self._manifest.pooling)
        self._require_vector(vector)
        return unit_embedding(vector)

    def encode_batch(self, images: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Encode images one after the other (see Encoder): no export has a batch axis by default."""
        return [self.encode(rgb) for rgb in images]

    def _require_vector(self, vector: NDArray[np.floating]) -> None:
        name = self._manifest.name
        if vector.shape != (self.dim,):
            raise ModelError(
                f'model {name!r} gave a vector of shape {vector.shape}, its manifest says ({self.dim},). '
                'Correct pooling or output_dim.'
            )
        bad = int(np.count_nonzero(~np.isfinite(vector)))
        if bad:
            raise ModelError(f'model {name!r} gave {bad} of {self.dim} values that are not finite. Export it again.')


def pool(output: NDArray[np.floating], pooling: str) -> NDArray[np.float32]:
    """Reduce a model's output for one image to one vector.

    Args:
        output: (1, D), (1, T, D) tokens, or (1, D, h, w) feature maps.
        pooling: 'none' keeps (1, D); 'cls' takes token 0; 'mean' averages tokens or places; 'gem' is the
            generalised mean with power 3 over them (Radenovic et al., TPAMI 2019), which needs values >= 0.

    Returns:
        (D,) float32, or another shape where the output has none of these.
    """
    values = np.asarray(output, np.float32)
    values = values[0] if values.ndim > 1 else values
    if values.ndim == 3:
        values = values.reshape(len(values), -1).T
    if values.ndim != 2 or pooling == 'none':
        return values
    if pooling == 'cls':
        return np.asarray(values[0], np.float32)
    if pooling == 'mean':
        return np.asarray(values.mean(axis=0), np.float32)
    return np.asarray(np.cbrt((np.maximum(values, 1e-6) ** 3).mean(axis=0)), np.float32)


def _image_input(manifest: ModelManifest, backend: Backend) -> str:
    """Name of the one image input (1, C, h, w)."""
    channels = 1 if manifest.channels == 'gray' else 3
    wanted = (1, channels, manifest.input_wh[1], manifest.input_wh[0])
    if len(backend.input_shapes) == 1:
        name, shape = next(iter(backend.input_shapes.items()))
        if len(shape) == 4 and all(s is None or s == w for s, w in zip(shape, wanted, strict=True)):
            return name
    raise ModelError(
        f'model {manifest.name!r} takes {dict(backend.input_shapes)}, its manifest prepares {wanted}. '
        'Correct input_wh or channels, or export the image tower alone.'
    )
