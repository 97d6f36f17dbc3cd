# SPDX-License-Identifier: Apache-2.0
"""An autopilot on loopback: it hears setpoints and poses, flies by the setpoints alone, and says how it is."""

from __future__ import annotations

import math
import os
import socket
import time
from collections import defaultdict
from typing import Any

import numpy as np

os.environ.setdefault('MAVLINK20', '1')
PX4, QUADROTOR = 12, 2
OFFBOARD = 6 << 16


def free_port() -> int:
    """A UDP port of loopback that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(('127.0.0.1', 0))
        return found.getsockname()[1]


class FakeAutopilot:
    """A point in north, east, down with a heading; velocities of its body move it.

    Attributes:
        heard: Messages by type, each with the steady time it came at.
        place: (3,) north, east, down, m. heading: clockwise from north, rad.
    """

    def __init__(self, port: int, heading: float = 0.0, system: int = 1, component: int = 1) -> None:
        from pymavlink import mavutil

        where = f'udpout:127.0.0.1:{port}'
        self.mav: Any = mavutil.mavlink_connection(
            where, source_system=system, source_component=component, dialect='common'
        )
        self.heard: dict[str, list[tuple[float, Any]]] = defaultdict(list)
        self.place, self.heading = np.zeros(3), heading
        self.is_armed, self.mode, self.obeys = False, 0, True

    def __enter__(self) -> FakeAutopilot:
        return self

    def __exit__(self, *exception: object) -> None:
        self.mav.close()

    def beat(self) -> None:
        """Send a heartbeat."""
        self.mav.mav.heartbeat_send(QUADROTOR, PX4, 1 | (128 if self.is_armed else 0), self.mode, 4)

    def listen(self) -> None:
        """Take what has come."""
        while (message := self.mav.recv_msg()) is not None:
            self.heard[message.get_type()].append((time.monotonic(), message))
            is_mode = message.get_type() == 'COMMAND_LONG' and message.command == 176
            if is_mode and self.obeys and self.is_armed:
                self.mode = int(message.param2) << 16 | int(message.param3) << 24

    def fly(self, seconds: float) -> None:
        """Do for so long what the last setpoint says: forward, right, down, and clockwise."""
        if not self.heard['SET_POSITION_TARGET_LOCAL_NED']:
            return
        told = self.heard['SET_POSITION_TARGET_LOCAL_NED'][-1][1]
        assert (told.coordinate_frame, told.type_mask) == (8, 0b010111000111)
        middle = self.heading + told.yaw_rate * seconds / 2
        c, s = math.cos(middle), math.sin(middle)
        self.place += np.array([c * told.vx - s * told.vy, s * told.vx + c * told.vy, told.vz]) * seconds
        self.heading += told.yaw_rate * seconds

    def last(self, kind: str) -> Any:
        """The newest message of a type."""
        return self.heard[kind][-1][1]
