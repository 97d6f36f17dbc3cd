# SPDX-License-Identifier: Apache-2.0
"""Gazebo 11 behind the Simulator interface: its physics, its camera, in lockstep with who asks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError, SourceError
from waymark.image.camera import CameraModel
from waymark.image.rotation import rotation_rpy
from waymark.routes.planar import Command, Planar
from waymark_sim.boxes import boxes_of, moved_to
from waymark_sim.flown import Flown
from waymark_sim.gazebo.link import GazeboLink
from waymark_sim.gazebo.server import WORLD_FOLDER, GazeboServer
from waymark_sim.gazebo.world import Rig, write_classic_world
from waymark_sim.look import Development
from waymark_sim.ortho import pinhole
from waymark_sim.quadrotor import QuadrotorConfig
from waymark_sim.scene import Scene
from waymark_sim.simulator import SimStep, View

_ATTEMPTS = 3  # to start it
_STEP_S = 0.01  # of physics; rotors are told as often
_PATIENCE = 500  # steps of physics until the first image


class GazeboSimulator:
    """A quadrotor with thrust and torque in Gazebo 11. Time stands still between calls of `step`."""

    def __init__(
        self,
        scene: Scene,
        vehicle: QuadrotorConfig,
        start: Planar,
        view: View,
        seed: int = 0,
    ) -> None:
        """Start a server with the scene.

        Args:
            scene: Its vehicles are boxes that drive, its walls can be flown into.
            vehicle: Its abilities.
            start: x east, y north, m; heading from east, rad.
            view: Its camera's. An image can be asked for when it takes one: at `first_s`, then at its rate.
            seed: Of noise and errors.

        Raises:
            BackendUnavailable: Gazebo is not installed, or may not be run.
            SourceError: It does not start.
            ConfigError: Images would fall between steps of physics.
        """
        self.camera: CameraModel = pinhole(view.size_wh, view.fov_rad)
        self._scene, self._period = scene, _steps(1 / view.rate_hz)
        self._lead = self._period if view.first_s is None else _steps(view.first_s)
        self._development = Development(view.size_wh, scene.light.noise, seed)
        self._flown = Flown(vehicle, seed)
        self._index, self._begun = 0, 0
        self._boxes = boxes_of(scene)
        self._files = tempfile.TemporaryDirectory(prefix='waymark-gazebo-')
        rig = Rig(start, vehicle.altitude_m, view.size_wh, view.fov_rad, view.rate_hz)
        folder = Path(self._files.name)
        write_classic_world(scene, rig, folder, WORLD_FOLDER, _STEP_S)
        self._server, self._link = _begun(folder)
        try:
            self._hover()
            self._flown, self._begun = Flown(vehicle, seed), self._link.count
        except BaseException:
            self.close()
            raise

    def step(self, command: Command, seconds: float, sees: bool = True) -> SimStep:
        """Fly on, then look (see Simulator).

        Raises:
            SourceError: Gazebo has ended or does not answer.
        """
        self._flown.autopilot.waver()
        if sees:
            self._drive(self._time_s + seconds)
        for _ in range(round(seconds / _STEP_S)):
            self._advance(command)
        self._index += 1
        T = self._link.state.T_map_base
        return SimStep(self._time_s, self._image() if sees else None, self._flown.measure(T), T)

    @property
    def _time_s(self) -> float:
        return (self._link.count - self._begun) * _STEP_S

    def carry(self, pose: Planar) -> None:
        """Put the vehicle somewhere else (see Simulator)."""
        T = np.eye(4)
        T[:3, :3] = rotation_rpy(0.0, 0.0, pose.yaw_rad)
        T[:3, 3] = pose.x_m, pose.y_m, self._link.state.T_map_base[2, 3]
        self._link.carry(T)
        self._flown.carried()

    def close(self) -> None:
        """End the server."""
        if hasattr(self, '_link'):
            self._link.close()
        if hasattr(self, '_server'):
            self._server.close()
        self._files.cleanup()

    def _hover(self) -> None:
        """Stay until the camera takes images, and stop `_lead` steps before it takes one."""
        for _ in range(_PATIENCE):
            self._advance(Command())
            first = self._link.image_count
            if first is not None and (self._link.count + self._lead - first) % self._period == 0:
                return
        raise SourceError('Gazebo takes no images: its camera needs OpenGL and an X server. See ~/.gazebo/ogre.log.')

    def _advance(self, command: Command) -> None:
        """One step of physics."""
        wind = self._scene.wind_m_s
        self._link.push(*self._flown.wrench(self._link.state, command, wind, self._time_s))
        self._link.advance()
        self._flown.note(self._link.state, wind, _STEP_S)

    def _drive(self, t_s: float) -> None:
        """Put the scene's vehicles where they are at a time; they stand there while the quadrotor flies on to it."""
        poses = {}
        for box in self._boxes:
            if box.vehicle is not None:
                moved = moved_to(box, t_s)
                poses[box.name] = np.eye(4)
                poses[box.name][:3, :3] = rotation_rpy(0.0, 0.0, moved.yaw_rad)
                poses[box.name][:3, 3] = moved.middle_m
        if poses:
            self._link.place(poses)

    def _image(self) -> NDArray[np.uint8]:
        blank, look = self._scene.blank_s, self._scene.light
        if blank is not None and blank[0] <= self._time_s < blank[1]:
            return self._development.blank(look.noise, self._index)
        return self._development.apply(self._link.image(), look, self._index)


def _steps(seconds: float) -> int:
    count = round(seconds / _STEP_S)
    if count < 1 or abs(seconds / _STEP_S - count) > 1e-6:
        raise ConfigError(
            f'{seconds:g} s between images: Gazebo goes on in steps of {_STEP_S:g} s. Take 5, 10, 20 or 25 Hz.'
        )
    return count


def _begun(folder: Path) -> tuple[GazeboServer, GazeboLink]:
    """A server and a link to it; now and then one starts that never listens, and another one is started then."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        server = GazeboServer(folder)
        try:
            return server, GazeboLink(server, _STEP_S)
        except BaseException as error:
            server.close()
            if not (attempts_left and isinstance(error, SourceError)):
                raise
    raise SourceError('Gazebo was not started.')
