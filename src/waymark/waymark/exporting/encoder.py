# SPDX-License-Identifier: Apache-2.0
"""`waymark export encoder`: from a published model to a model folder, measured against its reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.backends import BackendOptions
from waymark.encoding.manifest import MANIFEST_NAME, file_sha256, write_manifest
from waymark.encoding.model import ModelEncoder
from waymark.encoding.parity import Parity
from waymark.errors import ModelError
from waymark.exporting.folder import whole_folder
from waymark.exporting.formats import Written, write_model
from waymark.exporting.references import reference_images, write_references
from waymark.exporting.report import ExportReport, median_ms
from waymark.exporting.request import ExportRequest
from waymark.exporting.sources import Source, load_source
from waymark.exporting.text import has_text_tower, measure_text, write_text_tower
from waymark.image.preprocess import to_tensor
from waymark.types import ModelManifest, ReferencePair, TextTower

Progress = Callable[[str, float], None]  # stage and how far the whole is, 0..1


def export_encoder(request: ExportRequest, progress: Progress = lambda *_: None) -> ExportReport:
    """Export an image encoder, and its text tower where it has one.

    Args:
        request: What to export, how and where to.
        progress: Told each stage.

    Returns:
        The numbers; the folder is there.

    Raises:
        ModelError: The model can't be loaded or exported.
        ParityError: The exported model does not compute what torch does; no folder is left.
        ConfigError: Pooling, size or folder can't be.
        BackendUnavailable: What the target needs is missing.
    """
    out = Path(request.out)
    with whole_folder(out) as folder:
        progress('reading the model', 0.02)
        source = load_source(request.model, request.size_wh(), request.pooling, request.name)
        progress('running the reference', 0.1)
        manifest = replace(source.manifest, precision=request.precision, references=_references(source, folder))
        own, before_ms = _own_preprocessing(source), _torch_ms(source)
        text = _text_tower(request, source, folder, progress)
        written = write_model(request, source, folder, progress)
        manifest = replace(manifest, sha256=file_sha256(written.path), text=text)
        write_manifest(manifest, written.path, folder / MANIFEST_NAME)
        parity, after_ms, backend = _measured(written, folder, progress)
        report = ExportReport(
            folder=out,
            manifest=manifest,
            backend=backend,
            method=written.method,
            parity=parity,
            text_parity=None if text is None else measure_text(folder),
            own_preprocessing=own,
            latency_ms=(before_ms, after_ms),
            size_bytes=(source.size_bytes, written.size_bytes),
            notes=(*source.tower.notes, *_text_notes(request, source), *written.notes),
        )
    progress('done', 1.0)
    return report


def _references(source: Source, folder: Path) -> tuple[ReferencePair, ...]:
    vectors = [_vector(source, rgb) for rgb in reference_images()]
    if not all(np.isfinite(v).all() for v in vectors):
        raise ModelError(
            f'model {source.manifest.name!r} gives values that are not finite for ordinary images, in torch already. '
            'Its weights are broken: get them again.'
        )
    names = write_references(folder)
    return tuple(ReferencePair(n, tuple(float(x) for x in v)) for n, v in zip(names, vectors, strict=True))


def _vector(source: Source, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The raw vector (D,) of torch in fp32 after the manifest's preprocessing."""
    return source.vector(to_tensor(rgb, source.manifest))


def _torch_ms(source: Source) -> float:
    image = reference_images()[0]
    return median_ms(lambda: _vector(source, image))


def _own_preprocessing(source: Source) -> float | None:
    """Worst cosine between vectors after the model's own preprocessing and after the manifest's."""
    own = source.own_pixels
    if own is None:
        return None
    pairs = [(source.vector(own(rgb)), _vector(source, rgb)) for rgb in reference_images()]
    return min(float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))) for a, b in pairs)


def _text_tower(request: ExportRequest, source: Source, folder: Path, progress: Progress) -> TextTower | None:
    if source.checkpoint is None or not request.text or request.to == 'rknn' or not has_text_tower(source.tower.model):
        return None
    progress('exporting the text tower', 0.12)
    return write_text_tower(source.checkpoint, source.tower.model, folder, request.precision, request.opset)


def _text_notes(request: ExportRequest, source: Source) -> tuple[str, ...]:
    if request.to == 'rknn' and has_text_tower(source.tower.model):
        return ('The text tower is left out: an NPU runs images. Its vectors come from an export --to onnx.',)
    return ()


def _measured(written: Written, folder: Path, progress: Progress) -> tuple[Parity | None, float | None, str]:
    """Load the folder as a node would: parity, ms from image to vector, backend; nothing where none can run it here.

    Raises:
        ParityError: It misses its limit.
    """
    if not written.backend:
        return None, None, ''
    progress('comparing with the reference', 0.85)
    options = BackendOptions(written.device, progress=lambda stage, part: progress(stage, 0.85 + 0.07 * part))
    encoder = ModelEncoder.from_manifest(folder / MANIFEST_NAME, written.backend, options)
    if written.device == 'simulator':  # its time says nothing about the device that it simulates
        return encoder.parity, None, f'{written.backend} ({written.device})'
    progress('measuring the time', 0.93)
    image = reference_images()[0]
    return encoder.parity, median_ms(lambda: encoder.encode(image)), f'{written.backend} ({options.device})'
