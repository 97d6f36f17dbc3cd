# SPDX-License-Identifier: Apache-2.0
"""Running a TensorRT engine: buffers on the GPU, one stream, float32 outside whatever it is inside."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.arrays import as_wanted, from_model
from waymark.backends.base import Shape
from waymark.backends.cuda_memory import done
from waymark.errors import ModelError


class TensorrtEngine:
    """A deserialised engine with its buffers.

    Attributes:
        input_shapes: By name; a free axis is None.
        output_names: In the engine's order.
    """

    def __init__(self, trt: Any, cuda: Any, engine: Any, device: int) -> None:
        self._cuda, self._device, self._engine = cuda, device, engine
        self._turn = threading.Lock()
        done(cuda.cudaSetDevice(device))
        self._context = engine.create_execution_context()
        self._stream = done(cuda.cudaStreamCreate())
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        is_input = {n: engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT for n in names}
        self.input_shapes: dict[str, Shape] = {n: _free(engine.get_tensor_shape(n)) for n in names if is_input[n]}
        self.output_names = tuple(n for n in names if not is_input[n])
        self._types = {n: _dtype(trt, engine.get_tensor_dtype(n), n) for n in names}
        self._buffers: dict[str, tuple[int, int]] = {}  # address and size, by name
        weakref.finalize(self, _release, cuda, self._buffers, self._stream)

    def run(self, inputs: Mapping[str, NDArray[Any]], model: str) -> dict[str, NDArray[Any]]:
        """Copy in, run, copy out.

        Args:
            inputs: One array for each of `input_shapes`, of fitting shapes.
            model: The model file, for errors.

        Raises:
            ModelError: TensorRT or CUDA fails.
        """
        cuda, stream = self._cuda, self._stream
        to_device, to_host = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice, cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        with self._turn:
            done(cuda.cudaSetDevice(self._device))
            feeds = {n: as_wanted(inputs[n], self._types[n], n, model) for n in self.input_shapes}
            for name, array in feeds.items():
                if not self._context.set_input_shape(name, array.shape):
                    raise ModelError(f'model {model!r} was not built for {name} of shape {array.shape}.')
                address = self._address(name, array.nbytes)
                done(cuda.cudaMemcpyAsync(address, array.ctypes.data, array.nbytes, to_device, stream))
            outputs = {n: np.empty(tuple(self._context.get_tensor_shape(n)), self._types[n]) for n in self.output_names}
            for name, array in outputs.items():
                self._address(name, array.nbytes)
            if not self._context.execute_async_v3(stream_handle=int(stream)):
                raise ModelError(f'model {model!r} failed in TensorRT; its log says why.')
            for name, array in outputs.items():
                address = self._buffers[name][0]
                done(cuda.cudaMemcpyAsync(array.ctypes.data, address, array.nbytes, to_host, stream))
            done(cuda.cudaStreamSynchronize(stream))
        return from_model(outputs)

    def _address(self, name: str, size: int) -> int:
        """A buffer of at least `size` bytes, known to the engine under `name`."""
        address, held = self._buffers.get(name, (0, 0))
        if held < size:
            if address:
                done(self._cuda.cudaFree(address))
            address = int(done(self._cuda.cudaMalloc(size)))
            self._buffers[name] = (address, size)
        self._context.set_tensor_address(name, address)
        return address


def _release(cuda: Any, buffers: Mapping[str, tuple[int, int]], stream: Any) -> None:
    """Give back what Python's memory management does not know of; errors at this point help nobody."""
    for address, _ in buffers.values():
        cuda.cudaFree(address)
    cuda.cudaStreamDestroy(stream)


def progress_monitor(trt: Any, tell: Callable[[str, float], None]) -> Any:
    """An IProgressMonitor that reports the outermost phase: TensorRT calls it from its own threads."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc] # known only where tensorrt is
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._phases = Phases(tell)

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._phases.start(phase_name, parent_phase, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            self._phases.step(phase_name, step)
            return True  # False would cancel the build

        def phase_finish(self, phase_name: str) -> None:
            self._phases.finish(phase_name)

    return Monitor()


class Phases:
    """Turn nested phases with steps into one number from 0 to 1 for the outermost phase."""

    def __init__(self, tell: Callable[[str, float], None]) -> None:
        self._tell, self._lock = tell, threading.Lock()
        self._open: dict[str, tuple[str | None, int, int]] = {}  # parent, steps, steps done

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """A phase begins inside `parent`, or on its own."""
        with self._lock:
            self._open[name] = (parent, max(steps, 1), 0)
        self._report(name)

    def step(self, name: str, step: int) -> None:
        """Step number `step` (from 0) of a phase is complete."""
        with self._lock:
            if name not in self._open:
                return
            parent, steps, _ = self._open[name]
            self._open[name] = (parent, steps, min(step + 1, steps))
        self._report(name)

    def finish(self, name: str) -> None:
        """A phase ends, even when not all of its steps were reported."""
        with self._lock:
            phase = self._open.pop(name, None)
        if phase is not None and phase[0] is None:
            self._tell(f'TensorRT: {name}', 1.0)

    def _report(self, name: str) -> None:
        """Each phase fills the step of its parent that is under way."""
        with self._lock:
            part = 0.0
            while name in self._open:
                parent, steps, complete = self._open[name]
                part = min((complete + part) / steps, 1.0)
                if parent is None:
                    break
                name = parent
        self._tell(f'TensorRT: {name}', part)


def _free(shape: Any) -> Shape:
    return tuple(s if s > 0 else None for s in shape)


def _dtype(trt: Any, kind: Any, name: str) -> np.dtype[Any]:
    try:
        found: np.dtype[Any] = np.dtype(trt.nptype(kind))
    except TypeError:
        raise ModelError(
            f'the engine has {kind} for {name!r}, which NumPy lacks. Export with float32 outside.'
        ) from None
    return found
