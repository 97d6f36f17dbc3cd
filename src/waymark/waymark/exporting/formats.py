# SPDX-License-Identifier: Apache-2.0
"""The model file of each target: ONNX, OpenVINO, an ONNX file that TensorRT builds its engine from, RKNN."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.backends.files import model_parts
from waymark.encoding.parity import read_reference
from waymark.errors import ConfigError
from waymark.exporting import precision as p
from waymark.exporting.references import calibration_files
from waymark.exporting.request import TargetRequest
from waymark.exporting.rknn import MODEL_NAME, RknnSettings, write_rknn
from waymark.image.preprocess import to_tensor
from waymark.types import ModelManifest


@dataclass(frozen=True)
class Written:
    """A model file.

    Attributes:
        path: The file that the manifest names.
        backend: What can run it here; '' for none.
        method: How the precision was reached.
        notes: What the user should know.
        device: Of that backend.
    """

    path: Path
    backend: str
    method: str
    notes: tuple[str, ...] = ()
    device: str = 'cpu'

    @property
    def size_bytes(self) -> int:
        """Of all its files."""
        return sum(part.stat().st_size for part in model_parts(self.path))


@dataclass(frozen=True)
class Graph:
    """An ONNX file in fp32 that every format is made from.

    Attributes:
        path: It; in fp16 already where `write_onnx` was asked for that.
        manifest: How its images are prepared.
        input_name: Its one input.
        is_convolutional: True when it has no attention.
    """

    path: Path
    manifest: ModelManifest
    input_name: str
    is_convolutional: bool

    def tensors(self, files: list[Path]) -> list[NDArray[np.float32]]:
        """Calibration images, prepared as the model gets them."""
        return [to_tensor(read_reference(file), self.manifest) for file in files]


def calibration(request: TargetRequest, is_convolutional: bool) -> list[Path]:
    """Image files that the request's precision is calibrated on; none where it needs none.

    Raises:
        ConfigError: It needs some and none are named.
        ModelError: The folder holds none.
    """
    if request.precision != 'int8' or _is_dynamic(request, is_convolutional):
        return []
    if not request.calibration:
        raise ConfigError(
            f'precision int8 for {request.to}: the ranges of a model are measured on images. '
            'Give --calibration DIR with some hundred of your camera.'
        )
    return calibration_files(Path(request.calibration))


def write_model(request: TargetRequest, graph: Graph, files: list[Path]) -> Written:
    """Write the model file that a request asks for, beside the graph, which goes.

    Args:
        request: Format and precision.
        graph: What it is made from.
        files: Of `calibration`.

    Raises:
        ModelError: The model can't be converted or quantised.
        BackendUnavailable: The target's library is missing.
    """
    written = _WRITERS[request.to](request, graph, files)
    graph.path.unlink(missing_ok=True)
    return written


def _is_dynamic(request: TargetRequest, is_convolutional: bool) -> bool:
    """Only ONNX Runtime runs transformers whose activations get their range anew for each image."""
    return request.to == 'onnx' and not is_convolutional


def _onnx(request: TargetRequest, graph: Graph, files: list[Path]) -> Written:
    path = graph.path.with_name('model.onnx')
    if request.precision != 'int8':
        return Written(graph.path.rename(path), 'onnx', request.precision)
    if _is_dynamic(request, graph.is_convolutional):
        p.quantize_dynamic(graph.path, path)
        return Written(path, 'onnx', 'int8 weights of matrix products, activations ranged for each image')
    p.quantize_static(graph.path, path, graph.tensors(files), graph.input_name)
    return Written(path, 'onnx', f'int8 weights and activations, {len(files)} calibration images')


def _openvino(request: TargetRequest, graph: Graph, files: list[Path]) -> Written:
    path = graph.path.with_name('model.xml')
    if request.precision == 'int8':
        p.quantize_openvino(graph.path, path, graph.tensors(files), not graph.is_convolutional)
        return Written(path, 'openvino', f'int8 weights and activations (NNCF), {len(files)} calibration images')
    p.write_openvino(graph.path, path, half=request.precision != 'fp32')
    words = {'fp32': 'fp32', 'fp16': 'weights in fp16', 'bf16': 'weights in fp16, computed in bf16 where the CPU can'}
    return Written(path, 'openvino', words[request.precision])


def _tensorrt(request: TargetRequest, graph: Graph, files: list[Path]) -> Written:
    path = graph.path.with_name('model.onnx')
    method = f'{request.precision}, chosen when the engine is built'
    if request.precision == 'int8':
        p.quantize_static(graph.path, path, graph.tensors(files), graph.input_name, for_tensorrt=True)
        method = f'int8 weights and activations, {len(files)} calibration images'
    else:
        graph.path.rename(path)
    if importlib.util.find_spec('tensorrt'):
        return Written(path, 'tensorrt', method)
    note = (
        'TensorRT builds its engine on the device it is for: load this folder there with backend tensorrt. '
        'The numbers here are of its ONNX file on ONNX Runtime.'
    )
    return Written(path, 'onnx', method, (note,))


def _rknn(request: TargetRequest, graph: Graph, files: list[Path]) -> Written:
    path = graph.path.with_name(MODEL_NAME)
    write_rknn(graph.path, graph.manifest, path, RknnSettings(request.target, request.precision), files).close()
    method = f'{request.precision} for {request.target}'
    note = "Parity was measured in the vendor's simulator, not on a board. A robot needs no simulator folder."
    return Written(
        path, 'rknn', method + (f', {len(files)} calibration images' if files else ''), (note,), device='simulator'
    )


_WRITERS: dict[str, Callable[[TargetRequest, Graph, list[Path]], Written]] = {
    'onnx': _onnx,
    'openvino': _openvino,
    'tensorrt': _tensorrt,
    'rknn': _rknn,
}
