# SPDX-License-Identifier: Apache-2.0
"""Recordings of coloured scenes, and an encoder whose vector is the mean colour and which knows the words for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

COLOURS = {'red': (220, 20, 20), 'green': (20, 220, 20), 'blue': (20, 20, 220), 'pink': (220, 120, 120)}


def view(colour: str, size_wh: tuple[int, int] = (64, 48), seed: int = 0) -> NDArray[np.uint8]:
    """RGB of one colour with patches that are a little brighter or darker; 'black' shows nothing."""
    if colour == 'black':
        return np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    patches = np.random.default_rng(seed).integers(-20, 21, (6, 8, 1)).astype(np.float32)
    shade = cv2.resize(patches, size_wh, interpolation=cv2.INTER_NEAREST)[..., None]
    return np.asarray(np.clip(np.float32(COLOURS[colour]) + shade, 0, 255), np.uint8)


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[..., Path]:
    """`write_folder(['red', 'blue'])`: one PNG each, 0.1 s apart when read."""

    def write(colours: Sequence[str], name: str = 'images') -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for number, colour in enumerate(colours):
            cv2.imwrite(str(folder / f'{number}.png'), view(colour)[..., ::-1])
        return folder

    return write


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """`write_video([('red', 20), ('blue', 30)])`: scenes of so many frames, 10 per second."""

    def write(scenes: Sequence[tuple[str, int]], name: str = 'video.avi') -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (64, 48))
        for colour, count in scenes:
            for _ in range(count):
                writer.write(view(colour)[..., ::-1])
        writer.release()
        return path

    return write


@pytest.fixture(scope='session')
def colours_folder(tmp_path_factory) -> Path:
    pytest.importorskip('onnx')
    pytest.importorskip('tokenizers')
    from tiny_models import colour_model

    return colour_model(tmp_path_factory.mktemp('colours'))


@pytest.fixture(scope='session')
def encoder(colours_folder):
    from waymark.encoding import EncoderConfig, load_encoder

    return load_encoder(EncoderConfig(encoder=str(colours_folder)))
