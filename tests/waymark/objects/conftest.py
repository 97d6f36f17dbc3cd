# SPDX-License-Identifier: Apache-2.0
"""A detector of coloured rectangles, an encoder that sees their mean colour, and scenes for both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.support.rectangle_finder import draw, rectangle_finder
from tests.support.tiny_models import colour_model

from waymark.boxes import corners
from waymark.objects import ObjectsConfig, ObjectStream

COLOURS = {'red': (255, 0, 0), 'green': (0, 255, 0), 'blue': (0, 0, 255)}


@pytest.fixture(scope='session')
def finder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(rectangle_finder(tmp_path_factory.mktemp('finder') / 'rectangles.onnx'))


@pytest.fixture(scope='session')
def colours(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip('tokenizers')
    folder: Path = tmp_path_factory.mktemp('colours') / 'model'
    return str(colour_model(folder, score='softmax', logit_scale=30.0))


@pytest.fixture
def stream(finder: str) -> Callable[..., ObjectStream]:
    """Begin a stream: `stream(max_tracked=3)`."""
    return lambda **fields: ObjectStream.from_config(ObjectsConfig(model=finder, backend='onnx', **fields))


@pytest.fixture
def scene() -> Callable[..., np.ndarray]:
    """An image with rectangles: `scene(red=(cx, cy, w, h, theta))`."""

    def make(**boxes: tuple[float, ...]) -> np.ndarray:
        rgb = np.full((240, 320, 3), 20, np.uint8)
        for name, box in boxes.items():
            draw(rgb, corners(np.array(box, float)), COLOURS[name])
        return rgb

    return make
