# SPDX-License-Identifier: Apache-2.0
"""Flights over a ground whose cameras are known exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from waymark.image.geometry import image_corners, transform_points
from waymark_sim.ground import Ground, generate_ground
from waymark_sim.ortho import Look, OrthoRenderer
from waymark_sim.route import rotation

SIZE_WH = (320, 240)


class Flight:
    """Photos in a folder, and where their corners lie on the ground, m (x east, y north)."""

    def __init__(self, ground: Ground) -> None:
        self.renderer = OrthoRenderer(ground, SIZE_WH, np.radians(60), Look(noise=2.0))
        self.corners_m: dict[str, NDArray[np.float64]] = {}

    def shoot(self, folder: Path, places_m: list[tuple[float, float]], order: list[int] | None = None) -> Path:
        """Photos at 30 m, each turned and tilted a little; every second line is flown the other way round."""
        rng = np.random.default_rng(4)
        folder.mkdir(exist_ok=True)
        poses = []
        for x, y in places_m:
            T = np.eye(4)
            roll, pitch, yaw = rng.normal(0, 0.04, 3)
            T[:3, :3] = rotation(roll, pitch, yaw + (np.pi if round(y) % 2 else 0.0))
            T[:3, 3] = x, y, 30 + rng.normal(0, 0.5)
            poses.append(T)
        for number, k in enumerate(order or range(len(poses))):
            name = f'photo{number:02d}.png'
            cv2.imwrite(str(folder / name), self.renderer.render(poses[k], k)[..., ::-1])
            H = np.linalg.inv(self.renderer.H_image_from_ground(poses[k]))
            self.corners_m[name] = transform_points(H, image_corners(SIZE_WH))
        return folder


@pytest.fixture(scope='session')
def ground() -> Ground:
    return generate_ground(5, 2048, 160.0)


@pytest.fixture(scope='session')
def new_flight(ground: Ground) -> Callable[[], Flight]:
    return lambda: Flight(ground)


@pytest.fixture
def flight(new_flight: Callable[[], Flight]) -> Flight:
    return new_flight()


@pytest.fixture(scope='session')
def lines() -> list[tuple[float, float]]:
    """Two lines of five photos, 10 m apart, the second flown back: the last photo overlaps the first."""
    there = [(x, 0.0) for x in np.linspace(-20, 20, 5)]
    return there + [(x, 11.0) for x in np.linspace(20, -20, 5)]


@pytest.fixture(scope='session')
def corner_errors() -> Callable[..., NDArray[np.float64]]:
    """Distance in the mosaic, px, of each corner from where the truth puts it, after the best similarity."""

    def measure(report, corners_m) -> NDArray[np.float64]:
        found = np.concatenate([np.array(f.corners_px) for f in report.placed]) @ (1, 1j)
        true = np.concatenate([corners_m[f.name] for f in report.placed]) @ (1, -1j)
        f, t = found - found.mean(), true - true.mean()
        return np.abs(f - (f * t.conj()).sum() / (np.abs(t) ** 2).sum() * t)

    return measure
