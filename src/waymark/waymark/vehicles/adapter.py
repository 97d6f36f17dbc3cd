# SPDX-License-Identifier: Apache-2.0
"""Between ROS and an autopilot: commands and poses out, heartbeats in. No ROS, no clock of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.types import NANOSECONDS
from waymark.vehicles import mavlink
from waymark.vehicles.autopilots import AUTOPILOT, SET_MODE, heartbeat_of, mode_request
from waymark.vehicles.config import MavlinkConfig
from waymark.vehicles.link import Link
from waymark.vehicles.offboard import OffboardGate
from waymark.vehicles.state import VehicleState

Floats = NDArray[np.float64]

_HEARTBEAT_S = 1.0
_READ_S = 0.02  # how long a message of the autopilot may lie unread
_EARLY = 0.9  # of a period: a command that comes so soon is the next, later than that it is one too many


class MavlinkAdapter:
    """Used by one thread. Times are steady, s; stamps those of the odometry, ns.

    Attributes:
        gate: Arming and modes.
        counts: Messages sent, by name.
    """

    def __init__(self, config: MavlinkConfig, link: Link, now_s: float) -> None:
        """Take an open connection."""
        self._config, self._link, self._began_s = config, link, now_s
        self.gate = OffboardGate(config.request_offboard, config.on_hand_over)
        self.counts: dict[str, int] = {}
        self._state: VehicleState | None = None
        self._resets, self._last_stamp_ns = 0, 0
        self._command_s, self._beat_s = -math.inf, -math.inf
        self._pose_due_s = now_s

    def command(self, twist: Floats, now_s: float) -> bool:
        """Send what the vehicle is told, once; zero while nobody has armed, nothing when the filter hands over.

        Args:
            twist: (6,) FLU, m/s and rad/s; the output of the safety filter.
            now_s: Now.

        Returns:
            Whether it was sent.
        """
        is_early = now_s - self._command_s < _EARLY / self._config.setpoint_rate_hz
        if self.gate.is_silent or is_early or not np.isfinite(twist).all():
            return False
        self._command_s = now_s
        told = twist if self.gate.may_move else np.zeros(6)
        boot_ms = round(1000 * (now_s - self._began_s))
        config = self._config
        self._send(
            'set_position_target_local_ned',
            mavlink.velocity_target(told, boot_ms, config.target_system, config.target_component),
        )
        self.gate.streams(now_s)
        return True

    def odometry(self, state: VehicleState) -> None:
        """Take a pose; it is sent when its turn comes."""
        before = self._state
        if before is not None:
            if state.stamp_ns < before.stamp_ns:
                self._resets, self._last_stamp_ns = self._resets + 1, 0
            else:
                expected = before.at(state.stamp_ns).T_odom_base[:3, 3]
                self._resets += bool(np.linalg.norm(state.T_odom_base[:3, 3] - expected) > self._config.jump_m)
        self._state = state

    def tick(self, now_s: float, clock_ns: int) -> float:
        """Do what is due.

        Args:
            now_s: Now.
            clock_ns: The same moment on the clock of the odometry's stamps.

        Returns:
            When to call again at the latest, s.
        """
        for message in self._link.received():
            self._heard(message, now_s, clock_ns)
        if now_s - self._beat_s >= _HEARTBEAT_S:
            self._beat_s = now_s
            self._send('heartbeat', mavlink.heartbeat())
        if (mode := self.gate.request(now_s)) and self.gate.heartbeat is not None:
            numbers = mode_request(self.gate.heartbeat.autopilot, mode)
            target = (self._config.target_system, self._config.target_component)
            self._send('command_long', (*target, SET_MODE, 0, *numbers, 0.0, 0.0, 0.0, 0.0))
        if self._config.poses != 'none' and now_s >= self._pose_due_s:
            period_s = 1.0 / self._config.pose_rate_hz
            self._pose_due_s = max(self._pose_due_s + period_s, now_s)
            self._send_pose(clock_ns)
        return min(self._pose_due_s if self._config.poses != 'none' else math.inf, now_s + _READ_S)

    def _send_pose(self, clock_ns: int) -> None:
        if self._state is None:
            return
        stamp_ns = max(clock_ns, self._state.stamp_ns)
        is_old = stamp_ns - self._state.stamp_ns > self._config.max_prediction_s * NANOSECONDS
        if is_old or stamp_ns <= self._last_stamp_ns:
            return
        self._last_stamp_ns = stamp_ns
        state = self._state.at(stamp_ns)
        if self._config.poses in ('odometry', 'both'):
            self._send('odometry', mavlink.odometry(state, self._config.world, self._resets))
        if self._config.poses in ('vision_position_estimate', 'both'):
            fields = mavlink.vision_position_estimate(state, self._config.world, self._resets)
            self._send('vision_position_estimate', fields)

    def _heard(self, message: Any, now_s: float, clock_ns: int) -> None:
        sender = (message.get_srcSystem(), message.get_srcComponent())
        if message.get_type() == 'HEARTBEAT' and sender == (self._config.target_system, AUTOPILOT):
            beat = heartbeat_of(message.autopilot, message.type, message.base_mode, message.custom_mode)
            self.gate.heard(beat, now_s)
        elif message.get_type() == 'TIMESYNC' and message.tc1 == 0:  # the autopilot asks what time it is here
            self._send('timesync', (clock_ns, message.ts1))

    def _send(self, name: str, fields: tuple[Any, ...]) -> None:
        self._link.send(name, fields)
        self.counts[name] = self.counts.get(name, 0) + 1
