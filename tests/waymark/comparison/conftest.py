# SPDX-License-Identifier: Apache-2.0
"""Image files to compare."""

from __future__ import annotations

import cv2
import numpy as np
import pytest


@pytest.fixture(scope='session')
def scene(texture):
    """RGB picture (240, 320, 3)."""
    return np.dstack([texture(seed) for seed in (21, 22, 23)])


@pytest.fixture
def save(tmp_path):
    """`save(name, image)` writes RGB or gray pixels and gives the path."""

    def write(name, image):
        path = tmp_path / name
        cv2.imwrite(str(path), image if image.ndim == 2 else image[..., ::-1])
        return path

    return write
