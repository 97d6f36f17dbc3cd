# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime: the default backend. CPU everywhere; CUDA and TensorRT with the build that has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.base import BackendOptions, Shape, require_inputs
from waymark.backends.files import read_model
from waymark.errors import BackendUnavailable, ModelError

_PROVIDERS = {
    'cpu': 'CPUExecutionProvider',
    'cuda': 'CUDAExecutionProvider',
    'tensorrt': 'TensorrtExecutionProvider',
}


class OnnxRuntimeBackend:
    """A model in ONNX format."""

    name = 'onnx'

    def __init__(self, path: Path, options: BackendOptions) -> None:
        ort = _library()
        provider = _provider(ort, options.device)
        data = read_model(path)
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.log_severity_level = 3  # errors come back as exceptions; keep stderr clean
        # Threads that spin between frames take the core that the next node needs.
        settings.add_session_config_entry('session.intra_op.allow_spinning', '0')
        self._session = _session(ort, data, path, settings, provider)
        if self._session.get_providers()[0] != provider:
            raise BackendUnavailable(
                f'backend onnx could not start on {options.device!r}: {provider} found no device. '
                'Load its driver, or set device: cpu.'
            )
        self._path = path
        self.input_shapes: Mapping[str, Shape] = {i.name: _shape(i.shape) for i in self._session.get_inputs()}
        self.output_names = tuple(o.name for o in self._session.get_outputs())

    @classmethod
    def require(cls, options: BackendOptions) -> None:
        """Refuse a missing onnxruntime, then a missing provider (see Backend)."""
        _provider(_library(), options.device)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once (see Backend)."""
        require_inputs(self.input_shapes, inputs)
        try:
            outputs = self._session.run(None, dict(inputs))
        except Exception as error:  # onnxruntime's errors share no public base class
            raise ModelError(f'model {str(self._path)!r} failed in onnxruntime: {_line(error)}') from error
        return {n: np.asarray(o) for n, o in zip(self.output_names, outputs, strict=True)}


def _library() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise BackendUnavailable(
            f'backend onnx is unavailable: onnxruntime can not be imported ({error}). pip install onnxruntime.'
        ) from error
    return onnxruntime


def _provider(ort: Any, device: str) -> str:
    """Turn 'cuda' or a provider's full name into the provider's name."""
    name = _PROVIDERS.get(device, device)
    available = ort.get_available_providers()
    if name not in available:
        raise BackendUnavailable(
            f'backend onnx has no device {device!r}: this onnxruntime offers {", ".join(available)}. '
            'Install the build of onnxruntime that has it, or set device: cpu.'
        )
    return name


def _session(ort: Any, data: bytes, path: Path, settings: Any, provider: str) -> Any:
    try:
        return ort.InferenceSession(data, settings, providers=[provider])
    except Exception as error:
        raise ModelError(
            f'model {str(path)!r} is not an ONNX model that this onnxruntime runs: {_line(error)}. Export it again.'
        ) from error


def _shape(sizes: list[Any]) -> Shape:
    return tuple(s if isinstance(s, int) and s > 0 else None for s in sizes)


def _line(error: Exception) -> str:
    return ' '.join(str(error).split())[:200]
