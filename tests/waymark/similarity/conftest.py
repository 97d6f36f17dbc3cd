# SPDX-License-Identifier: Apache-2.0
"""Pairs of pictures that metrics are measured on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest


@pytest.fixture(scope='session')
def degrade():
    """`degrade(image, seed)` blurs, darkens and adds noise."""

    def make(image, seed=0):
        rng = np.random.default_rng(seed)
        worse = cv2.GaussianBlur(image, (0, 0), 1.2) * 0.95 + rng.normal(0, 8, image.shape)
        return np.clip(worse, 0, 255).astype(image.dtype)

    return make
