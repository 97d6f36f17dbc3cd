# SPDX-License-Identifier: Apache-2.0
"""OpenVINO: Intel's CPUs, GPUs and NPUs. Models in its own format (.xml with .bin beside it) or in ONNX format."""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.arrays import as_wanted, first_line
from waymark.backends.base import BackendOptions, Shape, require_inputs
from waymark.backends.engine_cache import EngineKey, cached_engine
from waymark.backends.files import file_sha256, model_parts, read_model, read_onnx
from waymark.errors import BackendUnavailable, ModelError

# What OpenVINO may compute in. Left to itself it takes bf16 on CPUs that have it, and an fp32 model misses its parity.
_HINTS = {'fp32': 'f32', 'fp16': 'f16', 'bf16': 'bf16', 'int8': 'bf16'}  # int8: its layers that are not quantised
_CAPABILITIES = {'f16': 'FP16', 'bf16': 'BF16'}


class OpenvinoBackend:
    """A model in OpenVINO or ONNX format. `device` is cpu, gpu, gpu.1, npu: OpenVINO's names in any case."""

    name = 'openvino'

    def __init__(self, path: Path, options: BackendOptions) -> None:
        self.require(options)
        ov = _library()
        core = _core(ov)
        device = _device(core, options.device)
        self._path = path
        self._compiled = _compiled(ov, core, path, device, options)
        self._request = self._compiled.create_infer_request()
        self._turn = threading.Lock()  # a request runs once at a time; frames and services come from other threads
        inputs, outputs = self._compiled.inputs, self._compiled.outputs
        self.input_shapes: Mapping[str, Shape] = {_name(p): _shape(p) for p in inputs}
        self._types = {_name(p): np.dtype(p.element_type.to_dtype()) for p in inputs}
        self.output_names = tuple(_name(p) for p in outputs)

    @classmethod
    def require(cls, options: BackendOptions) -> None:
        """Refuse a missing openvino, then a missing device (see Backend)."""
        _device(_core(_library()), options.device)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once (see Backend)."""
        require_inputs(self.input_shapes, inputs)
        feeds = [as_wanted(inputs[n], self._types[n], n, str(self._path)) for n in self.input_shapes]
        with self._turn:
            try:
                results = self._request.infer(dict(enumerate(feeds)), share_inputs=True)
            except Exception as error:  # openvino raises plain RuntimeError
                raise ModelError(f'model {str(self._path)!r} failed in openvino: {first_line(error)}') from error
            return {n: np.array(results[i]) for i, n in enumerate(self.output_names)}


def _library() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise BackendUnavailable(
            f'backend openvino is unavailable: openvino can not be imported ({error}). pip install openvino.'
        ) from error
    return openvino


@functools.cache
def _core(ov: Any) -> Any:
    """One for the process, as OpenVINO means it: it loads each device's plug-in once."""
    return ov.Core()


def _device(core: Any, device: str) -> str:
    """OpenVINO's own name of a device that is there."""
    wanted, available = device.upper(), core.available_devices
    # GPU stands for the first of GPU.0, GPU.1, ...
    if wanted not in available and f'{wanted}.0' not in available:
        raise BackendUnavailable(
            f'backend openvino has no device {device!r}: it finds {", ".join(available)}. '
            "Install the device's driver, or set device: cpu."
        )
    return wanted


def _settings(core: Any, device: str, options: BackendOptions) -> dict[str, Any]:
    settings: dict[str, Any] = {'PERFORMANCE_HINT': 'LATENCY'}
    if device.startswith('NPU'):
        return settings  # computes in fp16 or int8 whatever is asked; parity says whether that is good enough
    hint = _HINTS[options.precision]
    able = core.get_property(device, 'OPTIMIZATION_CAPABILITIES')
    if device.startswith('GPU') and hint == 'bf16':
        hint = 'f16'
    settings['INFERENCE_PRECISION_HINT'] = hint if _CAPABILITIES.get(hint, 'FP32') in able else 'f32'
    if device == 'CPU' and options.threads:
        settings['INFERENCE_NUM_THREADS'] = options.threads
    return settings


def _compiled(ov: Any, core: Any, path: Path, device: str, options: BackendOptions) -> Any:
    """Compile, through the cache where compiling takes long (GPU, NPU) or where a cache folder was given."""
    _require_whole(path)
    settings = _settings(core, device, options)
    if device == 'CPU' and options.cache_dir is None:
        return _compile(ov, core, path, device, settings)

    def build() -> bytes:
        stage = f'openvino compiles {path.name} for {device}'
        options.tell(stage, 0.0)
        stream = _compile(ov, core, path, device, settings).export_model()
        options.tell(stage, 1.0)
        return bytes(stream.getvalue() if isinstance(stream, io.BytesIO) else stream)

    def load(data: bytes) -> Any:
        try:
            return core.import_model(data, device, settings)
        except Exception as error:
            raise ModelError(f'openvino refuses it: {first_line(error)}') from error

    where = f'{core.get_property(device, "FULL_DEVICE_NAME")} {sorted(settings.items())}'
    key = EngineKey('openvino', file_sha256(path), where, ov.__version__, options.precision)
    return cached_engine(key, options, build, load)


def _require_whole(path: Path) -> None:
    """Refuse a model whose files are missing, empty or outside its folder."""
    if path.suffix == '.xml':
        for part in model_parts(path):
            read_model(part)
    else:
        read_onnx(path)


def _compile(ov: Any, core: Any, path: Path, device: str, settings: Mapping[str, Any]) -> Any:
    """Read and compile a model, with float32 wherever it takes or gives 16-bit floats."""
    try:
        model = core.read_model(str(path))
        steps = ov.preprocess.PrePostProcessor(model)
        half = (ov.Type.f16, ov.Type.bf16)
        for index, port in enumerate(model.inputs):
            if port.element_type in half:
                steps.input(index).tensor().set_element_type(ov.Type.f32)
        for index, port in enumerate(model.outputs):
            if port.element_type in half:
                steps.output(index).tensor().set_element_type(ov.Type.f32)
        return core.compile_model(steps.build(), device, dict(settings))
    except Exception as error:  # openvino raises plain RuntimeError
        raise ModelError(
            f'model {str(path)!r} is not one that this openvino runs on {device}: {first_line(error)}. Export it again.'
        ) from error


def _name(port: Any) -> str:
    """The name that the model's author gave: a tensor collects those of the casts and identities folded into it."""
    names = sorted(port.get_names())
    given = str(port.get_node().get_friendly_name()).removesuffix('/sink_port_0')  # as an output's node is called
    return given if given in names or not names else names[0]


def _shape(port: Any) -> Shape:
    return tuple(d.get_length() if d.is_static else None for d in port.partial_shape)
