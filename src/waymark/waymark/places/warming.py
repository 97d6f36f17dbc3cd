# SPDX-License-Identifier: Apache-2.0
"""Have libraries load what the first image would wait for."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from waymark.places.config import PlacesConfig
from waymark.places.recognizer import PlaceRecognizer
from waymark.types import NANOSECONDS, Frame, Header

_SIZE_WH = 640, 480


def warm_up(config: PlacesConfig) -> None:
    """Recognize one view in a map of its own: the first time that takes 200 ms, six images of a camera at 30 Hz.

    Args:
        config: Says which local features are loaded.
    """
    coarse = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    picture = np.asarray(cv2.resize(coarse, _SIZE_WH, interpolation=cv2.INTER_NEAREST), np.uint8)
    every = replace(config, exclude_recent=0, exclude_recent_s=0.0, keyframe_similarity=1.0, search_index='exact')
    recognizer = PlaceRecognizer(every)
    for second in (1, 2):
        recognizer.observe(Frame(Header(second * NANOSECONDS), picture), np.ones(1, np.float32), 'warm-up')
