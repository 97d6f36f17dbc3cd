# SPDX-License-Identifier: Apache-2.0
"""TensorRT: NVIDIA's GPUs. Engines (.engine, .plan) as they are; ONNX models are built once and kept.

Written for TensorRT 10 and 11 (https://docs.nvidia.com/deeplearning/tensorrt). A model made for fp32 or int8 becomes a
strongly typed network, which computes in the types of the ONNX file. One made for fp16 or bf16 lets TensorRT 10 choose
layer by layer; 11 no longer does that and takes the types of the file here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from waymark.backends.arrays import first_line
from waymark.backends.base import MAX_BATCH, BackendOptions, Shape, require_inputs
from waymark.backends.cuda_memory import cuda_device, cuda_runtime
from waymark.backends.engine_cache import EngineKey, cached_engine
from waymark.backends.files import file_sha256, read_model, read_onnx
from waymark.backends.tensorrt_engine import TensorrtEngine, progress_monitor
from waymark.errors import BackendUnavailable, ModelError

_ENGINES = ('.engine', '.plan')


class TensorrtBackend:
    """A TensorRT engine, or an ONNX model made into one. `device` is cuda or cuda:1."""

    name = 'tensorrt'

    def __init__(self, path: Path, options: BackendOptions) -> None:
        self.require(options)
        trt, cuda = _library(), cuda_runtime('tensorrt')
        index, device_name = cuda_device(cuda, 'tensorrt', options.device)
        logger = trt.Logger(trt.Logger.ERROR)
        runtime = trt.Runtime(logger)

        def load(data: bytes) -> Any:
            engine = runtime.deserialize_cuda_engine(data)
            if engine is None:
                raise ModelError(
                    f'model {str(path)!r} is not an engine for TensorRT {trt.__version__} on {device_name}.'
                )
            return engine

        if path.suffix in _ENGINES:
            engine = load(read_model(path))
        else:
            read_onnx(path)
            key = EngineKey('tensorrt', file_sha256(path), device_name, str(trt.__version__), options.precision)
            engine = cached_engine(key, options, lambda: _build(trt, logger, path, options), load)
        self._path, self._runtime = path, runtime  # the engine needs its runtime
        self._engine = TensorrtEngine(trt, cuda, engine, index)
        self.input_shapes: Mapping[str, Shape] = self._engine.input_shapes
        self.output_names = self._engine.output_names

    @classmethod
    def require(cls, options: BackendOptions) -> None:
        """Refuse a missing tensorrt or CUDA binding, then a missing device (see Backend)."""
        _library()
        cuda_device(cuda_runtime('tensorrt'), 'tensorrt', options.device)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once (see Backend)."""
        require_inputs(self.input_shapes, inputs)
        return self._engine.run(inputs, str(self._path))


def _library() -> Any:
    try:
        import tensorrt
    except ImportError as error:
        raise BackendUnavailable(
            f'backend tensorrt is unavailable: tensorrt can not be imported ({error}). '
            'JetPack brings it on a Jetson; elsewhere: pip install tensorrt.'
        ) from error
    return tensorrt


def _build(trt: Any, logger: Any, path: Path, options: BackendOptions) -> bytes:
    """Build an engine; takes minutes."""
    builder = trt.Builder(logger)
    half = _half_flag(trt, options.precision)
    # The flag is ignored by TensorRT 11, where there is nothing else.
    typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(typed if half is None else 0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(path)):
        why = '; '.join(str(parser.get_error(i)) for i in range(min(parser.num_errors, 2)))
        raise ModelError(
            f'model {str(path)!r} is not an ONNX model that TensorRT {trt.__version__} reads: '
            f'{first_line(Exception(why))}. Export it again.'
        )
    config = builder.create_builder_config()
    if half is not None:
        config.set_flag(half)
    if options.precision == 'fp32' and hasattr(trt.BuilderFlag, 'TF32'):
        config.clear_flag(trt.BuilderFlag.TF32)  # on by default; its 10-bit mantissa is not fp32's
    _allow_batches(builder, network, config, path)
    monitor = progress_monitor(trt, options.tell)  # must live until the engine is built
    config.progress_monitor = monitor
    data = builder.build_serialized_network(network, config)
    if data is None:
        raise ModelError(f'model {str(path)!r} can not be built by TensorRT {trt.__version__}; its log says why.')
    return bytes(data)


def _half_flag(trt: Any, precision: str) -> Any:
    """The flag that lets TensorRT 10 compute in 16 bits; None for other precisions and for TensorRT 11."""
    return getattr(trt.BuilderFlag, precision.upper(), None) if precision in ('fp16', 'bf16') else None


def _allow_batches(builder: Any, network: Any, config: Any, path: Path) -> None:
    """Give a free batch axis its range: 1 to MAX_BATCH, fastest for 1."""
    inputs = [network.get_input(i) for i in range(network.num_inputs)]
    shapes = {i.name: tuple(i.shape) for i in inputs}
    if all(size > 0 for shape in shapes.values() for size in shape):
        return
    profile = builder.create_optimization_profile()
    for name, shape in shapes.items():
        if any(size <= 0 for size in shape[1:]):
            raise ModelError(
                f'model {str(path)!r} leaves {name} {shape} open beyond its batch axis. Export it with a fixed size.'
            )
        one = (shape[0] if shape[0] > 0 else 1, *shape[1:])
        most = (shape[0] if shape[0] > 0 else MAX_BATCH, *shape[1:])
        profile.set_shape(name, one, one, most)
    config.add_optimization_profile(profile)
