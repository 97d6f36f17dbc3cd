# SPDX-License-Identifier: Apache-2.0
"""What runs a model file: one Protocol, one file per runtime, and never another one in silence."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError

Shape = tuple[int | None, ...]  # None: any size along this axis
MAX_BATCH = 16  # images that a model with a free batch axis gets at once


@dataclass(frozen=True)
class BackendOptions:
    """How a backend runs.

    Attributes:
        device: 'cpu', or what the backend's own file names ('cuda', 'tensorrt', 'GPU').
        threads: CPU threads for one inference; 0: the runtime's choice.
        progress: Told the stage ('building the engine') and how far it is (0..1) where loading takes long.
        cache_dir: Where built engines are kept; None: `waymark/engines` in the user's cache.
        precision: What the model was made for (ModelManifest.precision); no backend computes in less.
    """

    device: str = 'cpu'
    threads: int = 0
    progress: Callable[[str, float], None] | None = None
    cache_dir: Path | None = None
    precision: str = 'fp32'

    def tell(self, stage: str, done: float) -> None:
        """Report progress to whoever asked for it."""
        if self.progress is not None:
            self.progress(stage, done)


class Backend(Protocol):
    """A loaded model.

    A backend's class is made from (path, options) and raises, in this order: BackendUnavailable for a missing
    library, BackendUnavailable for a missing device, ModelError for a file that is not a model it can run. The first
    two come from `require`, which looks at no file. Arrays of 16-bit floats go in and come out as float32. One whose
    model has mean and std inside also says so (see `takes_pixels`).
    """

    name: str
    input_shapes: Mapping[str, Shape]
    output_names: tuple[str, ...]

    @classmethod
    def require(cls, options: BackendOptions) -> None:
        """Refuse, before any file is read, what this machine can't run.

        Raises:
            BackendUnavailable: The library or, after it, the device is missing.
        """
        ...

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


def takes_pixels(backend: Backend) -> bool:
    """True for a backend whose model takes images as (1, h, w, C) uint8, since mean and std are inside."""
    return bool(getattr(backend, 'takes_pixels', False))


# A plug-in is one file with one class; nothing else knows the runtime.
_BACKENDS = {
    'onnx': 'waymark.backends.onnx_runtime:OnnxRuntimeBackend',
    'openvino': 'waymark.backends.openvino:OpenvinoBackend',
    'tensorrt': 'waymark.backends.tensorrt:TensorrtBackend',
    'rknn': 'waymark.backends.rknn:RknnBackend',
    'torch': 'waymark.backends.torch:TorchBackend',
    'fake': 'waymark.backends.fake:FakeBackend',
}


def backend_names() -> tuple[str, ...]:
    """Names that `load_backend` knows, installed or not."""
    return tuple(_BACKENDS)


def backend_for(path: Path, device: str = 'cpu') -> str:
    """Choose the fastest backend for a model file on this machine's kind (docs/backends.md has the table).

    Args:
        path: The model file; it is not read.
        device: 'cpu', or what only one backend knows.

    Returns:
        By the file's kind: openvino for .xml, tensorrt for .engine and .plan, rknn for .rknn, torch for .safetensors.
        Others, .onnx among them: openvino on an x86 CPU that has the library, else onnx.
    """
    by_kind = {'.xml': 'openvino', '.engine': 'tensorrt', '.plan': 'tensorrt', '.rknn': 'rknn', '.safetensors': 'torch'}
    if path.suffix in by_kind:
        return by_kind[path.suffix]
    is_x86 = platform.machine().lower() in ('x86_64', 'amd64')
    return 'openvino' if device == 'cpu' and is_x86 and find_spec('openvino') is not None else 'onnx'


def load_backend(name: str, path: Path, options: BackendOptions | None = None) -> Backend:
    """Load a model file with exactly the backend asked for.

    Args:
        name: One of `backend_names()`.
        path: The model file.
        options: Device, threads, precision, progress.

    Raises:
        ConfigError: There is no backend of that name.
        BackendUnavailable: Its library or device is missing.
        ModelError: The file is missing or is not a model it can run.
    """
    return cast('Backend', _backend_class(name)(Path(path), options or BackendOptions()))


def require_backend(name: str, options: BackendOptions | None = None) -> None:
    """Refuse a backend that can't run here; looks at no model.

    Raises:
        ConfigError: There is no backend of that name.
        BackendUnavailable: Its library or, after it, its device is missing.
    """
    _backend_class(name).require(options or BackendOptions())


def _backend_class(name: str) -> Any:
    if name not in _BACKENDS:
        raise ConfigError(f'backend: unknown backend {name!r}. Known: {", ".join(_BACKENDS)}.')
    module, _, class_name = _BACKENDS[name].partition(':')
    return getattr(importlib.import_module(module), class_name)


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
