# SPDX-License-Identifier: Apache-2.0
"""A flight in small steps, for who has to answer while it goes on: a ROS node, a person."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.flight_video import FlightVideo, GroundView, flight_picture
from waymark.pipeline.flight_simulator import FlightSimulatorConfig
from waymark.routes.planar import Command, Planar
from waymark_sim.flights import open_ground
from waymark_sim.look import Look
from waymark_sim.pilot import Pilot
from waymark_sim.quadrotor import QuadrotorConfig
from waymark_sim.scene import Scene
from waymark_sim.simulator import SimStep, View
from waymark_sim.simulators import open_simulator
from waymark_sim.taught_way import plan_way, pose_at
from waymark_sim.traffic import make_traffic

STEP_S = 0.02
Picture = NDArray[np.uint8]


def laid_out(config: FlightSimulatorConfig) -> tuple[Scene, NDArray[np.float64]]:
    """The scene, and a way (N, 2) over it, m, points 0.1 m apart.

    Raises:
        ConfigError: `wind` is not two numbers.
        SourceError: The ground can't be read, or has no room for the way.
    """
    if len(config.wind) != 2:
        raise ConfigError(f'wind: expected east and north, two numbers, got {list(config.wind)}')
    size, fov = (config.width, config.height), math.radians(config.fov_deg)
    ground = open_ground(config.ground, config.metres_per_pixel, config.seed)
    reach = config.altitude * math.tan(fov / 2) * math.hypot(1, size[0] / size[1])
    way = plan_way(ground, config.length, reach, config.seed)
    scene = Scene(
        ground,
        vehicles=tuple(make_traffic(config.seed, config.traffic, config.length / 2)),
        light=Look(config.gain, 0.0, config.noise),
        wind_m_s=(config.wind[0], config.wind[1]),
    )
    return scene, way


class LiveFlight:
    """A quadrotor at the beginning of a way.

    Attributes:
        way: (N, 2) m, points 0.1 m apart.
        camera: Its camera.
        T_map_base: (4, 4) exact pose, m.
        velocity: (6,) of the body, m/s and rad/s, as its odometry measures them.
    """

    def __init__(self, config: FlightSimulatorConfig) -> None:
        """Lay the way, put the vehicle at its beginning.

        Raises:
            ConfigError: `wind` is not two numbers.
            SourceError: The ground can't be read, or has no room for the way.
            BackendUnavailable: The simulator is not installed.
        """
        size, fov = (config.width, config.height), math.radians(config.fov_deg)
        scene, self.way = laid_out(config)
        self.ground = scene.ground
        self._start = pose_at(self.way, 0)
        vehicle = QuadrotorConfig(altitude_m=config.altitude)
        view = View(size, fov, config.image_rate_hz, STEP_S)
        self._simulator = open_simulator(config.simulator, scene, vehicle, self._start, view, config.seed)
        self._per_step, self._due = config.image_rate_hz * STEP_S, 1.0  # images
        self._speed = config.speed
        self._before: Planar | None = None
        self.camera = self._simulator.camera
        self.velocity = np.zeros(6)
        self.T_map_base: NDArray[np.float64] = np.eye(4)

    def step(self, command: Command) -> SimStep:
        """Fly on for STEP_S; with an image where one is due: on this grid, so that 15 Hz are 60 and 80 ms."""
        sees = self._due >= 1.0 - 1e-9
        self._due += self._per_step - sees
        step = self._simulator.step(command, STEP_S, sees)
        self.T_map_base = step.T_map_base
        odometry = step.measured.odometry
        if self._before is not None:
            way = (self._before.inverse @ odometry).array / STEP_S
            self.velocity = np.array([way[0], way[1], 0.0, 0.0, 0.0, way[2]])
        self._before = odometry
        return step

    def pilot(self) -> Pilot:
        """Somebody who knows the way and where the vehicle is."""
        return Pilot(self.way, self._speed)

    def carry_to_start(self, beside_m: float) -> None:
        """Put the vehicle beside the beginning of the way, to its left."""
        self._simulator.carry(self._start @ Planar(0.0, beside_m, 0.0))

    def close(self) -> None:
        """End what was started for the simulator."""
        self._simulator.close()

    @property
    def pose(self) -> Planar:
        """Where it is, exactly."""
        T = self.T_map_base
        return Planar(float(T[0, 3]), float(T[1, 3]), math.atan2(T[1, 0], T[0, 0]))


class Watchers:
    """Who sees the flight: a film, a window."""

    def __init__(self, flight: LiveFlight, film: FlightVideo | None, window: Callable[[Picture], None] | None) -> None:
        """Take what there is; without either nothing is drawn."""
        self._film, self._window = film, window
        self._view = GroundView(flight.ground, flight.way) if film or window else None

    def see(self, step: SimStep, title: str) -> None:
        """Show a moment that has an image, and say what goes on."""
        if self._view is None or step.rgb is None:
            return
        picture = flight_picture(step.rgb, self._view.drawn(step.T_map_base), None, step.stamp_s, title)
        if self._film is not None:
            self._film.write(picture)
        if self._window is not None:
            self._window(picture)
