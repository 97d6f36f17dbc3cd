# SPDX-License-Identifier: Apache-2.0
"""The model file of each target: ONNX, OpenVINO, an ONNX file that TensorRT builds its engine from, RKNN."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.files import model_parts
from waymark.encoding.parity import read_reference
from waymark.errors import ConfigError
from waymark.exporting import precision as p
from waymark.exporting.graph import write_onnx
from waymark.exporting.references import calibration_files
from waymark.exporting.request import ExportRequest
from waymark.exporting.rknn import MODEL_NAME, RknnSettings, write_rknn
from waymark.exporting.sources import Source
from waymark.image.preprocess import to_tensor

Progress = Callable[[str, float], None]
INPUT = 'pixel_values'


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


def write_model(request: ExportRequest, source: Source, folder: Path, progress: Progress) -> Written:
    """Write the model file that a request asks for.

    Args:
        request: Format, precision, calibration images.
        source: The model; fp16 halves its weights in place, so take what needs fp32 before.
        folder: Where to.
        progress: Told each stage.

    Raises:
        ModelError: The model can't be exported or quantised.
        ConfigError: int8 needs calibration images and there are none.
        BackendUnavailable: The target's library is missing.
    """
    needs_images = request.precision == 'int8' and not _is_dynamic(request, source)
    if needs_images and not request.calibration:
        raise ConfigError(
            f'precision int8 for {request.to}: the ranges of a model are measured on images. '
            'Give --calibration DIR with some hundred of your camera.'
        )
    files = calibration_files(Path(request.calibration)) if needs_images else []
    traced = folder / 'traced.onnx'
    progress('tracing to ONNX', 0.15)
    halves = request.to == 'onnx' and request.precision == 'fp16'
    _trace(request, source, traced, halves)
    progress(f'writing {request.to} {request.precision}', 0.6)
    written = _WRITERS[request.to](request, source, traced, files)
    traced.unlink(missing_ok=True)
    return written


def _trace(request: ExportRequest, source: Source, path: Path, halves: bool) -> None:
    import torch

    width, height = source.preprocessing.input_wh
    example = torch.zeros(1, 1 if source.preprocessing.channels == 'gray' else 3, height, width)
    module = half_module(source.tower.module) if halves else source.tower.module
    names = [n for n in (source.manifest.output, source.manifest.tokens_output) if n]
    write_onnx(module, example, INPUT, names, path, request.fixed_batch, request.opset)


def half_module(module: Any) -> Any:
    """Compute in fp16 inside, with fp32 in and out; changes the module's weights in place."""
    import torch

    class Half(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module.half()

        def forward(self, pixel_values: Any) -> tuple[Any, ...]:
            return tuple(output.float() for output in self.inner(pixel_values.half()))

    return Half().eval()


def _is_dynamic(request: ExportRequest, source: Source) -> bool:
    """Only ONNX Runtime runs transformers whose activations get their range anew for each image."""
    return request.to == 'onnx' and not source.tower.is_convolutional


def _onnx(request: ExportRequest, source: Source, traced: Path, files: list[Path]) -> Written:
    path = traced.with_name('model.onnx')
    if request.precision != 'int8':
        return Written(traced.rename(path), 'onnx', request.precision)
    if _is_dynamic(request, source):
        p.quantize_dynamic(traced, path)
        return Written(path, 'onnx', 'int8 weights of matrix products, activations ranged for each image')
    p.quantize_static(traced, path, _tensors(source, files), INPUT)
    return Written(path, 'onnx', f'int8 weights and activations, {len(files)} calibration images')


def _openvino(request: ExportRequest, source: Source, traced: Path, files: list[Path]) -> Written:
    path = traced.with_name('model.xml')
    if request.precision == 'int8':
        p.quantize_openvino(traced, path, _tensors(source, files), not source.tower.is_convolutional)
        return Written(path, 'openvino', f'int8 weights and activations (NNCF), {len(files)} calibration images')
    p.write_openvino(traced, path, half=request.precision != 'fp32')
    words = {'fp32': 'fp32', 'fp16': 'weights in fp16', 'bf16': 'weights in fp16, computed in bf16 where the CPU can'}
    return Written(path, 'openvino', words[request.precision])


def _tensorrt(request: ExportRequest, source: Source, traced: Path, files: list[Path]) -> Written:
    path = traced.with_name('model.onnx')
    method = f'{request.precision}, chosen when the engine is built'
    if request.precision == 'int8':
        p.quantize_static(traced, path, _tensors(source, files), INPUT, for_tensorrt=True)
        method = f'int8 weights and activations, {len(files)} calibration images'
    else:
        traced.rename(path)
    if importlib.util.find_spec('tensorrt'):
        return Written(path, 'tensorrt', method)
    note = (
        'TensorRT builds its engine on the device it is for: load this folder there with backend tensorrt. '
        'The numbers here are of its ONNX file on ONNX Runtime.'
    )
    return Written(path, 'onnx', method, (note,))


def _rknn(request: ExportRequest, source: Source, traced: Path, files: list[Path]) -> Written:
    path = traced.with_name(MODEL_NAME)
    write_rknn(traced, source.manifest, path, RknnSettings(request.target, request.precision), files).close()
    method = f'{request.precision} for {request.target}'
    note = "Parity was measured in the vendor's simulator, not on a board. A robot needs no simulator folder."
    return Written(
        path, 'rknn', method + (f', {len(files)} calibration images' if files else ''), (note,), device='simulator'
    )


_WRITERS: dict[str, Callable[[ExportRequest, Source, Path, list[Path]], Written]] = {
    'onnx': _onnx,
    'openvino': _openvino,
    'tensorrt': _tensorrt,
    'rknn': _rknn,
}


def _tensors(source: Source, files: list[Path]) -> list[NDArray[np.float32]]:
    """Calibration images, prepared as the model gets them."""
    return [to_tensor(read_reference(file), source.manifest) for file in files]
