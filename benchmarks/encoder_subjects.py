# SPDX-License-Identifier: Apache-2.0
"""Encoders whose backends are compared: each as a torch module and as the ONNX file that was made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from peers import import_torchvision

from waymark.types import ModelManifest

EMBEDDED = 'waymark-place-1'


@dataclass(frozen=True)
class Subject:
    """One encoder.

    Attributes:
        name: For the table.
        about: Where its weights are from, and what its cosines therefore prove.
        manifest: Its preprocessing, and its output's name.
        onnx: fp32 model file.
        module: The same in torch, fp32; its first output is the vector. None where torch has no counterpart.
        is_transformer: Decides how int8 is reached.
    """

    name: str
    about: str
    manifest: ModelManifest
    onnx: Path
    module: Any
    is_transformer: bool


def dinov2_small(folder: Path) -> Subject:
    """DINOv2-small's architecture (22 M parameters, 14 px patches, 224 px) with random weights, exported by Waymark."""
    import torch

    import_torchvision()  # transformers' image processors want it
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    from waymark.exporting.graph import write_onnx
    from waymark.exporting.sources import load_source

    torch.manual_seed(0)
    config = Dinov2Config(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=518, patch_size=14)
    checkpoint = folder / 'dinov2-small-random'
    Dinov2Model(config).save_pretrained(checkpoint)
    BitImageProcessor(size={'shortest_edge': 256}, crop_size={'height': 224, 'width': 224}, resample=3).save_pretrained(
        checkpoint
    )
    source = load_source(str(checkpoint), None, 'default')
    manifest, module = source.manifest, source.tower.module.eval()
    image = torch.zeros(1, 3, *manifest.input_wh[::-1])
    path = folder / 'dinov2-small.onnx'
    write_onnx(module, image, 'pixel_values', [manifest.output], path, batch=1, opset=18)
    about = 'random weights: the time is real, the cosine of int8 says little'
    return Subject('DINOv2-S/14', about, manifest, path, module, True)


def embedded(folder: Path) -> Subject | None:
    """The encoder that ships with Waymark, or None where it does not yet."""
    from importlib.util import find_spec

    import waymark.encoding
    from waymark.encoding.manifest import read_manifest

    path = Path(waymark.encoding.__file__).parent / 'models' / EMBEDDED / 'manifest.json'
    if not path.exists():
        return None
    stored = read_manifest(path)
    module = None
    if find_spec('waymark.training.weights'):
        from waymark.training.weights import read_network

        module = read_network(stored.model_path)[0]
    return Subject(EMBEDDED, 'as shipped', stored.manifest, stored.model_path, module, False)


def small_cnn(folder: Path) -> Subject:
    """A convolutional net of the embedded encoder's kind (depthwise-separable, 0.4 M parameters), random weights."""
    import torch
    from torch import nn

    torch.manual_seed(0)

    def step(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        return [depthwise, nn.Conv2d(inputs, outputs, 1), nn.ReLU()]

    widths = (32, 64, 128, 128, 256, 256)
    steps = [m for a, b, s in zip(widths, widths[1:], (2, 2, 1, 2, 1), strict=False) for m in step(a, b, s)]
    layers = [nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), *steps, nn.AvgPool2d(5), nn.Flatten(), nn.Linear(1024, 256)]
    module = nn.Sequential(*layers).eval()
    path, size = folder / 'small_cnn.onnx', (160, 160)
    torch.onnx.export(
        module, (torch.zeros(1, 3, *size),), str(path), dynamo=False, input_names=['image'], output_names=['vector']
    )
    manifest = ModelManifest('small-cnn', '0' * 64, 'made here', 'Apache-2.0', size, output='vector', output_dim=256)
    return Subject('small CNN', 'random weights, until an encoder is embedded', manifest, path, module, False)


def photographs(data: Path, count: int, seed: int) -> list[NDArray[np.uint8]]:
    """Crops of scikit-image's pictures and of what real photographs are there; other seeds, other pictures.

    Args:
        data: Folder of real data; may be absent.
        count: Crops.
        seed: 0 takes every second picture from the first on, 1 the others.
    """
    import skimage.data as bundled

    names = ('astronaut', 'coffee', 'chelsea', 'rocket', 'camera', 'brick', 'grass', 'gravel')
    readers: list[Callable[[], Any]] = [getattr(bundled, name) for name in names]
    patterns = ('kitti_mini/**/image_l/*.png', 'uav_odm_caliterra/**/*.jpg', 'sacre_coeur/mapping/*.jpg')
    for pattern in patterns:
        readers += [lambda path=path: cv2.imread(str(path))[..., ::-1] for path in sorted(data.glob(pattern))[:20]]
    pictures = [colour(read()) for read in readers[seed::2]]
    rng = np.random.default_rng(seed)
    return [crop(pictures[i % len(pictures)], rng) for i in range(count)]


def colour(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB of what may be gray."""
    return np.ascontiguousarray(picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2))


def crop(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A part of at least half the width and height, of 4:3 or less."""
    height, width = picture.shape[:2]
    h = int(rng.integers(height // 2, height + 1))
    w = min(int(rng.integers(width // 2, width + 1)), h * 4 // 3)
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    return np.ascontiguousarray(picture[y : y + h, x : x + w])
