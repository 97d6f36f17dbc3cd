# SPDX-License-Identifier: Apache-2.0
"""An encoder that is a model file, run by any backend as its manifest says."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends import (
    MAX_BATCH,
    Backend,
    BackendOptions,
    backend_for,
    load_backend,
    require_backend,
    takes_pixels,
)
from waymark.checks import require_rgb
from waymark.encoding.base import DenseEmbedding, Embedding, unit_embedding
from waymark.encoding.manifest import read_manifest
from waymark.encoding.parity import Parity, measure_parity, require_parity
from waymark.encoding.pooling import pool
from waymark.encoding.text import TextModel, require_tokenizers
from waymark.errors import ModelError
from waymark.image.preprocess import to_pixels, to_tensor
from waymark.types import ModelManifest

log = logging.getLogger(__name__)
_SMALL_BYTES = 8 << 20  # of a model that several threads do not make faster


class ModelEncoder:
    """Preprocess, run, pool, make unit length.

    Attributes:
        model_id: The manifest's name.
        fingerprint: The manifest's.
        dim: Length of the vectors.
        backend_name: What runs it.
        parity: How far it is from its reference on this backend; None where it has no references.
    """

    def __init__(self, manifest: ModelManifest, backend: Backend) -> None:
        """Check that the model takes what the manifest prepares, and gives what it names.

        Raises:
            ModelError: The model has another number or shape of inputs, or lacks an output.
        """
        self._manifest, self._backend = manifest, backend
        self.model_id, self.fingerprint, self.dim = manifest.name, manifest.fingerprint, manifest.output_dim
        self.backend_name = backend.name
        self.parity: Parity | None = None
        self._input = _image_input(manifest, backend)
        self._output = _named_output(manifest.output or backend.output_names[0], manifest, backend)

    @classmethod
    def from_manifest(
        cls, path: Path, backend: str, options: BackendOptions | None = None, text: bool = False
    ) -> ModelEncoder:
        """Load a model by its manifest or its folder, and hold it against its references.

        Args:
            path: The manifest, or the folder it lies in.
            backend: Name of the backend; 'auto': the fastest for this file and machine (see backend_for).
            options: How the backend runs.
            text: Load the text tower too, where there is one.

        Raises:
            ConfigError: There is no such backend.
            BackendUnavailable: The backend's library, or after it its device, is missing.
            ModelError: Manifest or model are not what they should be.
            ParityError: The model does not compute what its reference did.
        """
        options = options or BackendOptions()
        if backend != 'auto':
            require_backend(backend, options)
        stored = read_manifest(path)
        manifest = stored.manifest
        backend = backend_for(stored.model_path, options.device) if backend == 'auto' else backend
        has_text = text and manifest.text is not None
        if has_text:
            require_tokenizers(manifest.name)
        options.tell(f'loading {manifest.name} on {backend} ({options.device})', 0.0)
        threads = options.threads or _threads_for(stored.model_path)
        running = load_backend(
            backend, stored.model_path, replace(options, precision=manifest.precision, threads=threads)
        )
        encoder = _ABILITIES[manifest.tokens_output != '', has_text](manifest, running)
        if isinstance(encoder, WithText):
            options.tell(f'loading the text tower of {manifest.name} on {backend} ({options.device})', 0.0)
            encoder.text = TextModel.load(stored, backend, options)
        options.tell(f'comparing {manifest.name} with its references', 0.0)
        encoder.check(stored.folder, f'{backend} ({options.device})')
        return encoder

    def check(self, folder: Path, where: str) -> None:
        """Measure `parity` and refuse a model that misses its limit; without references, only try the model once.

        Args:
            folder: The manifest's.
            where: Backend and device, for the error.

        Raises:
            ParityError: The model does not compute what its reference did.
            ModelError: The model answers something that is not a vector of numbers.
        """
        self.parity = measure_parity(lambda rgb: self._raw([rgb])[0], self._manifest, folder)
        require_parity(self.parity, f'model {self.model_id!r} on {where}')
        if self.parity is None:
            log.warning('model %r has no references: parity on %s is not checked.', self.model_id, where)
            self._raw([np.full((*self._manifest.input_wh[::-1], 3), 127, np.uint8)])
        else:
            log.info('model %r on %s: %s', self.model_id, where, self.parity)

    def encode(self, rgb: NDArray[np.uint8]) -> Embedding:
        """Encode one image (see Encoder)."""
        require_rgb('rgb', rgb)
        return unit_embedding(self._raw([rgb])[0])

    def encode_batch(self, images: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Encode images together where the model's batch axis is free, else one by one (see Encoder)."""
        for index, rgb in enumerate(images):
            require_rgb(f'images[{index}]', rgb)
        at_once = MAX_BATCH if self._backend.input_shapes[self._input][0] is None else 1
        chunks = [images[i : i + at_once] for i in range(0, len(images), at_once)]
        return [unit_embedding(vector) for chunk in chunks for vector in self._raw(chunk)]

    def _raw(self, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """The vectors (D,) of as many images as the model takes at once, as the model gave them."""
        return [self._vector(outputs) for outputs in self._run(images)]

    def _run(self, images: Sequence[NDArray[np.uint8]]) -> Iterator[Mapping[str, NDArray[Any]]]:
        """Outputs of each image, with a leading axis of one."""
        prepare = to_pixels if takes_pixels(self._backend) else to_tensor
        prepared = [prepare(rgb, self._manifest) for rgb in images]
        tensor = prepared[0] if len(prepared) == 1 else np.concatenate(prepared)
        outputs = self._backend.run({self._input: tensor})
        for name, output in outputs.items():
            if len(images) > 1 and output.shape[:1] != (len(images),):
                raise ModelError(
                    f'model {self.model_id!r} gave {name} of shape {output.shape} for {len(images)} images. '
                    'Export it with a batch axis in its outputs too, or with a batch of 1.'
                )
        if len(images) == 1:
            yield outputs
        else:
            yield from ({n: o[i : i + 1] for n, o in outputs.items()} for i in range(len(images)))

    def _vector(self, outputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        vector = pool(outputs[self._output], self._manifest.pooling)
        if vector.shape != (self.dim,):
            raise ModelError(
                f'model {self.model_id!r} gave a vector of shape {vector.shape}, its manifest says ({self.dim},). '
                'Correct output, pooling or output_dim.'
            )
        self._require_finite(vector)
        return vector

    def _require_finite(self, values: NDArray[np.float32]) -> None:
        bad = int(np.count_nonzero(~np.isfinite(values)))
        if bad:
            raise ModelError(
                f'model {self.model_id!r} gave {bad} of {values.size} values that are not finite. Export it again.'
            )


class DenseModelEncoder(ModelEncoder):
    """A model that also gives one vector per patch."""

    def __init__(self, manifest: ModelManifest, backend: Backend) -> None:
        super().__init__(manifest, backend)
        self._tokens = _named_output(manifest.tokens_output, manifest, backend)

    def encode_dense(self, rgb: NDArray[np.uint8]) -> DenseEmbedding:
        """Encode one image and its patches in one go (see DenseEncoder)."""
        require_rgb('rgb', rgb)
        outputs = next(iter(self._run([rgb])))
        return DenseEmbedding(unit_embedding(self._vector(outputs)), self._grid(outputs[self._tokens]))

    def _grid(self, output: NDArray[Any]) -> NDArray[np.float32]:
        """(1, h * w, D) tokens or (1, D, h, w) feature maps as (h, w, D)."""
        rows, columns = self._manifest.tokens_grid_hw
        if output.ndim == 4 and output.shape[2:] == (rows, columns):
            grid = output[0].transpose(1, 2, 0)
        elif output.ndim == 3 and output.shape[1] == rows * columns:
            grid = output[0].reshape(rows, columns, -1)
        else:
            raise ModelError(
                f'model {self.model_id!r} gave tokens of shape {output.shape}, its manifest says {rows} x {columns}. '
                'Correct tokens_output or tokens_grid_hw; class token and registers are left out.'
            )
        tokens = np.ascontiguousarray(grid, np.float32)
        self._require_finite(tokens)
        tokens.setflags(write=False)
        return tokens


class WithText:
    """Adds texts to a model of images.

    Attributes:
        text: Its text tower.
    """

    text: TextModel

    def encode_text(self, texts: Sequence[str]) -> list[Embedding]:
        """Encode texts (see TextEncoder)."""
        return [unit_embedding(vector) for vector in self.text.run(texts)]


class TextModelEncoder(WithText, ModelEncoder):
    """A model that also takes texts."""


class DenseTextModelEncoder(WithText, DenseModelEncoder):
    """A model that also takes texts and gives one vector per patch."""


# By what a model can do: (gives patch tokens, takes texts). A class has a method only where its model can do it.
_ABILITIES: dict[tuple[bool, bool], type[ModelEncoder]] = {
    (False, False): ModelEncoder,
    (True, False): DenseModelEncoder,
    (False, True): TextModelEncoder,
    (True, True): DenseTextModelEncoder,
}


def _threads_for(model: Path) -> int:
    """One for a small model: a second thread mostly waits for the first, and takes its core from the other nodes.

    0, the runtime's choice, for others, and for torch, which counts threads for the whole process.
    """
    return 1 if model.suffix != '.safetensors' and model.stat().st_size < _SMALL_BYTES else 0


def _image_input(manifest: ModelManifest, backend: Backend) -> str:
    """Name of the one image input (1 or any, C, h, w), or (1, h, w, C) where the model takes pixels."""
    channels, width, height = 1 if manifest.channels == 'gray' else 3, *manifest.input_wh
    wanted = (1, height, width, channels) if takes_pixels(backend) else (1, channels, height, width)
    if len(backend.input_shapes) == 1:
        name, shape = next(iter(backend.input_shapes.items()))
        if len(shape) == 4 and all(s is None or s == w for s, w in zip(shape, wanted, strict=True)):
            return name
    raise ModelError(
        f'model {manifest.name!r} takes {dict(backend.input_shapes)}, its manifest prepares {wanted}. '
        'Correct input_wh or channels, or export the image tower alone.'
    )


def _named_output(name: str, manifest: ModelManifest, backend: Backend) -> str:
    if name not in backend.output_names:
        raise ModelError(
            f'model {manifest.name!r} has no output {name!r}, it has {", ".join(backend.output_names)}. '
            'Correct output or tokens_output, or export it again.'
        )
    return name
