# SPDX-License-Identifier: Apache-2.0
"""What mavlink_adapter sends to an autopilot, where and how often."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class MavlinkConfig(Config):
    """An autopilot at the other end of a MAVLink connection."""

    connection: str = param(
        'udpin:127.0.0.1:14540',
        "As pymavlink's: udpin:ADDRESS:PORT, udpout:ADDRESS:PORT, tcp:ADDRESS:PORT, or a serial device.",
    )
    baud: int = param(921600, 'Of a serial device.', ge=1200, le=12_000_000)
    system: int = param(1, "Our own system number: the vehicle's.", ge=1, le=255)
    component: int = param(191, 'Our own component number; 191 is an onboard computer.', ge=1, le=255)
    target_system: int = param(1, "The autopilot's system number.", ge=1, le=255)
    target_component: int = param(1, "The autopilot's component number.", ge=1, le=255)
    input: str = param('twist', "Type of `cmd_vel`: the safety filter's `output`.", choices=('twist', 'twist_stamped'))
    world: str = param(
        'local_frd',
        "World of the poses: 'local_ned' only where the odometry's x points east.",
        choices=('local_frd', 'local_ned'),
    )
    poses: str = param(
        'odometry',
        'What `odometry` is sent as; none: setpoints alone.',
        choices=('odometry', 'vision_position_estimate', 'both', 'none'),
    )
    pose_rate_hz: float = param(40.0, 'How often poses are sent; PX4 asks for 30 to 50.', ge=1.0, le=200.0, unit='Hz')
    max_prediction_s: float = param(
        0.2, 'Between two messages of `odometry` a pose is carried on by its velocity for this long.', ge=0.0, le=1.0,
        unit='s',
    )  # fmt: skip
    jump_m: float = param(
        1.0, 'A pose that is off by more than this has jumped: reset_counter says so.', gt=0.0, unit='m'
    )
    setpoint_rate_hz: float = param(
        50.0, 'Largest rate of setpoints; each is a `cmd_vel`, none is repeated.', ge=2.0, le=500.0, unit='Hz'
    )
    request_offboard: bool = param(
        False, 'Ask for offboard (ArduPilot: guided) mode once after a person has armed; false: the person switches.'
    )
    on_hand_over: str = param(
        'silence',
        'When the safety filter hands over: end the setpoints, or ask for a mode too.',
        choices=('silence', 'hold', 'land', 'return'),
    )
