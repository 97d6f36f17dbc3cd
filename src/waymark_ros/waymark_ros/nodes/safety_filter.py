# SPDX-License-Identifier: Apache-2.0
"""Let every command through one gate: limits, fences, arbitration, e-stop. Nobody else publishes `cmd_vel`."""

from __future__ import annotations

import time
from typing import Any

from std_srvs.srv import Trigger

from waymark.safety import SafetyConfig, SafetyFilter
from waymark.safety.loosening import fixed
from waymark_ros import params
from waymark_ros.command_graph import trouble_on
from waymark_ros.guarded_parameters import GuardedParameters
from waymark_ros.last_run import RunMark
from waymark_ros.lifecycle import ManagedNode
from waymark_ros.realtime import Ticker, ask_for_realtime, shorten_pauses
from waymark_ros.runner import run_node
from waymark_ros.safety_inputs import SafetyInputs
from waymark_ros.safety_outputs import SafetyOutputs

COME_TO_REST_S = 0.8  # at an orderly end, within the limits


class SafetyFilterNode(ManagedNode):
    """Subscribe to `cmd/operator`, `cmd/navigation`, `cmd/policy`; publish `cmd_vel` or `joint_trajectory`."""

    config_class = SafetyConfig
    default_name = 'safety_filter'
    closes_last = True  # whoever commands ends before

    def __init__(self, **arguments: Any) -> None:
        """Create the node; its parameters are guarded from now on."""
        super().__init__(**arguments)
        self.parameters = GuardedParameters(self, lambda config: self.inputs.put(lambda: self.filter.change(config)))

    def on_configure_core(self, config: SafetyConfig) -> None:
        """Offer topics and services."""
        self.config, self.outputs = config, SafetyOutputs(self, config)
        self.mark = RunMark(self.get_fully_qualified_name())
        self.services_here = [
            self.create_service(Trigger, '~/e_stop', self.on_e_stop),
            self.create_service(Trigger, '~/release', self.on_release),
            self.parameters.serve(),
        ]

    def on_activate_core(self) -> None:
        """Begin, latched unless the configuration says otherwise and the last run ended in order."""
        config = params.read(self, SafetyConfig)  # it may have been changed since
        fixed(self.config, config)
        self.config, self.filter = config, SafetyFilter(config)
        if disorder := self.mark.begin():
            self.filter.engage(disorder)
        self.ticker = Ticker(self.config.rate_hz)
        self.inputs = SafetyInputs(self, self.filter, self.outputs, self.ticker.hurry)
        self.parameters.config = self.config

    def work(self) -> None:
        """Tick until the node ends, then come to rest."""
        shorten_pauses()
        self.statistics.set('scheduling', ask_for_realtime() if self.config.realtime else 'normal, as configured')
        self.ticker.run(self.tick, lambda: self.stopping, lambda: self.tick(is_early=True))
        self.filter.retire()
        until_s = time.monotonic() + COME_TO_REST_S
        self.ticker.run(self.tick, lambda: self.filter.motion.is_at_rest or time.monotonic() > until_s)

    def tick(self, is_early: bool = False) -> None:
        """One period: what has come in, then what goes out; early, between two periods, an e-stop alone."""
        self.inputs.drain()
        if is_early and not self.filter.is_stopped:
            return  # any other tick stands for a whole period
        now_ns = self.get_clock().now().nanoseconds
        self.outputs.send(self.filter.tick(now_ns, time.monotonic_ns()), bool(self.filter.e_stop), now_ns)

    def on_e_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Stop with the next period."""
        response.success = self.is_active
        response.message = 'stopped; ~/release ends it' if self.is_active else 'not active: nothing is published'
        if self.is_active:
            self.inputs.stop(lambda: self.filter.engage('service ~/e_stop'))
        return response

    def on_release(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """End an e-stop, unless it is still pressed."""
        refused = 'not active: configure and activate the node first'
        if self.is_active:
            refused = self.inputs.ask(lambda: self.filter.release(self.get_clock().now().nanoseconds))
        response.success, response.message = not refused, refused or 'released'
        return response

    def status(self) -> tuple[bytes, str, dict[str, str]]:
        """What the base class says, the filter's counters, and who else publishes what only it may."""
        level, message, values = super().status()
        if not self.is_active:
            return level, message, values
        values |= {**self.ticker.snapshot(), **self.inputs.snapshot(), **self.outputs.snapshot()}
        trouble = trouble_on(self, self.outputs.topic, self.outputs.kind_name, self.inputs.topics)
        return (*trouble, values) if trouble else (level, message, values)

    def on_deactivate_core(self) -> None:
        """Stop listening; an end in order."""
        self.parameters.config = None
        self.inputs.destroy()
        if not self._death:  # else the next run shall know
            self.mark.end()

    def on_cleanup_core(self) -> None:
        """Take the services back."""
        for service in self.services_here:
            self.destroy_service(service)


def main() -> None:
    """Run this node alone."""
    run_node(SafetyFilterNode)


if __name__ == '__main__':
    main()
