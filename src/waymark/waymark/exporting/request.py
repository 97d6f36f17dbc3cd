# SPDX-License-Identifier: Apache-2.0
"""What `waymark export encoder` and `waymark export detector` were asked for."""

from __future__ import annotations

import dataclasses
import json as json_format
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from waymark.config import Config, param
from waymark.errors import ConfigError
from waymark.types import PRECISIONS

TARGETS = ('onnx', 'openvino', 'tensorrt', 'rknn')
RequestT = TypeVar('RequestT', bound='TargetRequest')

POOLINGS = ('default', 'cls', 'mean', 'gem')


@dataclass(frozen=True)
class TargetRequest(Config):
    """What every export says of its result."""

    out: str = param('', 'Folder to write; it must not exist yet, or be empty.', path=True)
    to: str = param('onnx', 'Format.', choices=TARGETS)
    precision: str = param('fp32', 'What the weights are made for.', choices=PRECISIONS)
    calibration: str = param('', 'Folder of images that int8 is calibrated on.', path=True)
    target: str = param('rk3588', 'Rockchip chip that rknn is written for.')
    name: str = param('', "Short name in the manifest; default: the model's.")
    json: bool = param(False, 'Print the report as JSON.')

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.to == 'onnx' and self.precision == 'bf16':
            raise ConfigError(
                'precision bf16: ONNX Runtime has no bf16 kernels on the CPU. Use --to openvino or --to tensorrt, '
                'or --precision fp16.'
            )
        if self.to == 'rknn' and self.precision not in ('fp16', 'int8'):
            raise ConfigError(f'precision {self.precision}: a Rockchip NPU computes in fp16 or int8. Choose one.')
        if self.calibration and not Path(self.calibration).is_dir():
            raise ConfigError(f'calibration: {self.calibration!r} is not a folder. Give one that holds images.')

    def to_json(self) -> str:
        """As one command-line argument for the other environment."""
        return json_format.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls: type[RequestT], text: str) -> RequestT:
        """Read what `to_json` wrote."""
        return cls.from_mapping(json_format.loads(text))


@dataclass(frozen=True)
class DetectorRequest(TargetRequest):
    """One export of a detector."""

    model: str = param('', 'ONNX file, model folder, manifest, or the name of an embedded detector.')
    decoder: str = param('', "How outputs become boxes; '': as stated or recognised.")
    names: tuple[str, ...] = param((), "Class names in the model's order; empty: its own.")
    images: str = param('', 'Folder of images that show objects, for the references; default: calibration.', path=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.images and not Path(self.images).is_dir():
            raise ConfigError(f'images: {self.images!r} is not a folder. Give one that holds images.')


@dataclass(frozen=True)
class ExportRequest(TargetRequest):
    """One export of an encoder."""

    model: str = param('', "Hugging Face id, local folder, or 'timm:NAME'.")
    pooling: str = param('default', "How the vector is made; default: the family's own.", choices=POOLINGS)
    image_size: str = param('', "Input size: 224, or width x height as 320x240; default: the processor's.")
    batch: int = param(-1, '0: any number of images at once; -1: any, but 1 for tensorrt and rknn.', ge=-1, le=64)
    opset: int = param(18, 'Version of the ONNX operators.', ge=18, le=23)
    text: bool = param(True, 'Write the text tower too, where there is one.')

    def __post_init__(self) -> None:
        super().__post_init__()
        self.size_wh()

    def size_wh(self) -> tuple[int, int] | None:
        """Width and height asked for, px, or None.

        Raises:
            ConfigError: `image_size` is not a size.
        """
        if not self.image_size:
            return None
        match = re.fullmatch(r'(\d+)(?:x(\d+))?', self.image_size)
        width = int(match.group(1)) if match else 0
        height = int(match.group(2) or width) if match else 0
        if not (16 <= width <= 4096 and 16 <= height <= 4096):
            raise ConfigError(f'image_size: {self.image_size!r} is not a size. Write 224, or 320x240 (16 to 4096 px).')
        return width, height

    @property
    def fixed_batch(self) -> int:
        """Images at once, 0 for any number."""
        if self.batch >= 0:
            return self.batch
        return 1 if self.to in ('tensorrt', 'rknn') else 0
