# SPDX-License-Identifier: Apache-2.0
"""A taught detector as a model folder: manifest, model, pictures with what it finds in them for the parity gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.detection import Detector, DetectorConfig
from waymark.detection.parity import reference_output
from waymark.manifest import MANIFEST_NAME, file_sha256, write_manifest
from waymark.training.detector.layout import BoxNetLayout
from waymark.training.detector.weights import folded, write_network
from waymark.types import ModelManifest, ReferencePair

if TYPE_CHECKING:
    from torch import nn

MODEL_NAME = 'model.onnx'
_QUALITY = 92  # of the references


def write_model_folder(
    network: nn.Module,
    layout: BoxNetLayout,
    folder: Path,
    name: str,
    source: str,
    pictures: Sequence[NDArray[np.uint8]],
) -> None:
    """Write a network, with or without batch normalisation.

    Args:
        network: Its weights.
        layout: Its sizes.
        folder: There already, and empty.
        name: Short name in the manifest.
        source: What it was made from.
        pictures: RGB (H, W, 3); the references.
    """
    path = folder / MODEL_NAME
    write_network(folded(network, layout), layout, path)
    manifest = ModelManifest(
        name=name,
        sha256=file_sha256(path),
        source=source,
        licence='Apache-2.0',
        input_wh=layout.input_wh,
        resize='letterbox',
        decoder='box_net',
        class_names=layout.class_names,
    )
    write_manifest(manifest, path, folder / MANIFEST_NAME)
    detector = Detector.from_config(DetectorConfig(model=str(folder), backend='onnx'))
    references = [_reference(detector, rgb, folder, k) for k, rgb in enumerate(pictures)]
    write_manifest(replace(manifest, references=tuple(references)), path, folder / MANIFEST_NAME)


def _reference(detector: Detector, rgb: NDArray[np.uint8], folder: Path, number: int) -> ReferencePair:
    name = f'reference_{number}.jpg'
    cv2.imwrite(str(folder / name), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    read = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
    found = detector.detect(np.ascontiguousarray(np.asarray(read, np.uint8)[..., ::-1]))
    return ReferencePair(name, reference_output(found))
