# SPDX-License-Identifier: Apache-2.0
"""The one lifecycle base class: parameters, transitions, worker thread, errors and diagnostics of every node."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from waymark.config import Config
from waymark.errors import WaymarkError
from waymark.pipeline.common import CommonConfig
from waymark_ros import params
from waymark_ros.core_log import core_log
from waymark_ros.diagnostics import DiagnosticsPublisher, Progress, Statistics
from waymark_ros.frames import FrameHub, Inbox
from waymark_ros.misfits import Misfits
from waymark_ros.qos import QUIET_IN, QUIET_OUT
from waymark_ros.realtime import run_standing_back
from waymark_ros.requests import Requests
from waymark_ros.runner import Guard, Process, attempt
from waymark_ros.spinning import Drain
from waymark_ros.turns import Turn

IDLE_S = 0.5
JOIN_S = 1.5  # a worker that has not ended by then is left behind; the process ends anyway


class ManagedNode(LifecycleNode):
    """A node that loads in configure, works in active, and releases in deactivate and clean-up.

    Subclasses set `config_class` and `default_name` and override the `on_..._core` methods. One worker thread handles
    what was put into `inbox`; ROS callbacks only deposit. Nodes that look at images derive from VisionNode.
    """

    config_class: ClassVar[type[Config]]
    default_name: ClassVar[str]
    starts_last: ClassVar[bool] = False  # image sources: who listens must be there first
    closes_last: ClassVar[bool] = False  # the recorder: it hears the others' last words

    def __init__(self, hub: FrameHub, process: Process, **node_arguments: Any) -> None:
        """Create the node, unconfigured.

        Args:
            hub: Image topics of this process.
            process: Who ends the process when a node asks for it.
            node_arguments: Passed to rclpy's Node (name, namespace, cli_args, parameter_overrides).
        """
        node_arguments.setdefault('node_name', self.default_name)
        super().__init__(**node_arguments)
        self.hub = hub
        self.process = process
        self.statistics = Statistics()
        self.guard = Guard(self.get_logger().warning)
        self.inbox = Inbox()
        self.turn: AbstractContextManager[None] = nullcontext()
        self.is_active = False
        self._is_configured = False
        self._is_driven_by_process = False
        self._error: str | None = None
        self._death = ''  # why the worker ended before its time
        self._worker: threading.Thread | None = None
        self._stopping = threading.Event()
        self._lasting_publishers: frozenset[Any] = frozenset(self.publishers)
        self.requests = Requests(self, self.guard)
        self._diagnostics = DiagnosticsPublisher(self, self.status, Misfits(self, self.guard.count).look)
        self.progress = Progress(self.get_logger().info, self._diagnostics.publish)
        params.declare(self, CommonConfig, self.config_class)

    # What a subclass overrides.

    def on_configure_core(self, config: Any) -> None:
        """Create the core object, publishers and services (`self.requests.serve`); say `self.progress` of long work."""
        raise NotImplementedError(f'{type(self).__name__} must create its core object')

    def on_activate_core(self) -> None:
        """Subscribe."""

    def on_deactivate_core(self) -> None:
        """Take back `on_activate_core`; the worker has ended."""

    def on_cleanup_core(self) -> None:
        """Release what `on_configure_core` created; the base class takes back its publishers and services."""

    def work(self) -> None:
        """Body of the worker thread: handle what comes; `self.stopping` says when to return."""
        while not self.stopping:
            self.inbox.wait(self.patience_s())
            with self.turn:  # the newest then, not when it came
                work = self.inbox.take(0.0)
                if work is not None:
                    handle, item = work
                    handle(item)
                self.hurry()

    def patience_s(self) -> float:
        """How long the worker may wait for something to come."""
        return IDLE_S

    def hurry(self) -> None:
        """Do what is due even though nothing came; in the worker thread, after each thing that was handled, too."""

    def status(self) -> tuple[bytes, str, dict[str, str]]:
        """What the node says of itself each second: level, sentence, values."""
        values = {**self.statistics.snapshot(), 'errors': str(self.guard.errors), 'last_error': self.guard.last_error}
        if not self.is_active:
            return DiagnosticStatus.WARN, self.progress.text or 'inactive', values
        if self._death:
            return DiagnosticStatus.ERROR, f'ended: {self._death}', values
        if self.guard.is_recent:
            return (
                DiagnosticStatus.WARN,
                f'running; {self.guard.errors} problems, the last: {self.guard.last_error}',
                values,
            )
        return DiagnosticStatus.OK, 'running', values

    # What a subclass uses.

    @property
    def stopping(self) -> bool:
        """True once the node is being deactivated."""
        return self._stopping.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait, or return True at once when the node is being deactivated."""
        return self._stopping.wait(seconds)

    @property
    def image_topic(self) -> str:
        """Resolved name of the image topic."""
        return str(self.resolve_topic_name('image'))

    def publish_latest(self, publisher: Any, msg: Any) -> None:
        """Publish unless the node is ending (its publishers may be gone then)."""
        if not self.stopping:
            publisher.publish(msg)

    def create_subscription(self, msg_type: Any, topic: str, callback: Any, qos_profile: Any, **options: Any) -> Any:
        """As rclpy's, without its events; a publisher that does not fit becomes a sentence in the diagnostics."""
        options.setdefault('event_callbacks', QUIET_IN)
        drain = Drain(callback)
        drain.subscription = super().create_subscription(msg_type, topic, drain, qos_profile, **options)
        return drain.subscription

    def create_publisher(self, msg_type: Any, topic: str, qos_profile: Any, **options: Any) -> Any:
        """As rclpy's, without its events; a subscriber that does not fit becomes a sentence in the diagnostics."""
        options.setdefault('event_callbacks', QUIET_OUT)
        return super().create_publisher(msg_type, topic, qos_profile, **options)

    # Transitions. rclpy swallows what they raise: it is logged and kept here.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and validate."""
        return self._transition('configure', self._configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and start the worker."""
        super().on_activate(state)
        return self._transition('activate', self._activate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the worker and unsubscribe."""
        super().on_deactivate(state)
        return self._transition('deactivate', self._deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release what configure created."""
        return self._transition('clean up', self._cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from whatever state."""
        return self._transition('shut down', lambda: (self._deactivate(), self._cleanup()))

    def _transition(self, name: str, body: Any) -> TransitionCallbackReturn:
        self._error = attempt(self.get_logger(), name, body, self._is_driven_by_process)
        return TransitionCallbackReturn.FAILURE if self._error else TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        self.common = params.read(self, CommonConfig)
        self._lasting_publishers = frozenset(self.publishers)
        config = params.read(self, self.config_class)

        def load() -> None:
            with core_log(self.get_logger()):
                self.on_configure_core(config)

        try:
            run_standing_back(self.common.nice, load)  # so that the threads of a model do, too
        finally:
            self.progress.end()
        self._is_configured = True

    def _activate(self) -> None:
        self._stopping.clear()
        self.inbox = Inbox()
        self.requests.open(self.inbox)
        self.on_activate_core()
        self.is_active = True
        self._death = ''
        self.turn = Turn(self.process.turns) if self.common.nice else nullcontext()
        worker = (self.get_name(), self.get_logger(), self.work, self._on_death, self.common.nice)
        self._worker = threading.Thread(target=self.process.run_worker, args=worker, name=self.get_name(), daemon=True)
        self._worker.start()

    def _on_death(self, problem: str) -> None:
        self._death = problem  # the last status says it, so that the recording knows why it is short

    def _deactivate(self) -> None:
        self._stopping.set()
        self.inbox.close()
        if self.is_active and self._worker is not None:
            self.is_active = False
            self._worker.join(timeout=JOIN_S)
            self.requests.close()
            self.on_deactivate_core()

    def _cleanup(self) -> None:
        if self._is_configured:
            self._is_configured = False
            self.on_cleanup_core()
        self.requests.destroy()
        for publisher in frozenset(self.publishers) - self._lasting_publishers:
            self.destroy_publisher(publisher)

    # What the process calls.

    @property
    def autostarts(self) -> bool:
        """True when the process, not a lifecycle manager, configures and activates the node."""
        return bool(self.get_parameter('autostart').value)

    def configure_or_raise(self) -> None:
        """Configure; a failure becomes the error it was."""
        self._is_driven_by_process = True
        if self.trigger_configure() != TransitionCallbackReturn.SUCCESS:
            raise WaymarkError(f'{self.get_name()}: {self._error}')

    def activate_or_raise(self) -> None:
        """Activate; a failure becomes the error it was."""
        if self.trigger_activate() != TransitionCallbackReturn.SUCCESS:
            raise WaymarkError(f'{self.get_name()}: {self._error}')

    def end(self) -> None:
        """Stop in order, whatever the state; publishes a last status so that totals are known."""
        if self.is_active:
            self._diagnostics.publish_last()
        self._diagnostics.destroy()
        self.trigger_shutdown()
