# SPDX-License-Identifier: Apache-2.0
"""Teach a route by leading the vehicle along it, and follow it again."""

from __future__ import annotations

from geometry_msgs.msg import TwistStamped

from waymark.encoding import EncoderConfig, load_encoder
from waymark.pipeline.route_follower import RouteFollowerConfig
from waymark.routes import Command
from waymark.types import Frame
from waymark_ros.qos import COMMANDS_OUT
from waymark_ros.route_actions import RouteActions, Run
from waymark_ros.route_patience import RoutePatience
from waymark_ros.route_sensors import RouteSensors
from waymark_ros.route_work import KINDS, command_to_msg, work_of
from waymark_ros.runner import run_node
from waymark_ros.vision_node import VisionNode


class RouteFollowerNode(VisionNode):
    """Offer the actions `teach_route` and `repeat_route`; publish `cmd/navigation` while a route is repeated."""

    config_class = RouteFollowerConfig
    default_name = 'route_follower'
    receives_camera_info = True

    def on_configure_core(self, config: RouteFollowerConfig) -> None:
        """Load the encoder, offer the actions."""
        self.config = config
        self.encoder = load_encoder(EncoderConfig(encoder=config.encoder, backend=config.backend))
        self.commands = self.create_publisher(TwistStamped, 'cmd/navigation', COMMANDS_OUT)
        self.actions = RouteActions(self, KINDS, lambda run: self.inbox.deposit('route', run))
        self.statistics.set('state', 'idle')
        self.stamp_ns = 0

    def on_activate_core(self) -> None:
        """Listen to the vehicle's sensors."""
        self.sensors = RouteSensors(self, self.config)
        self.inbox.add_lane('route', 4, self.on_run)
        self.patience = RoutePatience(self, self.config.patience_s, self.actions)

    def on_run(self, run: Run) -> None:
        """Begin a goal, or end it: the client asks for it, or no image comes; in the worker thread."""
        if run.done.done():
            return
        with self.guard('route', lambda problem: self.fail(run, problem)):
            if run.session is None:
                run.session = work_of(run.kind, self.config, self.encoder, run.goal.request)
            if run.wants_cancel:
                self.finish(run, 'canceled')
            elif why := self.patience.why_no_more(run):
                self.fail(run, why)

    def on_frame(self, frame: Frame) -> None:
        """Go on with the goal, if there is one."""
        run, camera, self.stamp_ns = self.actions.current, self.camera_of(frame), frame.header.stamp_ns
        if run is None or run.session is None:
            return
        if camera is None:
            self.patience.doubt(self.why_no_camera(frame))
            return
        with self.guard('route', lambda problem: self.fail(run, problem)):
            feedback = run.session.observe(frame, camera, self.sensors.at(self.stamp_ns))
            self.patience.fed(run)
            if run.session.command is not None:
                self.tell(run.session.command)
                self.statistics.set('why_no_height', self.sensors.reason)
            run.goal.publish_feedback(feedback)
            if run.session.is_done:
                self.finish(run, 'succeed')

    def finish(self, run: Run, outcome: str) -> None:
        """End a goal as it should end."""
        result = run.session.result()
        self.release(run)
        self.actions.end(run, outcome, result)

    def fail(self, run: Run | None, problem: str) -> None:
        """End a goal, if there is one, because of a problem."""
        if run is not None:
            self.release(run)
            self.actions.end(run, 'abort', run.kind.Result(success=False, message=problem))

    def release(self, run: Run) -> None:
        """Stop the vehicle, close what is open."""
        self.statistics.set('state', 'idle')
        if run.session is not None:
            if run.session.command is not None and self.stamp_ns:
                self.tell(Command())
            run.session.close()

    def tell(self, command: Command) -> None:
        """Publish a command."""
        self.publish_latest(self.commands, command_to_msg(command, self.stamp_ns, self.config.base_frame))

    def on_time_reset(self) -> None:
        """Stamps start anew: a route can't go on."""
        self.sensors.reset()
        self.fail(self.actions.current, 'time went back. Send the goal again.')

    def on_deactivate_core(self) -> None:
        """End what is being done, stop listening."""
        self.fail(self.actions.current, f'{self.get_name()} was deactivated.')
        self.patience.destroy()
        self.sensors.destroy()

    def on_cleanup_core(self) -> None:
        """Take the actions back."""
        self.actions.destroy()


def main() -> None:
    """Run this node alone."""
    run_node(RouteFollowerNode)


if __name__ == '__main__':
    main()
