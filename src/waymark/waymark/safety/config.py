# SPDX-License-Identifier: Apache-2.0
"""What a vehicle may do, and how long commands count."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class SafetyConfig(Config):
    """Limits of the vehicle, checked together; lists of six are linear x y z, angular x y z, others one per joint."""

    vehicle: str = param(
        'base',
        'Without a valid command a base comes to rest, a drone hovers and calls its autopilot, an arm holds.',
        choices=('base', 'drone', 'arm'),
    )
    rate_hz: float = param(50.0, 'Rate of the output.', ge=5.0, le=500.0, unit='Hz')
    max_velocity: tuple[float, ...] = param(
        (0.5, 0.0, 0.0, 0.0, 0.0, 1.0), 'Largest velocity per axis; 0: the axis never moves.', ge=0.0, unit='m/s, rad/s'
    )
    max_acceleration: tuple[float, ...] = param(
        (0.5, 0.0, 0.0, 0.0, 0.0, 1.5), 'Largest acceleration per axis.', ge=0.0, unit='m/s^2, rad/s^2'
    )
    max_deceleration: tuple[float, ...] = param(
        (), 'Largest deceleration per axis; empty: as acceleration, which it must be where jerk is limited.', ge=0.0,
        unit='m/s^2, rad/s^2',
    )  # fmt: skip
    max_jerk: tuple[float, ...] = param((), 'Largest jerk per axis; empty: not limited.', ge=0.0, unit='m/s^3, rad/s^3')
    joints: tuple[str, ...] = param((), 'Names of the joints of an arm, in the order of the lists.')
    min_position: tuple[float, ...] = param((), 'Smallest position of each joint.', unit='rad, m')
    max_position: tuple[float, ...] = param((), 'Largest position of each joint.', unit='rad, m')
    fence_xy_m: tuple[float, ...] = param(
        (), 'Corners x0, y0, x1, y1, ... that a base or drone stays inside of; empty: no fence.', unit='m'
    )
    altitude_band_m: tuple[float, ...] = param((), 'Lowest and highest z of a drone; empty: no band.', unit='m')
    fence_margin_m: float = param(
        0.3, 'Distance kept from fence and band: for what the odometry does not know.', ge=0.0, unit='m'
    )
    fence_frame: str = param('odom', 'Frame of fence and band; odometry in another frame is refused.')
    max_position_age_s: float = param(
        0.5, 'Odometry (for a fence) and joint states (of an arm) count this long.', gt=0.0, le=5.0, unit='s'
    )
    watchdog_s: float = param(
        0.3, 'A command counts this long after it arrived, by the steady clock.', gt=0.0, le=5.0, unit='s'
    )
    max_command_age_s: float = param(
        0.5, 'A command counts this long after its stamp, that of the image behind it.', gt=0.0, le=10.0, unit='s'
    )
    max_ahead_s: float = param(0.1, 'A stamp may be ahead of the clock by this much.', ge=0.0, le=1.0, unit='s')
    handover_s: float = param(
        1.0, 'A lower source drives when all higher ones have been silent this long.', ge=0.0, le=60.0, unit='s'
    )
    handover_after_s: float = param(
        2.0, 'A drone asks its autopilot to take over after this long without a valid command.', gt=0.0, unit='s'
    )
    latched_at_start: bool = param(
        True, 'Start in e-stop; false: only when the last run did not end in order (killed, power lost).'
    )
    output: str = param('twist', 'Type of `cmd_vel`: what the vehicle reads.', choices=('twist', 'twist_stamped'))
    base_frame: str = param('base_link', 'Frame of a stamped `cmd_vel`; commands are taken as given in it.')
    realtime: bool = param(True, 'Ask the system for real-time scheduling; diagnostics say when it refuses.')

    def __post_init__(self) -> None:
        super().__post_init__()
        from waymark.safety.rules import check

        check(self)

    @property
    def is_arm(self) -> bool:
        """True for joints, False for a twist."""
        return self.vehicle == 'arm'

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the values in the lists."""
        from waymark.safety.twist import AXES

        return self.joints if self.is_arm else AXES
