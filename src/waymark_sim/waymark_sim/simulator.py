# SPDX-License-Identifier: Apache-2.0
"""One interface for every simulator: told a velocity, it answers with an image, what sensors say, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.routes.planar import Command, Planar
from waymark_sim.look import Development
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.quadrotor import Measured, Quadrotor, QuadrotorConfig
from waymark_sim.scene import Scene
from waymark_sim.traffic import paint_traffic


@dataclass(frozen=True, eq=False)
class SimStep:
    """One moment.

    Attributes:
        stamp_s: Since the start.
        rgb: (H, W, 3) uint8, None where the camera was not asked.
        measured: What sensors say.
        T_map_base: (4, 4) exact pose, m.
    """

    stamp_s: float
    rgb: NDArray[np.uint8] | None
    measured: Measured
    T_map_base: NDArray[np.float64]


class Simulator(Protocol):
    """A vehicle with a camera in a scene."""

    camera: CameraModel

    def step(self, command: Command, seconds: float, sees: bool = True) -> SimStep:
        """Fly on, then look."""
        ...

    def carry(self, pose: Planar) -> None:
        """Put the vehicle somewhere else (x east, y north, m; heading from east, rad)."""
        ...


class OrthophotoSimulator:
    """A quadrotor over a picture; deterministic, without relief."""

    def __init__(
        self,
        scene: Scene,
        vehicle: QuadrotorConfig,
        start: Planar,
        size_wh: tuple[int, int],
        fov_rad: float,
        seed: int = 0,
    ) -> None:
        """Put a quadrotor into a scene.

        Args:
            scene: Without walls: a flat picture has none.
            vehicle: Its abilities.
            start: x east, y north, m; heading from east, rad.
            size_wh: Of images, px.
            fov_rad: Vertical field of view.
            seed: Of noise and errors.

        Raises:
            ValueError: The scene has walls.
        """
        if scene.walls:
            raise ValueError(f'walls: an orthophoto has none, the scene has {len(scene.walls)}')
        self._scene = scene
        self._renderer = OrthoRenderer(scene.ground, size_wh, fov_rad, scene.light, seed)
        self._development = Development(size_wh, 0.0, seed)
        self._vehicle = Quadrotor(vehicle, start, seed)
        self._time_s, self._index = 0.0, 0
        self.camera = self._renderer.camera

    def step(self, command: Command, seconds: float, sees: bool = True) -> SimStep:
        """Fly on, then look (see Simulator)."""
        self._vehicle.fly(command, self._scene.wind_m_s, seconds)
        self._time_s += seconds
        self._index += 1
        T, measured = self._vehicle.T_map_base, self._vehicle.measure()
        return SimStep(self._time_s, self._image(T) if sees else None, measured, T)

    def carry(self, pose: Planar) -> None:
        """Put the vehicle somewhere else (see Simulator)."""
        self._vehicle.carry(pose)

    def _image(self, T_map_base: NDArray[np.float64]) -> NDArray[np.uint8]:
        blank, vehicles = self._scene.blank_s, self._scene.vehicles
        if blank is not None and blank[0] <= self._time_s < blank[1]:
            return self._development.blank(self._scene.light.noise, self._index)
        if not vehicles:
            return self._renderer.render(T_map_base, self._index)
        return self._renderer.render(
            T_map_base, self._index, lambda image, H: paint_traffic(image, H, vehicles, self._time_s)
        )
