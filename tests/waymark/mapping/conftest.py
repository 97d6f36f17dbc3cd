# SPDX-License-Identifier: Apache-2.0
"""A map of a small recording, made with one encoder, to be brought to another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.image.features import Features
from waymark.maps import Keyframe, MapInfo, PlaceMap, encode_thumbnail
from waymark.sources import ImageSourceConfig, open_source

NOTHING = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), (320, 240))


@pytest.fixture(scope='session')
def hog() -> Encoder:
    return load_encoder(EncoderConfig(encoder='hog'))


@pytest.fixture(scope='session')
def place() -> Encoder:
    return load_encoder(EncoderConfig())


@pytest.fixture(scope='session')
def recording(texture: Callable[..., np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve different views, 10 per second."""
    folder = tmp_path_factory.mktemp('views')
    for number in range(12):
        cv2.imwrite(str(folder / f'{number}.png'), texture(number))
    return folder


@pytest.fixture
def mapped(recording: Path, hog: Encoder) -> PlaceMap:
    """A map of every second view by HOG: ids 0, 1, 2, ...; a route over 1, 2; the last linked to the first."""
    place_map = PlaceMap(MapInfo(hog.fingerprint, hog.model_id))
    for item in list(open_source(ImageSourceConfig(input=str(recording))).frames())[::2]:
        frame, number = item.frame, place_map.next_id
        vector = hog.encode(frame.rgb).vector
        place_map.add(Keyframe(number, frame.header, vector, NOTHING, number, encode_thumbnail(frame.rgb)))
    place_map.add_route('r', [1, 2])
    place_map.link(5, 0, 30)
    return place_map
