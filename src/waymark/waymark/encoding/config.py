# SPDX-License-Identifier: Apache-2.0
"""Configuration of the image encoder."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class EncoderConfig(Config):
    """What turns an image into one vector."""

    encoder: str = param(
        'waymark-place-1',
        "The embedded model's name, 'hog' (no weights), a model folder, or the path of a manifest.",
    )
    backend: str = param(
        'auto',
        'What runs a model: onnx, openvino, tensorrt, rknn or torch; auto: the one for the kind of file, of two for '
        '.onnx the faster here. The log and /diagnostics say which. Another one is never tried when it fails.',
    )
    device: str = param(
        'cpu',
        'Where the backend runs: cpu, cuda, tensorrt or an execution provider by name (onnx); cpu, gpu, npu '
        '(openvino); npu, npu:0, npu:0,1,2 or, on a PC, simulator (rknn).',
    )
    threads: int = param(
        0, "CPU threads for one image; 0: one for a model below 8 MB, else the runtime's choice.", ge=0, le=256
    )
    text: bool = param(True, 'Load the text tower of a model that has one, for encode_text; false saves its memory.')
    publish_tokens: bool = param(False, 'Publish one vector per patch of each image too, where the model gives them.')
