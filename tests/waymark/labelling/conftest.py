# SPDX-License-Identifier: Apache-2.0
"""Pictures of one colour, and an encoder whose vector is their colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

COLOURS = {'red': (255, 0, 0), 'green': (0, 255, 0), 'blue': (0, 0, 255), 'black': (0, 0, 0)}


@pytest.fixture
def paint(tmp_path) -> Callable[..., Path]:
    """`paint('photos/red', 'red', 'red')` writes a folder of pictures 0.png, 1.png, ... of these colours."""

    def write(folder: str, *colours: str) -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True, exist_ok=True)
        for number, colour in enumerate(colours):
            picture = np.full((12, 16, 3), COLOURS[colour], np.uint8)
            assert cv2.imwrite(str(path / f'{number}.png'), picture[..., ::-1])
        return path

    return write


@pytest.fixture
def film(tmp_path) -> Callable[..., Path]:
    """`film('a.avi', 'red', 'red', 'green')` writes a video of 10 frames a second."""

    def write(name: str, *colours: str) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (64, 48))
        for colour in colours:
            writer.write(np.full((48, 64, 3), COLOURS[colour][::-1], np.uint8))
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
