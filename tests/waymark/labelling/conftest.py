# SPDX-License-Identifier: Apache-2.0
"""Pictures of one colour beside black, and an encoder whose vector is their colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

COLOURS = {'red': (255, 0, 0), 'green': (0, 255, 0), 'blue': (0, 0, 255), 'lime': (100, 220, 0), 'black': (0, 0, 0)}


def picture(colour: str, size_wh: tuple[int, int]) -> np.ndarray:
    """BGR; its left half is black, so that it shows something."""
    pixels = np.full((size_wh[1], size_wh[0], 3), COLOURS[colour][::-1], np.uint8)
    pixels[:, : size_wh[0] // 2] = 0
    return pixels


@pytest.fixture
def paint(tmp_path) -> Callable[..., Path]:
    """`paint('photos/red', 'red', 'red')` writes a folder of pictures 0.png, 1.png, ... of these colours."""

    def write(folder: str, *colours: str) -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True, exist_ok=True)
        for number, colour in enumerate(colours):
            assert cv2.imwrite(str(path / f'{number}.png'), picture(colour, (32, 32)))
        return path

    return write


@pytest.fixture
def film(tmp_path) -> Callable[..., Path]:
    """`film('a.avi', 'red', 'red', 'green')` writes a video of 10 frames a second."""

    def write(name: str, *colours: str) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (64, 48))
        for colour in colours:
            writer.write(picture(colour, (64, 48)))
        writer.release()
        return path

    return write


@pytest.fixture(scope='session')
def colours(tmp_path_factory) -> str:
    """A model folder with a text tower: its vectors are colours, of images and of texts alike."""
    pytest.importorskip('onnx')
    pytest.importorskip('tokenizers')
    from tiny_models import colour_model

    path = tmp_path_factory.mktemp('model') / 'colours'
    return str(colour_model(path, score='softmax', logit_scale=10.0))
