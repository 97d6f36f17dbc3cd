# SPDX-License-Identifier: Apache-2.0
"""Configuration of the node flight_simulator: what flies, over which ground, and who leads it."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class FlightSimulatorConfig(Config):
    """A simulated quadrotor with a camera that looks down; it flies what `cmd_vel` says."""

    simulator: str = param(
        'orthophoto',
        'What flies and sees: a flat picture, Gazebo 11 (make gazebo) or MuJoCo (the extra of that name).',
        choices=('orthophoto', 'gazebo', 'mujoco'),
    )
    ground: str = param('ground', "A picture of the ground, or 'ground' for a generated one.")
    metres_per_pixel: float = param(0.0, "Scale of your own ground's picture; 0: it is 200 m wide.", ge=0.0, unit='m')
    seed: int = param(7, 'Decides the generated ground, the way, and all errors.', ge=0)
    width: int = param(320, 'Image width.', ge=16, le=8192, unit='px')
    height: int = param(240, 'Image height.', ge=16, le=8192, unit='px')
    fov_deg: float = param(60.0, 'Vertical field of view.', gt=1.0, lt=170.0, unit='degrees')
    image_rate_hz: float = param(10.0, 'Images per second.', gt=0.0, le=50.0, unit='Hz')
    altitude: float = param(20.0, 'Height above the ground.', gt=0.0, le=10000.0, unit='m')
    speed: float = param(3.0, 'Of the pilot who teaches.', gt=0.0, le=50.0, unit='m/s')
    length: float = param(95.0, 'Of the way that the pilot flies.', gt=10.0, unit='m')
    wind: tuple[float, ...] = param((0.0, 0.0), 'East and north; odometry does not notice it.', unit='m/s')
    noise: float = param(6.0, "Standard deviation of the camera's noise, levels of 255.", ge=0.0, le=128.0)
    gain: float = param(1.0, 'Factor on brightness.', gt=0.0, le=10.0)
    traffic: int = param(0, 'Vehicles that drive about.', ge=0, le=1000)
    pace: float = param(1.0, 'Simulated seconds per second, as far as the machine keeps up.', gt=0.0, le=20.0)
    command_timeout_s: float = param(
        0.5, 'Without `cmd_vel` for this long the vehicle hovers, as an autopilot would.', gt=0.0, unit='s'
    )
    duration_s: float = param(
        0.0, 'End after so many simulated seconds, of a mission since its nodes are there; 0: never.', ge=0.0, unit='s'
    )
    mission: str = param(
        'none',
        'teach_and_repeat: a person releases the safety filter, leads the vehicle along the way by `cmd/operator`, '
        'carries it back, has it repeat the way, and ends the process. patrol: it repeats the way back and forth.',
        choices=('none', 'teach_and_repeat', 'patrol'),
    )
    waits: bool = param(
        True, 'Time stands still until route_follower has answered (5 s at most); false: only while a way is taught.'
    )
    route_id: str = param('', 'Of the route that is taught; empty: the time it is taught at.')
    beside_m: float = param(2.0, 'How far beside the start of the way it is put down.', ge=0.0, unit='m')
    video: str = param('', 'Film of the flight: .gif, .mp4, .avi or .mkv; empty: none.', path=True)
    show: bool = param(False, 'Open a window with the flight, where there is a display.')
