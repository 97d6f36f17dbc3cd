# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime: the default backend. CPU everywhere; CUDA and TensorRT with the build that has them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.arrays import as_wanted, first_line, from_model
from waymark.backends.base import BackendOptions, Shape, require_inputs
from waymark.backends.engine_cache import EngineKey, cache_folder
from waymark.backends.files import file_sha256, read_onnx
from waymark.errors import BackendUnavailable, ModelError

_PROVIDERS = {
    'cpu': 'CPUExecutionProvider',
    'cuda': 'CUDAExecutionProvider',
    'tensorrt': 'TensorrtExecutionProvider',
}
_TYPES = {
    'tensor(float)': np.float32,
    'tensor(float16)': np.float16,
    'tensor(double)': np.float64,
    'tensor(int64)': np.int64,
    'tensor(int32)': np.int32,
    'tensor(int8)': np.int8,
    'tensor(uint8)': np.uint8,
    'tensor(bool)': np.bool_,
}
# y = x for one float, ONNX opset 13: starts a provider, so that a missing device is told from a wrong model.
_SMALLEST_MODEL = (
    b'\x08\x08:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01'
    b'b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r'
)


class OnnxRuntimeBackend:
    """A model in ONNX format. `device` is cpu, cuda, tensorrt, or an execution provider's full name."""

    name = 'onnx'

    def __init__(self, path: Path, options: BackendOptions) -> None:
        self.require(options)
        ort = _library()
        provider = _PROVIDERS.get(options.device, options.device)
        data, is_split = read_onnx(path)
        # By path only where more files belong to it: bytes can't change between the checks and the loading.
        self._session = _session(
            ort, str(path) if is_split else data, path, options, _providers(provider, path, options)
        )
        self._path = path
        self.input_shapes: Mapping[str, Shape] = {i.name: _shape(i.shape) for i in self._session.get_inputs()}
        self._types = {i.name: _type(i, path) for i in self._session.get_inputs()}
        self.output_names = tuple(o.name for o in self._session.get_outputs())

    @classmethod
    def require(cls, options: BackendOptions) -> None:
        """Refuse a missing onnxruntime, then a missing provider, then one without a device (see Backend)."""
        ort = _library()
        provider = _provider(ort, options.device)
        if provider != 'CPUExecutionProvider':
            _require_started(ort, provider, options.device)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once (see Backend)."""
        require_inputs(self.input_shapes, inputs)
        feeds = {n: as_wanted(inputs[n], self._types[n], n, str(self._path)) for n in self.input_shapes}
        try:
            outputs = self._session.run(None, feeds)
        except Exception as error:  # onnxruntime's errors share no public base class
            raise ModelError(f'model {str(self._path)!r} failed in onnxruntime: {first_line(error)}') from error
        return from_model(dict(zip(self.output_names, outputs, strict=True)))


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


@functools.cache  # remembers successes, not errors
def _require_started(ort: Any, provider: str, device: str) -> None:
    """Start a provider on a model that any of them runs: onnxruntime goes on without one that has no device."""
    try:
        session = ort.InferenceSession(_SMALLEST_MODEL, _settings(ort, 1), providers=[provider])
        started, why = session.get_providers()[0] == provider, 'it found no device'
    except Exception as error:  # onnxruntime's errors share no public base class
        started, why = False, first_line(error)
    if not started:
        raise BackendUnavailable(
            f'backend onnx could not start on {device!r}: {provider} says: {why}. Load its driver, or set device: cpu.'
        )


def _settings(ort: Any, threads: int) -> Any:
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 3  # errors come back as exceptions; keep stderr clean
    # Threads that spin between frames take the core that the next node needs.
    settings.add_session_config_entry('session.intra_op.allow_spinning', '0')
    return settings


def _providers(provider: str, path: Path, options: BackendOptions) -> list[Any]:
    """The provider with its options; TensorRT hands what it can't run to CUDA, which lies on the same device."""
    if provider == 'TensorrtExecutionProvider':
        return [(provider, _tensorrt_options(path, options)), 'CUDAExecutionProvider']
    if provider == 'CUDAExecutionProvider':
        return [(provider, {'use_tf32': '0' if options.precision == 'fp32' else '1'})]
    return [provider]


def _tensorrt_options(path: Path, options: BackendOptions) -> dict[str, str]:
    """Keep engines and timings; compute in what the model was made for."""
    # TensorRT puts its own version and the GPU's architecture into the names of its engines.
    key = EngineKey('onnx', file_sha256(path), 'tensorrt', 'trt', options.precision)
    folder = str(cache_folder(options) / f'onnx-tensorrt-{key.digest[:32]}')
    return {
        'trt_engine_cache_enable': '1',
        'trt_engine_cache_path': folder,
        'trt_timing_cache_enable': '1',
        'trt_timing_cache_path': folder,
        'trt_fp16_enable': '1' if options.precision == 'fp16' else '0',
        'trt_bf16_enable': '1' if options.precision == 'bf16' else '0',
        'trt_int8_enable': '1' if options.precision == 'int8' else '0',
    }


def _session(ort: Any, model: str | bytes, path: Path, options: BackendOptions, providers: list[Any]) -> Any:
    stage = f'onnxruntime prepares {path.name} for {options.device}'
    options.tell(stage, 0.0)
    try:
        session = ort.InferenceSession(model, _settings(ort, options.threads), providers=providers)
    except Exception as error:
        raise ModelError(
            f'model {str(path)!r} is not an ONNX model that this onnxruntime runs: {first_line(error)}. '
            'Export it again.'
        ) from error
    options.tell(stage, 1.0)
    return session


def _shape(sizes: list[Any]) -> Shape:
    return tuple(s if isinstance(s, int) and s > 0 else None for s in sizes)


def _type(node: Any, path: Path) -> np.dtype[Any]:
    if node.type not in _TYPES:
        raise ModelError(f'model {str(path)!r} takes {node.type} for {node.name!r}. Export it with float32 inputs.')
    return np.dtype(_TYPES[node.type])
