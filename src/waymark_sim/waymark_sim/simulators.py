# SPDX-License-Identifier: Apache-2.0
"""The simulators by name: one scene, one vehicle, whichever flies it."""

from __future__ import annotations

from waymark.errors import ConfigError
from waymark.routes.planar import Planar
from waymark_sim.quadrotor import QuadrotorConfig
from waymark_sim.scene import Scene
from waymark_sim.simulator import OrthophotoSimulator, Simulator, View

SIMULATORS = ('orthophoto', 'gazebo', 'mujoco')


def open_simulator(
    name: str, scene: Scene, vehicle: QuadrotorConfig, start: Planar, view: View, seed: int = 0
) -> Simulator:
    """Put a quadrotor into a scene.

    Args:
        name: One of SIMULATORS.
        scene: What is there.
        vehicle: Its abilities.
        start: x east, y north, m; heading from east, rad.
        view: Its camera's.
        seed: Of noise and errors.

    Raises:
        ConfigError: There is no simulator of that name.
        BackendUnavailable: It is not installed.
    """
    if name == 'orthophoto':
        return OrthophotoSimulator(scene, vehicle, start, view.size_wh, view.fov_rad, seed)
    if name == 'gazebo':
        from waymark_sim.gazebo.simulator import GazeboSimulator

        return GazeboSimulator(scene, vehicle, start, view, seed)
    if name == 'mujoco':
        from waymark_sim.mujoco_simulator import MujocoSimulator

        return MujocoSimulator(scene, vehicle, start, view, seed)
    raise ConfigError(f'simulator {name!r}: there is none of that name. Take one of {", ".join(SIMULATORS)}.')
