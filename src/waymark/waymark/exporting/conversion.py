# SPDX-License-Identifier: Apache-2.0
"""From a model folder in ONNX and fp32 to one in another format or precision, held against the same references."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from waymark.backends import BackendOptions
from waymark.encoding.manifest import (
    MANIFEST_NAME,
    StoredModel,
    file_sha256,
    find_manifest,
    read_manifest,
    write_manifest,
)
from waymark.encoding.model import ModelEncoder
from waymark.errors import ConfigError, ModelError
from waymark.exporting.checkpoint import prepare_libraries
from waymark.exporting.encoder import Progress, measure
from waymark.exporting.folder import whole_folder
from waymark.exporting.formats import Graph, calibration, write_model
from waymark.exporting.precision import halve_onnx
from waymark.exporting.references import reference_images
from waymark.exporting.report import ExportReport, median_ms
from waymark.exporting.request import ExportRequest


def is_model_folder(model: str) -> bool:
    """True for a model folder, its manifest, or the name of an embedded model."""
    return find_manifest(model).is_file()


def convert_folder(request: ExportRequest, progress: Progress = lambda *_: None) -> ExportReport:
    """Convert a model folder; its fingerprint stays.

    Args:
        request: What to convert, to what and where to; pooling and size are the folder's own.
        progress: Told each stage.

    Raises:
        ConfigError: Another pooling or size is asked for, or int8 lacks images.
        ModelError: The folder is broken, not ONNX in fp32, or can't be converted.
        ParityError: What was made does not compute what the reference did; no folder is left.
    """
    prepare_libraries()
    if request.pooling != 'default' or request.image_size:
        raise ConfigError(
            'pooling and image_size are part of a model folder: export the original model again for others.'
        )
    stored = read_manifest(find_manifest(request.model))
    _require_convertible(stored)
    with whole_folder(Path(request.out)) as folder:
        progress('reading the model', 0.02)
        graph = _read_graph(stored, folder / 'traced.onnx', halves=(request.to, request.precision) == ('onnx', 'fp16'))
        files = calibration(request, graph.is_convolutional)
        before_ms = _onnx_ms(find_manifest(request.model))
        progress(f'writing {request.to} {request.precision}', 0.3)
        written = write_model(request, graph, files)
        _copy_companions(stored, folder)
        manifest = replace(
            stored.manifest,
            name=request.name or stored.manifest.name,
            sha256=file_sha256(written.path),
            weights_sha256=stored.manifest.weights_sha256 or stored.manifest.sha256,
            precision=request.precision,
        )
        write_manifest(manifest, written.path, folder / MANIFEST_NAME)
        parity, after_ms, backend = measure(written, folder, progress)
        report = ExportReport(
            folder=Path(request.out),
            manifest=manifest,
            backend=backend,
            method=written.method,
            parity=parity,
            text_parity=None,
            own_preprocessing=None,
            latency_ms=(before_ms, after_ms),
            size_bytes=(stored.model_path.stat().st_size, written.size_bytes),
            notes=written.notes,
        )
    progress('done', 1.0)
    return report


def _require_convertible(stored: StoredModel) -> None:
    if stored.model_path.suffix != '.onnx' or stored.manifest.precision != 'fp32':
        raise ModelError(
            f'model {str(stored.model_path)!r} ({stored.manifest.precision}) can not be converted: '
            'only ONNX in fp32 can. Export it so first.'
        )


def _read_graph(stored: StoredModel, path: Path, halves: bool) -> Graph:
    """Copy the model into one file."""
    import onnx

    model: Any = onnx.load(str(stored.model_path))
    has_attention = any(node.op_type in ('Softmax', 'Attention') for node in model.graph.node)
    input_name = model.graph.input[0].name
    onnx.save(halve_onnx(model) if halves else model, str(path))
    return Graph(path, stored.manifest, input_name, not has_attention)


def _copy_companions(stored: StoredModel, folder: Path) -> None:
    """References, and the text tower as it is."""
    text = stored.manifest.text
    names = [r.image for r in stored.manifest.references] + ([text.model, text.tokenizer] if text else [])
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stored.folder / name, folder / name)


def _onnx_ms(manifest: Path) -> float:
    encoder = ModelEncoder.from_manifest(manifest, 'onnx', BackendOptions())
    image = reference_images()[0]
    return median_ms(lambda: encoder.encode(image))
