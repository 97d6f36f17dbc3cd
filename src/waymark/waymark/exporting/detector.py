# SPDX-License-Identifier: Apache-2.0
"""`waymark export detector`: from an ONNX file to a model folder for a backend, held against the boxes it found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.backends.files import model_parts
from waymark.detection import Detections, Detector, DetectorConfig
from waymark.detection.parity import reference_output
from waymark.detection.stored import read_detector
from waymark.errors import ConfigError, ModelError, ParityError
from waymark.exporting.detector_report import DetectorReport
from waymark.exporting.folder import whole_folder
from waymark.exporting.formats import Graph, Written, calibration, write_model
from waymark.exporting.references import COUNT, calibration_files, reference_images
from waymark.exporting.report import median_ms
from waymark.exporting.request import DetectorRequest
from waymark.manifest import MANIFEST_NAME, StoredModel, file_sha256, write_manifest
from waymark.types import ModelManifest, ReferencePair

Progress = Callable[[str, float], None]  # stage and how far the whole is, 0..1
_LOOKED_AT = 24  # images among which those with the most boxes become references
_LONGEST_PX = 1280  # of a reference: it travels with the model


def needs_models(request: DetectorRequest) -> bool:
    """True where the quantisers of .venv-models are needed."""
    is_npu = request.to == 'rknn'
    return not is_npu and (request.precision == 'int8' or (request.to, request.precision) == ('onnx', 'fp16'))


def export_detector(request: DetectorRequest, progress: Progress = lambda *_: None) -> DetectorReport:
    """Write a detector for a backend, with the boxes that it must still find.

    Args:
        request: What to export, how and where to.
        progress: Told each stage.

    Returns:
        The numbers; the folder is there.

    Raises:
        ConfigError: The reference images show nothing that the detector finds, int8 lacks images, or the folder is
            in use.
        ModelError: The detector is broken, not ONNX in fp32, or can't be converted.
        ParityError: What was made does not find the same boxes; no folder is left.
        BackendUnavailable: What the target needs is missing.
    """
    progress('reading the model', 0.02)
    stored, detector = _read(request)
    with whole_folder(Path(request.out)) as folder:
        progress('looking at the reference images', 0.1)
        references = _references(request, detector, folder)
        manifest = replace(detector.manifest, references=references, name=request.name or detector.manifest.name)
        before_ms = _detect_ms(detector, folder, manifest)
        halves = (request.to, request.precision) == ('onnx', 'fp16')
        graph = _graph(stored.model_path, manifest, detector.input_name, folder / 'traced.onnx', halves)
        files = calibration(request, graph.is_convolutional)
        progress(f'writing {request.to} {request.precision}', 0.3)
        written = write_model(request, graph, files)
        manifest = replace(
            manifest,
            sha256=file_sha256(written.path),
            weights_sha256=manifest.weights_sha256 or manifest.sha256,
            precision=request.precision,
        )
        write_manifest(manifest, written.path, folder / MANIFEST_NAME)
        progress('comparing with the references', 0.8)
        before_bytes = sum(part.stat().st_size for part in model_parts(stored.model_path))
        report = _report(request, written, folder, before_ms, before_bytes)
    progress('done', 1.0)
    return report


def _read(request: DetectorRequest) -> tuple[StoredModel, Detector]:
    """The model's files, and it itself on ONNX Runtime: what it finds is the reference."""
    stored, _ = read_detector(request.model)
    if stored.model_path.suffix != '.onnx' or stored.manifest.precision != 'fp32':
        raise ModelError(
            f'model {str(stored.model_path)!r} ({stored.manifest.precision}) can not be converted: '
            'only ONNX in fp32 can. Export it so first.'
        )
    config = DetectorConfig(model=request.model, decoder=request.decoder, names=request.names, backend='onnx')
    return stored, Detector.from_config(config)


def _references(request: DetectorRequest, detector: Detector, folder: Path) -> tuple[ReferencePair, ...]:
    """Write the images in which most is found, and what that is."""
    shown = request.images or request.calibration
    images = _images(calibration_files(Path(shown), _LOOKED_AT)) if shown else reference_images()
    found = [(image, detector.detect(image)) for image in images]
    best = sorted(found, key=lambda pair: -len(pair[1]))[:COUNT]
    if not len(best[0][1]):
        where = f'the {len(images)} images of {shown!r}' if shown else 'the built-in pictures'
        raise ConfigError(
            f'images: {detector.manifest.name!r} finds nothing in {where}, so that nothing would prove that it still '
            'finds the same. Give --images DIR with pictures of its objects.'
        )
    return tuple(_written(folder, index, image, boxes) for index, (image, boxes) in enumerate(best) if len(boxes))


def _images(files: list[Path]) -> list[NDArray[np.uint8]]:
    images = []
    for file in files:
        image = _image(file)
        share = _LONGEST_PX / max(image.shape)
        if share < 1:
            image = np.asarray(cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
        images.append(image)
    return images


def _image(file: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise ConfigError(f'images: {str(file)!r} is not an image that can be read. Remove it.')
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _written(folder: Path, index: int, image: NDArray[np.uint8], found: Detections) -> ReferencePair:
    name = f'reference_{index}.png'
    cv2.imwrite(str(folder / name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return ReferencePair(name, reference_output(found))


def _detect_ms(detector: Detector, folder: Path, manifest: ModelManifest) -> float:
    image = _image(folder / manifest.references[0].image)
    return median_ms(lambda: detector.detect(image), seconds=0.3, most=10)


def _graph(model: Path, manifest: ModelManifest, input_name: str, path: Path, halves: bool) -> Graph:
    """Copy the model, its weights in one file."""
    if halves or len(model_parts(model)) > 1:
        import onnx

        from waymark.exporting.precision import halve_onnx

        loaded = onnx.load(str(model))
        onnx.save(halve_onnx(loaded) if halves else loaded, str(path))
    else:
        shutil.copyfile(model, path)
    # Detectors have attention in places, their arithmetic is in convolutions: ranges are measured for all of it.
    return Graph(path, manifest, input_name, is_convolutional=True)


def _report(
    request: DetectorRequest, written: Written, folder: Path, before_ms: float, before_bytes: int
) -> DetectorReport:
    """Load the folder as a node would: parity and time."""
    config = DetectorConfig(model=str(folder), backend=written.backend, device=written.device)
    detector = Detector.from_config(config)
    if detector.parity is None or not detector.parity.boxes:
        raise ParityError(f'model {detector.manifest.name!r}: nothing was compared. Give --images DIR.')
    is_simulated = written.device == 'simulator'  # its time says nothing about the device that it simulates
    after_ms = None if is_simulated else _detect_ms(detector, folder, detector.manifest)
    return DetectorReport(
        folder=Path(request.out),
        manifest=detector.manifest,
        backend=f'{written.backend} ({written.device})',
        method=written.method,
        parity=detector.parity,
        latency_ms=(before_ms, after_ms),
        size_bytes=(before_bytes, written.size_bytes),
        notes=written.notes,
    )
