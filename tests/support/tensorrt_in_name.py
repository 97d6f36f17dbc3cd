# SPDX-License-Identifier: Apache-2.0
"""What stands in for TensorRT and CUDA where there is no GPU: the calls that our backend makes, on ordinary memory.

Its one engine answers the mean of each channel. It shows that our side keeps the contract; about TensorRT itself it
shows nothing.
"""

from __future__ import annotations

import ctypes
import json
from enum import Enum, IntEnum
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnx

MARK = b'ENGINE'
VERSION = '10.3.0'


class Mode(Enum):
    INPUT = 1
    OUTPUT = 2


class Flag(IntEnum):
    STRONGLY_TYPED = 1


class Network:
    def __init__(self, flags: int) -> None:
        self.flags, self.inputs, self.outputs = flags, [], []

    @property
    def num_inputs(self) -> int:
        return len(self.inputs)

    def get_input(self, index: int) -> Any:
        return self.inputs[index]


class OnnxParser:
    num_errors = 1

    def __init__(self, network: Network, logger: Any) -> None:
        self.network = network

    def parse_from_file(self, path: str) -> bool:
        try:
            graph = onnx.load(path).graph
        except Exception:
            return False
        for value in graph.input:
            sizes = tuple(d.dim_value or -1 for d in value.type.tensor_type.shape.dim)
            self.network.inputs.append(SimpleNamespace(name=value.name, shape=sizes))
        self.network.outputs = [value.name for value in graph.output]
        return bool(graph.node)

    def get_error(self, index: int) -> str:
        return 'no nodes'


class Config:
    def __init__(self) -> None:
        self.flags, self.profiles, self.progress_monitor = {'TF32'}, [], None

    def set_flag(self, flag: str) -> None:
        self.flags.add(flag)

    def clear_flag(self, flag: str) -> None:
        self.flags.discard(flag)

    def add_optimization_profile(self, profile: Any) -> None:
        self.profiles.append(profile)


class Profile:
    def __init__(self) -> None:
        self.shapes: dict[str, tuple[Any, ...]] = {}

    def set_shape(self, name: str, least: Any, best: Any, most: Any) -> None:
        self.shapes[name] = (least, best, most)


class Builder:
    built: list[tuple[Network, Config]] = []

    def __init__(self, logger: Any) -> None:
        self.create_network, self.create_builder_config = Network, Config
        self.create_optimization_profile = Profile

    def build_serialized_network(self, network: Network, config: Config) -> bytes:
        self.built.append((network, config))
        monitor = config.progress_monitor
        monitor.phase_start('Building', None, 2)
        for step in range(2):
            assert monitor.step_complete('Building', step)
        monitor.phase_finish('Building')
        inputs = {i.name: i.shape for i in network.inputs}
        most = {n: s[2] for p in config.profiles for n, s in p.shapes.items()}
        return MARK + json.dumps([inputs, network.outputs, most]).encode()


class Runtime:
    def __init__(self, logger: Any) -> None:
        pass

    def deserialize_cuda_engine(self, data: bytes) -> Any:
        return Engine(data) if data.startswith(MARK) else None


class Engine:
    def __init__(self, data: bytes) -> None:
        self.inputs, self.outputs, self.most = json.loads(data[len(MARK) :])
        self.names = [*self.inputs, *self.outputs]
        self.num_io_tensors = len(self.names)

    def get_tensor_name(self, index: int) -> str:
        return self.names[index]

    def get_tensor_mode(self, name: str) -> Mode:
        return Mode.INPUT if name in self.inputs else Mode.OUTPUT

    def get_tensor_shape(self, name: str) -> list[int]:
        return self.inputs.get(name, [-1, 3])

    def get_tensor_dtype(self, name: str) -> str:
        return 'FLOAT'

    def create_execution_context(self) -> Context:
        return Context(self)


class Context:
    def __init__(self, engine: Engine) -> None:
        self.engine, self.shape, self.addresses = engine, (0,), {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self.shape = shape
        return shape[0] <= self.engine.most.get(name, shape)[0]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self.shape[:2]

    def set_tensor_address(self, name: str, address: int) -> None:
        self.addresses[name] = address

    def execute_async_v3(self, stream_handle: int) -> bool:
        images, means = (self.addresses[n] for n in self.engine.names)
        values = np.ctypeslib.as_array((ctypes.c_float * int(np.prod(self.shape))).from_address(images))
        found = np.ascontiguousarray(values.reshape(*self.shape[:2], -1).mean(axis=2), np.float32)
        ctypes.memmove(means, found.ctypes.data, found.nbytes)
        return stream_handle == 5


class CudaRuntime(ModuleType):
    """cuda.bindings.runtime with one GPU; `held` are the buffers that were not freed."""

    def __init__(self) -> None:
        super().__init__('cuda.bindings.runtime')
        self.held: dict[int, Any] = {}
        self.cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)
        self.cudaGetDeviceCount = lambda: (0, 1)
        self.cudaGetDeviceProperties = lambda index: (0, SimpleNamespace(name=b'Orin', major=8, minor=7))
        self.cudaSetDevice = self.cudaStreamSynchronize = lambda _: (0,)
        self.streams = 0

    def cudaStreamCreate(self) -> tuple[int, int]:
        self.streams += 1
        return 0, 5

    def cudaStreamDestroy(self, stream: int) -> tuple[int]:
        self.streams -= 1
        return (0,)

    def cudaMalloc(self, size: int) -> tuple[int, int]:
        buffer = ctypes.create_string_buffer(size)
        self.held[ctypes.addressof(buffer)] = buffer
        return 0, ctypes.addressof(buffer)

    def cudaFree(self, address: int) -> tuple[int]:
        del self.held[address]
        return (0,)

    def cudaMemcpyAsync(self, target: int, source: int, size: int, kind: int, stream: int) -> tuple[int]:
        ctypes.memmove(target, source, size)
        return (0,)


def tensorrt_module(flags: tuple[str, ...] = ('TF32', 'FP16', 'BF16')) -> ModuleType:
    module = ModuleType('tensorrt')
    logger = type('Logger', (), {'ERROR': 1, '__init__': lambda self, severity: None})
    parts = {
        'Logger': logger, 'Builder': Builder, 'OnnxParser': OnnxParser, 'Runtime': Runtime, 'TensorIOMode': Mode,
        'NetworkDefinitionCreationFlag': Flag, 'BuilderFlag': SimpleNamespace(**{f: f for f in flags}),
        'IProgressMonitor': object, 'nptype': {'FLOAT': np.float32}.__getitem__, '__version__': VERSION,
    }  # fmt: skip
    for name, part in parts.items():
        setattr(module, name, part)
    return module


def modules(cuda: CudaRuntime, flags: tuple[str, ...] = ('TF32', 'FP16', 'BF16')) -> dict[str, ModuleType]:
    """What to put into sys.modules."""
    outer, inner = ModuleType('cuda'), ModuleType('cuda.bindings')
    outer.bindings, inner.runtime = inner, cuda  # type: ignore[attr-defined]
    return {
        'tensorrt': tensorrt_module(flags), 'cuda': outer, 'cuda.bindings': inner, 'cuda.bindings.runtime': cuda,
    }  # fmt: skip
