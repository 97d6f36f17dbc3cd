# SPDX-License-Identifier: Apache-2.0
"""A small ground, a camera over it, and flights of which everything is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from waymark.types import Frame, Header
from waymark_sim.ground import Ground, generate_ground
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.route import rotation

NS = 1_000_000_000


class Vehicle:
    """Looks down from where it is put."""

    def __init__(self, ground: Ground) -> None:
        self.renderer = OrthoRenderer(ground, (320, 240), math.radians(60.0))
        self.camera = self.renderer.camera

    def pose(self, x: float = 0.0, y: float = 0.0, z: float = 10.0, rpy: tuple[float, ...] = (0.0, 0.0, 0.0)):
        """T_map_base (4, 4)."""
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = rotation(*rpy), (x, y, z)
        return T

    def frame(self, T: NDArray[np.float64], stamp_s: float) -> Frame:
        """An image from there."""
        return Frame(Header(round(stamp_s * NS), 'cam'), self.renderer.render(T))


@pytest.fixture(scope='session')
def ground() -> Ground:
    return generate_ground(5, 1024, 60.0)


@pytest.fixture(scope='session')
def vehicle(ground: Ground) -> Vehicle:
    return Vehicle(ground)


Flown = Callable[..., Vehicle]
