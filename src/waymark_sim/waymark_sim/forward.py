# SPDX-License-Identifier: Apache-2.0
"""A camera that looks forward out of a base among walls: ground, walls, sky.

The camera sits where the base is (its height above the ground), and looks along the base's x axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.routes.planar import Command, Planar
from waymark_sim.look import Development
from waymark_sim.ortho import SKY, pinhole, pyramid
from waymark_sim.planes import Canvas, Plane
from waymark_sim.rover import Rover, RoverConfig
from waymark_sim.scene import Scene
from waymark_sim.simulator import SimStep
from waymark_sim.walls import wall_planes

# Columns: the optical frame's x (right), y (down), z (forward) in the vehicle's forward, left, up.
R_BASE_FORWARD = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


class ForwardRenderer:
    """Renders images of one scene."""

    def __init__(self, scene: Scene, size_wh: tuple[int, int], fov_rad: float, seed: int = 0) -> None:
        """Prepare the pictures on ground and walls.

        Args:
            scene: Without traffic.
            size_wh: Image size, px.
            fov_rad: Vertical field of view.
            seed: Of the noise; what is painted on walls is the scene's.

        Raises:
            ValueError: The scene has vehicles.
        """
        if scene.vehicles:
            raise ValueError(f'vehicles: none drive before this camera, the scene has {len(scene.vehicles)}')
        self.camera = pinhole(size_wh, fov_rad)
        self._look, self._development = scene.light, Development(size_wh, scene.light.noise, seed)
        ground = scene.ground
        self._ground = Plane(pyramid(ground.rgb), np.diag([1.0, 1.0, 0.0]), ground.H_texture_from_ground, None)
        self._walls = [plane for wall in scene.walls for plane in wall_planes(wall)]

    def render(self, T_map_base: NDArray[np.float64], index: int = 0) -> NDArray[np.uint8]:
        """Take image number `index` (it decides the noise) from a pose (4, 4), m; RGB (H, W, 3).

        Raises:
            ValueError: The camera is not above the ground.
        """
        if T_map_base[2, 3] <= 0.0:
            raise ValueError(f'T_map_base: the camera must be above the ground, got z = {T_map_base[2, 3]:g} m')
        width, height = self.camera.size_wh
        T = T_map_base.copy()
        T[:3, :3] = T_map_base[:3, :3] @ R_BASE_FORWARD
        canvas = Canvas(np.full((height, width, 3), SKY, np.uint8), self.camera.K, T)
        canvas.paint(self._ground)
        for plane in self._walls:
            canvas.paint(plane)
        return self._development.apply(canvas.rgb, self._look, index)


class ForwardSimulator:
    """A differential-drive base among walls; deterministic (see waymark_sim.simulator.Simulator)."""

    def __init__(
        self, scene: Scene, vehicle: RoverConfig, start: Planar, size_wh: tuple[int, int], fov_rad: float, seed: int = 0
    ) -> None:
        """Put a base into a scene.

        Args:
            scene: Ground and walls; its wind moves nothing.
            vehicle: Abilities of the base.
            start: x east, y north, m; heading from east, rad.
            size_wh: Of images, px.
            fov_rad: Vertical field of view.
            seed: Of noise and errors.
        """
        self._scene = scene
        self._renderer = ForwardRenderer(scene, size_wh, fov_rad, seed)
        self._development = Development(size_wh, 0.0, seed)
        self._rover = Rover(vehicle, start, seed)
        self._time_s, self._index = 0.0, 0
        self.camera = self._renderer.camera

    def step(self, command: Command, seconds: float, sees: bool = True) -> SimStep:
        """Drive on, then look (see Simulator)."""
        self._rover.drive(command, seconds)
        self._time_s += seconds
        self._index += 1
        T, measured = self._rover.T_map_base, self._rover.measure()
        return SimStep(self._time_s, self._image(T) if sees else None, measured, T)

    def carry(self, pose: Planar) -> None:
        """Put the base somewhere else (see Simulator)."""
        self._rover.carry(pose)

    def close(self) -> None:
        """Nothing was started (see Simulator)."""

    def _image(self, T_map_base: NDArray[np.float64]) -> NDArray[np.uint8]:
        blank = self._scene.blank_s
        if blank is None or not blank[0] <= self._time_s < blank[1]:
            return self._renderer.render(T_map_base, self._index)
        return self._development.blank(self._scene.light.noise, self._index)
