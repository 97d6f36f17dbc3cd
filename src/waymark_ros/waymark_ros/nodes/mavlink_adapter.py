# SPDX-License-Identifier: Apache-2.0
"""Fly by MAVLink: the safety filter's commands and the stack's poses to PX4 or ArduPilot."""

from __future__ import annotations

import time

from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from waymark_msgs.msg import SafetyState

from waymark.vehicles import MavlinkAdapter, MavlinkConfig, MavlinkLink
from waymark_ros.lifecycle import ManagedNode
from waymark_ros.qos import COMMANDS_IN, SENSORS, STATE
from waymark_ros.runner import run_node
from waymark_ros.vehicle_conversions import state_from_msg, twist_array

TROUBLE_S = 0.1  # until a connection that fails is tried again


class MavlinkAdapterNode(ManagedNode):
    """Subscribe to `cmd_vel`, `odometry` and `safety_state`; send setpoints and poses. It never arms."""

    config_class = MavlinkConfig
    default_name = 'mavlink_adapter'
    closes_last = True

    def on_configure_core(self, config: MavlinkConfig) -> None:
        """Open the connection, so that a wrong one is refused at start."""
        self.config = config
        self.link = MavlinkLink(config.connection, config.baud, config.system, config.component)

    def on_activate_core(self) -> None:
        """Listen."""
        inbox = self.inbox
        self.adapter, self.due_s = MavlinkAdapter(self.config, self.link, time.monotonic()), 0.0
        inbox.add_lane('safety_state', 10, self.on_safety_state)
        inbox.add_lane('cmd_vel', 1, self.on_command)
        inbox.add_lane('odometry', 1, self.on_odometry)
        kind = Twist if self.config.input == 'twist' else TwistStamped
        self.listening = [
            self.create_subscription(SafetyState, 'safety_state', lambda m: inbox.deposit('safety_state', m), STATE),
            self.create_subscription(kind, 'cmd_vel', lambda m: inbox.deposit('cmd_vel', m), COMMANDS_IN),
            self.create_subscription(Odometry, 'odometry', lambda m: inbox.deposit('odometry', m), SENSORS),
        ]

    def patience_s(self) -> float:
        """Until a pose or a heartbeat is due."""
        return max(0.0, self.due_s - time.monotonic())

    def hurry(self) -> None:
        """Send poses and heartbeats that are due."""
        self.due_s = time.monotonic() + TROUBLE_S
        with self.guard('connection'):
            self.due_s = self.adapter.tick(time.monotonic(), self.get_clock().now().nanoseconds)

    def on_command(self, msg: Twist | TwistStamped) -> None:
        """Send what the vehicle is told, once."""
        with self.guard('cmd_vel'):
            self.adapter.command(
                twist_array(msg.twist if self.config.input == 'twist_stamped' else msg), time.monotonic()
            )

    def on_odometry(self, msg: Odometry) -> None:
        """Take a pose."""
        with self.guard('odometry'):
            self.adapter.odometry(state_from_msg(msg))

    def on_safety_state(self, msg: SafetyState) -> None:
        """Leave the vehicle to its autopilot where the filter says so."""
        self.adapter.gate.hand_over(bool(msg.hand_over))

    def status(self) -> tuple[bytes, str, dict[str, str]]:
        """What the base class says, and how the autopilot is."""
        if not self.is_active:
            return super().status()
        beat, gate = self.adapter.gate.heartbeat, self.adapter.gate
        self.statistics.set('autopilot', 'silent' if beat is None else beat.autopilot or 'of an unknown kind')
        self.statistics.set('armed', 'unknown' if beat is None else beat.is_armed)
        self.statistics.set('mode', '' if beat is None else beat.mode or 'another')
        self.statistics.set('setpoints', 'ended' if gate.is_silent else 'given' if gate.may_move else 'zero')
        self.statistics.set('sent', ' '.join(f'{k}={n}' for k, n in sorted(self.adapter.counts.items())))
        return super().status()

    def on_deactivate_core(self) -> None:
        """Stop listening; the setpoints end."""
        for subscription in self.listening:
            self.destroy_subscription(subscription)

    def on_cleanup_core(self) -> None:
        """End the connection."""
        self.link.close()


def main() -> None:
    """Run this node alone."""
    run_node(MavlinkAdapterNode)


if __name__ == '__main__':
    main()
