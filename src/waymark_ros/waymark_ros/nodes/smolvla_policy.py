# SPDX-License-Identifier: Apache-2.0
"""Let a policy act on an instruction: images and states in, commands for the safety filter out."""

from __future__ import annotations

from typing import Any

from std_msgs.msg import String
from std_srvs.srv import SetBool
from waymark_msgs.action import RunPolicy

from waymark.pipeline.smolvla_policy import SmolvlaPolicyConfig
from waymark_ros.lifecycle import ManagedNode
from waymark_ros.policy_inputs import PolicyInputs
from waymark_ros.policy_outputs import PolicyOutputs
from waymark_ros.policy_runs import PolicyRuns
from waymark_ros.policy_thinking import PolicyThinking
from waymark_ros.qos import STATE
from waymark_ros.realtime import Ticker, shorten_pauses
from waymark_ros.route_actions import RouteActions
from waymark_ros.runner import run_node

HEARTBEAT_HZ = 2.0


class SmolvlaPolicyNode(ManagedNode):
    """Publish `cmd/policy` at a fixed rate while enabled; offer the action `run_policy` and `~/enable`."""

    config_class = SmolvlaPolicyConfig
    default_name = 'smolvla_policy'

    def on_configure_core(self, config: SmolvlaPolicyConfig) -> None:
        """Check policy and mapping, offer topics, service and action."""
        self.config = config
        self.thinking = PolicyThinking(self, config)
        self.outputs = PolicyOutputs(self, self.thinking.mapping, config.base_frame)
        self.enabling = self.create_service(SetBool, '~/enable', self.on_enable)
        self.actions = RouteActions(self, {'run_policy': RunPolicy}, lambda run: None)  # looked at in each period
        self.ticker = Ticker(config.rate_hz)
        self.runs = PolicyRuns(self.actions, self.thinking.pilot, config)

    def on_activate_core(self) -> None:
        """Listen, and begin to think."""
        self.runs.reset()
        self.inputs = PolicyInputs(self, self.thinking.mapping, lambda: self.thinking.pilot.senses)
        self.heard = self.create_subscription(String, 'instruction', lambda msg: self.runs.hear(msg.data), STATE)
        self.thinking.start()

    def work(self) -> None:
        """Tick until the node ends; then the safe action."""
        shorten_pauses()
        self.ticker.run(self.tick, lambda: self.stopping)
        self.thinking.pilot.stop()
        self.outputs.hold()

    def tick(self) -> None:
        """One control period: what is due, or the safe action; and now and then how it is."""
        was_busy = self.runs.is_busy
        self.runs.look()
        due = self.thinking.pilot.tick() if self.runs.is_busy else None
        if due is not None:
            self.outputs.act(due)
        elif self.runs.is_busy or was_busy or self.outputs.driving:
            self.outputs.hold()
        mode = self.runs.mode(due is not None)
        if self.ticker.ticks % max(1, round(self.config.rate_hz / HEARTBEAT_HZ)) == 0:
            self.outputs.say(self.thinking.pilot.state(), mode, self.thinking.facts())
            self.statistics.set_all({'state': mode, **self.thinking.facts()})

    def on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Let the policy act, or not any more."""
        response.success, response.message = self.is_active, 'the node is not active'
        if self.is_active:
            self.runs.enabled = request.data
            response.message = 'enabled' if request.data else 'disabled'
        return response

    def status(self) -> tuple[bytes, str, dict[str, Any]]:
        """As every node's, with the rate of its commands."""
        level, message, values = super().status()
        return level, message, values | self.ticker.snapshot() if self.is_active else values

    def on_deactivate_core(self) -> None:
        """Stop thinking and listening."""
        self.thinking.end()
        self.runs.fail(f'{self.get_name()} was deactivated.')
        self.inputs.destroy()
        self.destroy_subscription(self.heard)

    def on_cleanup_core(self) -> None:
        """End the policy process, take the action back."""
        self.thinking.destroy()
        self.actions.destroy()
        self.destroy_service(self.enabling)


def main() -> None:
    """Run this node alone."""
    run_node(SmolvlaPolicyNode)


if __name__ == '__main__':
    main()
