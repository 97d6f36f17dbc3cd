# SPDX-License-Identifier: Apache-2.0
"""Reference images of the parity gate: made by formula, textured at all scales, the same on every machine."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ModelError

SIZE_WH = (320, 240)
COUNT = 3
TEXTS = ('a photo of a red roof', 'trees beside a road', 'a field')
_IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp')


def reference_images() -> list[NDArray[np.uint8]]:
    """Make the images: RGB uint8 (240, 320, 3), coloured noise of many octaves with edges drawn over it."""
    return [_image(seed) for seed in range(COUNT)]


def write_references(folder: Path) -> list[str]:
    """Write the images as PNG; their names."""
    names = [f'reference_{i}.png' for i in range(COUNT)]
    for name, image in zip(names, reference_images(), strict=True):
        cv2.imwrite(str(folder / name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return names


def calibration_files(folder: Path, most: int = 200) -> list[Path]:
    """Images of a folder (and below), evenly spread where there are more than `most`.

    Raises:
        ModelError: There is none.
    """
    files = sorted(p for p in folder.rglob('*') if p.suffix.lower() in _IMAGE_SUFFIXES)
    if not files:
        raise ModelError(f'calibration: {str(folder)!r} holds no images. Give some hundred of your camera.')
    return [files[i] for i in np.linspace(0, len(files) - 1, min(most, len(files))).astype(int)]


def _image(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    width, height = SIZE_WH
    total = np.zeros((height, width, 3), np.float32)
    for octave in range(1, 8):
        shape = (3 * 2**octave // 4 + 1, 2**octave + 1, 3)
        noise = rng.standard_normal(shape).astype(np.float32)
        smooth = np.asarray(cv2.resize(noise, SIZE_WH, interpolation=cv2.INTER_LINEAR), np.float32)
        total += smooth / np.float32(2 ** (octave / 2))
    image = np.clip(127 + 70 * total, 0, 255).astype(np.uint8)
    for _ in range(12):
        centre, axes = rng.integers(0, SIZE_WH), rng.integers(8, 60, 2)
        box = cv2.boxPoints((tuple(map(float, centre)), tuple(map(float, axes)), float(rng.uniform(0, 90))))
        cv2.fillPoly(image, [box.astype(np.int32)], tuple(map(int, rng.integers(0, 256, 3))))
    return image
