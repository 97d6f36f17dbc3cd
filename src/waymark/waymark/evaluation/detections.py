# SPDX-License-Identifier: Apache-2.0
"""A detector against labelled images: average precision by exact rotated IoU, and time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from waymark.detection import (
    Detections,
    Detector,
    DetectorConfig,
    average_precision,
    read_labels,
    read_names,
)
from waymark.errors import ConfigError, SourceError
from waymark.sources.folder import image_files, read_image
from waymark.types import Frame, Header

Tell = Callable[[str, int, int], None]  # stage, done, of


@dataclass(frozen=True)
class DetectionsRequest:
    """What to measure.

    Attributes:
        images: Folder of images.
        labels: Folder with a YOLO-OBB text file per image, of the same name; none: an image without objects.
        names: File with the class names of the labels; None: the model's.
        config: The detector.
    """

    images: Path
    labels: Path
    names: Path | None
    config: DetectorConfig


def evaluate_detections(request: DetectionsRequest, tell: Tell, say: Callable[[str], None]) -> dict[str, Any]:
    """Run the detector over a folder and compare.

    Args:
        request: What to measure.
        tell: Told how far it is.
        say: Told what was loaded and how classes were matched.

    Returns:
        The figures: map50, map50_95, class_agnostic_map50, per_class, ms_per_image and what they were measured on.

    Raises:
        SourceError: A folder, an image, a label or the names can't be read, or no image has labels.
        ConfigError: The detector is not named.
        ModelError: The model is not what it should be.
        BackendUnavailable: Its library or device is missing.
    """
    files, labelled = _pairs(request.images, request.labels)
    names = read_names(request.names) if request.names else None
    detector = Detector.from_config(request.config)
    say(detector.description)
    own = detector.manifest.class_names
    classes, numbers = _matched(own, names)
    if names is not None:
        say(_match_text(own, names, numbers))
    found, truth, spent_s = [], [], 0.0
    for done, (image, label) in enumerate(zip(files, labelled, strict=True)):
        frame = Frame(Header(0), *read_image(image))
        begin = time.perf_counter()
        seen = detector.detect(frame.rgb)
        spent_s += time.perf_counter() - begin
        found.append(Detections(seen.boxes, seen.scores, numbers[seen.classes], classes))
        truth.append(_truth(label, frame.size_wh, names or own, classes))
        tell('detecting', done + 1, len(files))
    result = average_precision(found, truth)
    if result.class_agnostic_map50 is None:
        raise SourceError(f'{request.labels}: no image of {request.images} has a labelled box. Check both folders.')
    return {
        **{k: v for k, v in dataclasses.asdict(result).items() if k != 'per_class'},
        'per_class': {name: dataclasses.asdict(one) for name, one in result.per_class.items()},
        'ms_per_image': 1000 * spent_s / len(files),
        'images': len(files),
        'images_without_label_file': sum(label is None for label in labelled),
        'label_files_without_image': _alone(request.labels, files),
        'labels': sum(map(len, truth)),
        'detections': sum(map(len, found)),
        'model': detector.manifest.name,
        'decoder': detector.manifest.decoder,
        'backend': detector.backend_name,
        'confidence': request.config.confidence,
    }


def _pairs(images: Path, labels: Path) -> tuple[list[Path], list[Path | None]]:
    """Image files, and the label file of each or None."""
    if not labels.is_dir():
        raise SourceError(f'{labels}: there is no such folder of labels.')
    files = image_files(images)
    found: list[Path | None] = [p if (p := labels / f'{file.stem}.txt').is_file() else None for file in files]
    if not any(found):
        raise SourceError(f'{labels}: none of the {len(files)} images has a label file there ({files[0].stem}.txt).')
    return files, found


def _alone(labels: Path, files: list[Path]) -> int:
    """How many label files have no image; a text file of names is none."""
    known = {file.stem for file in files} | {'classes', 'names'}
    return sum(path.stem not in known for path in labels.glob('*.txt'))


def _truth(
    label: Path | None, size_wh: tuple[int, int], names: tuple[str, ...], classes: tuple[str, ...]
) -> Detections:
    if label is None:
        return Detections(np.empty((0, 5)), np.empty(0), np.empty(0, np.int64), classes)
    return replace(read_labels(label, size_wh, names), class_names=classes)


def _matched(own: tuple[str, ...], names: tuple[str, ...] | None) -> tuple[tuple[str, ...], Any]:
    """All class names, the labels' first, and which of them each of the model's classes is: by name."""
    if names is None:
        return own, np.arange(len(own))
    known = {_plain(name): number for number, name in enumerate(names)}
    others = [name for name in own if _plain(name) not in known]
    extra = {_plain(name): len(names) + k for k, name in enumerate(others)}
    classes = (*names, *(f'{name} (not labelled)' for name in others))
    return classes, np.array([{**extra, **known}[_plain(name)] for name in own], np.int64)


def _match_text(own: tuple[str, ...], names: tuple[str, ...], numbers: Any) -> str:
    matched = [n for n, k in zip(own, numbers, strict=True) if k < len(names)]
    if not matched:
        return f'no class of the model ({", ".join(own)}) is among the names: look at class-agnostic figures only.'
    others = sorted(set(own) - set(matched))
    rest = f'; not labelled, counted class-agnostically only: {", ".join(others)}' if others else ''
    return f'classes matched by name: {", ".join(matched)}{rest}'


def _plain(name: str) -> str:
    """Names that differ in case, blanks, '-' and '_' only are one."""
    return name.casefold().replace('-', ' ').replace('_', ' ').strip()


def require_model(config: DetectorConfig) -> None:
    """Refuse an evaluation without a model before anything is read.

    Raises:
        ConfigError: None is named.
    """
    if not config.model:
        raise ConfigError('--model: none is given. Give an ONNX file, a model folder or a manifest.')
