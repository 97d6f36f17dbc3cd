# SPDX-License-Identifier: Apache-2.0
"""Pictures whose content and geometry are known."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Texture = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope='session')
def texture() -> Texture:
    """`texture(seed, size_wh)` is a gray picture of random patches; equal seeds, equal pictures."""

    def draw(seed: int, size_wh: tuple[int, int] = (320, 240)) -> NDArray[np.uint8]:
        rng = np.random.default_rng(seed)
        image = np.full((size_wh[1], size_wh[0]), 128, np.uint8)
        for _ in range(size_wh[0] * size_wh[1] // 400):
            x, y = (int(rng.integers(0, s)) for s in size_wh)
            w, h = (int(v) for v in rng.integers(4, 30, 2))
            cv2.rectangle(image, (x, y), (x + w, y + h), int(rng.integers(0, 256)), -1)
        return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7), np.uint8)

    return draw
