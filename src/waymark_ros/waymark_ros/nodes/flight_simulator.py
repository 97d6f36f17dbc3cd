# SPDX-License-Identifier: Apache-2.0
"""Fly a simulated quadrotor over a picture of the ground, by `cmd_vel`; /clock is its time."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from waymark.errors import WaymarkError
from waymark.flight_video import FlightVideo
from waymark.pipeline.flight_simulator import FlightSimulatorConfig
from waymark.types import NANOSECONDS
from waymark_ros.flight_topics import FlightTopics
from waymark_ros.lifecycle import ManagedNode
from waymark_ros.route_mission import RouteMission
from waymark_ros.runner import run_node

START_S = 1.0  # a stamp of zero is none
WAIT_S = 0.002


class FlightSimulatorNode(ManagedNode):
    """Publish `image`, `camera_info`, `odometry`, `range`, `imu`, `ground_truth`, `/clock`; subscribe to `cmd_vel`."""

    config_class = FlightSimulatorConfig
    default_name = 'flight_simulator'
    starts_last = True

    def on_configure_core(self, config: FlightSimulatorConfig) -> None:
        """Make the ground, so that a wrong one is refused at start."""
        from waymark_sim.live import STEP_S, LiveFlight

        self.config, self.step_s = config, STEP_S
        self.flight = LiveFlight(config)
        self.topics = FlightTopics(self, config)
        self.mission = RouteMission(self, self.flight, config) if config.mission != 'none' else None

    def on_activate_core(self) -> None:
        """Hear commands."""
        self.topics.listen()
        self.exposed = None

    def work(self) -> None:
        """Fly until the mission, the time or the node ends."""
        with ExitStack() as stack:
            watchers = self.watchers(stack)
            due_s, stamp_s, self.began_s = time.monotonic(), 0.0, 0.0
            while not self.stopping and not self.is_over(stamp_s):
                self.wait(max(0.0, due_s - time.monotonic()))
                while self.mission is not None and self.mission.is_waiting and not self.wait(WAIT_S):
                    pass
                due_s = max(due_s, time.monotonic() - self.step_s) + self.step_s / self.config.pace
                stamp_s = self.advance(watchers)
        self.process.request_stop()

    def advance(self, watchers: object) -> float:
        """One step; returns the time since the start."""
        began_ns = time.monotonic_ns()
        step = self.flight.step(self.topics.command())
        stamp_ns = round((START_S + step.stamp_s) * NANOSECONDS)
        self.topics.moment(stamp_ns, step.measured, self.flight.velocity, step.T_map_base)
        late, self.exposed = self.exposed, (stamp_ns, step) if step.rgb is not None else None
        if late is not None:  # a camera hands its image out later than an IMU its reading
            self.topics.image(late[0], late[1].rgb, self.flight.camera)
            watchers.see(late[1], 'flying' if self.mission is None else self.mission.title)
            self.statistics.frame_done(began_ns)
        if self.mission is not None:
            self.mission.observe(stamp_ns, late is not None)
        return step.stamp_s

    def is_over(self, stamp_s: float) -> bool:
        """Whether everything has been flown."""
        if self.mission is not None and not self.mission.is_begun:
            self.began_s = stamp_s
        is_late = 0.0 < self.config.duration_s <= stamp_s - self.began_s
        return is_late or (self.mission is not None and self.mission.is_done)

    def watchers(self, stack: ExitStack) -> object:
        """A film and a window, where they are asked for."""
        from waymark_sim.live import Watchers
        from waymark_sim.window import open_window

        film = window = None
        if self.config.video:
            film = stack.enter_context(FlightVideo(Path(self.config.video), self.config.image_rate_hz))
        if self.config.show:
            try:
                window = stack.enter_context(open_window('waymark sim fly'))
            except WaymarkError as error:
                self.get_logger().warning(str(error))
        return Watchers(self.flight, film, window)

    def on_deactivate_core(self) -> None:
        """Hear no more."""
        self.topics.close()

    def on_cleanup_core(self) -> None:
        """Forget the mission."""
        self.hub.remove_source(self.image_topic)
        if self.mission is not None:
            self.mission.destroy()
        self.flight.close()


def main() -> None:
    """Run this node alone."""
    run_node(FlightSimulatorNode)


if __name__ == '__main__':
    main()
