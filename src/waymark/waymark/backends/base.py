# SPDX-License-Identifier: Apache-2.0
"""What runs a model file: one Protocol, one file per runtime, and never another one in silence."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError, ModelError

Shape = tuple[int | None, ...]  # None: any size along this axis


@dataclass(frozen=True)
class BackendOptions:
    """How a backend runs.

    Attributes:
        device: 'cpu', or what the backend's own file names ('cuda', 'tensorrt').
        threads: CPU threads for one inference; 0: the runtime's choice.
    """

    device: str = 'cpu'
    threads: int = 0


class Backend(Protocol):
    """A loaded model.

    A backend's class is made from (path, options) and raises, in this order: BackendUnavailable for a missing
    library, BackendUnavailable for a missing device, ModelError for a file that is not a model it can run.
    """

    name: str
    input_shapes: Mapping[str, Shape]
    output_names: tuple[str, ...]

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once.

        Args:
            inputs: One array for each name in `input_shapes`.

        Returns:
            One array for each name in `output_names`.

        Raises:
            ValueError: Names or shapes are not the model's.
            ModelError: The runtime fails on this model.
        """
        ...


# A plug-in is one file with one class; nothing else knows the runtime.
_BACKENDS = {
    'onnx': 'waymark.backends.onnx_runtime:OnnxRuntimeBackend',
    'fake': 'waymark.backends.fake:FakeBackend',
}


def backend_names() -> tuple[str, ...]:
    """Names that `load_backend` knows, installed or not."""
    return tuple(_BACKENDS)


def load_backend(name: str, path: Path, options: BackendOptions | None = None) -> Backend:
    """Load a model file with exactly the backend asked for.

    Args:
        name: One of `backend_names()`.
        path: The model file.
        options: Device and threads.

    Raises:
        ConfigError: There is no backend of that name.
        BackendUnavailable: Its library or device is missing.
        ModelError: The file is missing or is not a model it can run.
    """
    if name not in _BACKENDS:
        raise ConfigError(f'backend: unknown backend {name!r}. Known: {", ".join(_BACKENDS)}.')
    module, _, class_name = _BACKENDS[name].partition(':')
    backend_class = getattr(importlib.import_module(module), class_name)
    return cast('Backend', backend_class(Path(path), options or BackendOptions()))


def read_model(path: Path) -> bytes:
    """Read a model file.

    Raises:
        ModelError: It is missing, empty or not readable.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f'model {str(path)!r} can not be read: {error.strerror or error}. Check the path.') from error
    if not data:
        raise ModelError(f'model {str(path)!r} is empty. Copy or export it again.')
    return data


def require_inputs(shapes: Mapping[str, Shape], inputs: Mapping[str, NDArray[Any]]) -> None:
    """Refuse inputs whose names or shapes are not the model's.

    Raises:
        ValueError: `images: expected shape (1, 3, 224, 224), got (3, 224, 224)`.
    """
    if set(shapes) != set(inputs):
        raise ValueError(f'inputs: expected {sorted(shapes)}, got {sorted(inputs)}')
    for name, shape in shapes.items():
        got = np.shape(inputs[name])
        if len(got) != len(shape) or any(s is not None and s != g for s, g in zip(shape, got, strict=True)):
            wanted = ', '.join('any' if s is None else str(s) for s in shape)
            raise ValueError(f'{name}: expected shape ({wanted}), got {tuple(got)}')
