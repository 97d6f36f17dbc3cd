# SPDX-License-Identifier: Apache-2.0
"""Configuration of the detector of oriented boxes."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class DetectorConfig(Config):
    """What finds objects in an image, and which of them count."""

    model: str = param(
        'waymark-obb-1',
        'Name of an embedded model, a model folder, the path of a manifest, or an ONNX file that says what it is.',
    )
    decoder: str = param('', "How the model's outputs become boxes; '': by its manifest, or recognised and logged.")
    names: tuple[str, ...] = param((), "Class names in the model's order; empty: its own.")
    backend: str = param(
        'auto',
        'What runs the model: onnx, openvino, tensorrt, rknn or torch; auto: the one for the kind of file, of two for '
        '.onnx the faster here. Another one is never tried when it fails.',
    )
    device: str = param('cpu', 'Where the backend runs (see image_encoder).')
    threads: int = param(0, "CPU threads for one image; 0: the runtime's choice.", ge=0, le=256)
    confidence: float = param(0.25, 'Least score of a box.', ge=0, le=1)
    nms_threshold: float = param(0.45, 'ProbIoU above which the box with the lower score goes.', gt=0, le=1)
    class_agnostic: bool = param(
        False, 'Boxes of different classes suppress each other too; those of box_net always do.'
    )
    max_detections: int = param(1000, 'Most boxes per image, the best; 0: all.', ge=0)
    tile_overlap: float = param(
        0.0,
        'Share by which tiles overlap, each as large as the input of the model; 0: the whole image at once. Objects '
        'longer than the overlap are looked for in the whole image, too.',
        ge=0,
        le=0.8,
    )
