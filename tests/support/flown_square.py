# SPDX-License-Identifier: Apache-2.0
"""A square that is flown, and an adapter and an autopilot that fly it in a time of their own."""

from __future__ import annotations

import math

import numpy as np
from tests.support.fake_autopilot import FakeAutopilot

from waymark.image.rotation import rotation_rpy
from waymark.vehicles import MavlinkAdapter, MavlinkConfig, MavlinkLink, VehicleState

STEP_S, LEG_S, CORNER_S, SPEED, CLIMB, TURN = 0.01, 1.0, 0.5, 2.0, 0.25, math.pi


class Square:
    """A vehicle that flies an ideal square of 2 m to the left, rising first and sinking later."""

    def __init__(self, yaw: float) -> None:
        self.place, self.yaw, self.time_s, self.twist = np.zeros(3), yaw, 0.0, np.zeros(6)

    @property
    def is_done(self) -> bool:
        return self.time_s >= 4 * (LEG_S + CORNER_S) - STEP_S / 2

    def fly(self) -> None:
        leg, at = divmod(self.time_s + STEP_S / 2, LEG_S + CORNER_S)
        climb = CLIMB if leg < 2 else -CLIMB
        self.twist = np.array([SPEED, 0, climb, 0, 0, 0]) if at < LEG_S else np.array([0, 0, 0, 0, 0, TURN])
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        self.place += np.array([c * self.twist[0], s * self.twist[0], self.twist[2]]) * STEP_S
        self.yaw += self.twist[5] * STEP_S
        self.time_s += STEP_S

    def state(self) -> VehicleState:
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = rotation_rpy(0, 0, self.yaw), self.place
        return VehicleState(round((1 + self.time_s) * 1e9), T, self.twist, np.diag([1.0, 2, 3, 4, 5, 6]))


class Flight:
    """An adapter and an autopilot that beat, arm and fly in a time of their own."""

    def __init__(self, autopilot: FakeAutopilot, link: MavlinkLink, **parameters) -> None:
        self.autopilot, self.now_s, self.port = autopilot, 0.0, autopilot.mav.destination_addr[1]
        self.adapter = MavlinkAdapter(MavlinkConfig(**parameters), link, 0.0)
        self.track: list[tuple[np.ndarray, np.ndarray]] = []

    def step(self, square: Square | None = None, commands: bool = True) -> None:
        """A hundredth of a second: commands at 50 Hz, odometry at 15 Hz."""
        count = round(self.now_s / STEP_S)
        if count % 20 == 0:
            self.autopilot.beat()
        twist = np.zeros(6)
        if square is not None:
            square.fly()
            twist = square.twist
            if count % 7 == 0:
                self.adapter.odometry(square.state())
        if commands and count % 2 == 0:
            self.adapter.command(twist, self.now_s)
        self.adapter.tick(self.now_s, round((1 + self.now_s) * 1e9) if square is None else square.state().stamp_ns)
        self.autopilot.listen()
        if square is not None:
            self.autopilot.fly(STEP_S)
            self.track.append((self.autopilot.place.copy(), square.place.copy()))
        self.now_s += STEP_S

    def steps(self, seconds: float, **arguments) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.step(**arguments)

    def arm(self) -> None:
        self.steps(0.3)
        self.autopilot.is_armed = True
        self.steps(0.3)
