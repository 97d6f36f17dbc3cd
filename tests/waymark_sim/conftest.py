# SPDX-License-Identifier: Apache-2.0
"""Grounds of known content, and one world that is built once."""

from __future__ import annotations

import numpy as np
import pytest

from waymark_sim.ground import Ground
from waymark_sim.world import World, build_world

SQUARE_PX = 64


@pytest.fixture(scope='session')
def world() -> World:
    return build_world('sim:ground?seed=7&laps=2&lap_s=20&width=320&height=240&noise=0&ground_px=2048')


@pytest.fixture(scope='session')
def checkerboard() -> Ground:
    """1024 x 1024 px of 0.05 m, black and white squares of 64 px; an edge runs through the map's origin."""
    row, column = np.mgrid[:1024, :1024] // SQUARE_PX
    gray = np.where((row + column) % 2 == 0, 40, 215).astype(np.uint8)
    return Ground(np.dstack([gray] * 3), 0.05, np.ones((1024, 1024), bool))
