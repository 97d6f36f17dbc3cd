# SPDX-License-Identifier: Apache-2.0
"""The one lifecycle base class: parameters, frames, errors and diagnostics live here; a node shows what is its own."""

from __future__ import annotations

import threading
import time
from typing import Any, ClassVar

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo

from waymark.config import Config
from waymark.errors import WaymarkError
from waymark.image.camera import CameraModel
from waymark.pipeline.common import CommonConfig
from waymark.types import NANOSECONDS, Frame
from waymark_ros import params
from waymark_ros.conversions import camera_from_msg
from waymark_ros.diagnostics import DiagnosticsPublisher, Statistics, why_no_images
from waymark_ros.frames import Delivery, FrameHub, Inbox
from waymark_ros.qos import images_in, publisher_events, subscription_events
from waymark_ros.runner import Guard, Process, attempt
from waymark_ros.stamps import StampGate

CLOCK_WAIT_S = 0.25


class VisionNode(LifecycleNode):
    """A node that looks at images.

    Subclasses set `config_class` and override `on_configure_core` and `on_frame`; the rest is here. One worker thread
    runs `on_frame` and whatever was put into `inbox`; ROS callbacks only deposit.
    """

    config_class: ClassVar[type[Config]]
    default_name: ClassVar[str]
    receives_images: ClassVar[bool] = True
    receives_camera_info: ClassVar[bool] = False
    closes_last: ClassVar[bool] = False
    image_depth: ClassVar[int] = 1  # images that may wait; newest wins
    finishes_frames: ClassVar[bool] = True  # False: the node calls statistics.frame_done itself

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
        self.camera: CameraModel | None = None
        self._error: str | None = None
        self._worker: threading.Thread | None = None
        self._stopping = threading.Event()
        self._stamps = StampGate()
        self._last_frame_s = time.monotonic()
        self._is_configured = False
        self._is_active = False
        self._is_driven_by_process = False
        self._lasting_publishers: frozenset[Any] = frozenset(self.publishers)
        self._diagnostics = DiagnosticsPublisher(self, self._status)
        params.declare(self, CommonConfig, self.config_class)

    # What a subclass overrides.

    def on_configure_core(self, config: Any) -> None:
        """Create the core object and the publishers."""
        raise NotImplementedError(f'{type(self).__name__} must create its core object')

    def on_activate_core(self) -> None:
        """Subscribe to what is not an image."""

    def on_deactivate_core(self) -> None:
        """Take back `on_activate_core`; the worker has ended."""

    def on_cleanup_core(self) -> None:
        """Release what `on_configure_core` created; its publishers are taken back by the base class."""

    def on_frame(self, frame: Frame) -> None:
        """Handle one image in the worker thread."""

    def on_time_reset(self) -> None:
        """Forget what is ordered by stamps: time went back."""

    def work(self) -> None:
        """Body of the worker thread; `self.stopping` says when to return."""
        while not self.stopping:
            work = self.inbox.take(timeout_s=0.5)
            if work is not None:
                handle, item = work
                handle(item)

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

    def camera_of(self, frame: Frame) -> CameraModel | None:
        """Intrinsics for this frame; None where they are unknown, zero, or (counted) for another resolution."""
        with self.guard('camera_info'):
            if self.camera is not None and self.camera.is_calibrated:
                self.camera.require_size(frame.size_wh)
                return self.camera
        return None

    def publish_latest(self, publisher: Any, msg: Any) -> None:
        """Publish unless the node is ending (its publishers may be gone then)."""
        if not self.stopping:
            publisher.publish(msg)

    def create_subscription(self, msg_type: Any, topic: str, callback: Any, qos_profile: Any, **options: Any) -> Any:
        """As rclpy's; a publisher that does not fit becomes a sentence in the diagnostics."""
        options.setdefault('event_callbacks', subscription_events(topic, self._report_qos))
        return super().create_subscription(msg_type, topic, callback, qos_profile, **options)

    def create_publisher(self, msg_type: Any, topic: str, qos_profile: Any, **options: Any) -> Any:
        """As rclpy's; a subscriber that does not fit becomes a sentence in the diagnostics."""
        options.setdefault('event_callbacks', publisher_events(topic, self._report_qos))
        return super().create_publisher(msg_type, topic, qos_profile, **options)

    def _report_qos(self, problem: str) -> None:
        self.guard('').count(problem)

    # Frames.

    def _on_delivery(self, delivery: Delivery) -> None:
        with self.guard('image'):
            frame = delivery.frame()
            self._last_frame_s = time.monotonic()
            ahead_s = self._ahead_of_clock_s(frame.header.stamp_ns)
            if self._stamps.accept(frame.header.stamp_ns, ahead_s, self.common.stamp_tolerance_s):
                self.guard.count('stamps went back in time; taken as a new beginning')
                self.on_time_reset()
            self.on_frame(frame)
            if self.finishes_frames:
                self.statistics.frame_done(delivery.received_ns)

    def _ahead_of_clock_s(self, stamp_ns: int) -> float:
        """How far the stamp is ahead; /clock and the image race each other, so the clock gets a moment to catch up."""
        deadline = time.monotonic() + CLOCK_WAIT_S
        while True:
            ahead_s = (stamp_ns - self.get_clock().now().nanoseconds) / NANOSECONDS
            if ahead_s <= self.common.stamp_tolerance_s or time.monotonic() > deadline or self.wait(0.002):
                return ahead_s

    def _on_camera_info(self, msg: CameraInfo) -> None:
        with self.guard('camera_info'):
            self.camera = camera_from_msg(msg)

    # Lifecycle. rclpy swallows what a transition raises: it is logged and kept here.

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
        self._deactivate()
        return self._transition('shut down', self._cleanup)

    def _transition(self, name: str, body: Any) -> TransitionCallbackReturn:
        self._error = attempt(self.get_logger(), name, body, self._is_driven_by_process)
        return TransitionCallbackReturn.FAILURE if self._error else TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        self.common = params.read(self, CommonConfig)
        self._lasting_publishers = frozenset(self.publishers)
        self.on_configure_core(params.read(self, self.config_class))
        self._is_configured = True

    def _cleanup(self) -> None:
        if self._is_configured:
            self._is_configured = False
            self.on_cleanup_core()
        for publisher in frozenset(self.publishers) - self._lasting_publishers:
            self.destroy_publisher(publisher)

    def _activate(self) -> None:
        self._stopping.clear()
        self.inbox = Inbox()
        self._last_frame_s = time.monotonic()
        if self.receives_images:
            self.inbox.add_lane('image', self.image_depth, self._on_delivery)
        if self.receives_camera_info:
            self._info = self.create_subscription(CameraInfo, 'camera_info', self._on_camera_info, images_in(1))
        self.on_activate_core()
        if self.receives_images:
            inbox = self.inbox
            self.hub.subscribe(
                self,
                self.image_topic,
                lambda d: inbox.deposit('image', d),
                self.image_depth,
                self.common.image_transport,
            )
        self._is_active = True
        self._worker = threading.Thread(
            target=self.process.run_worker,
            args=(self.get_name(), self.get_logger(), self.work),
            name=self.get_name(),
            daemon=True,
        )
        self._worker.start()

    def _deactivate(self) -> None:
        self._is_active = False
        if self.receives_images:
            self.hub.unsubscribe(self, self.image_topic)
        self._stopping.set()
        self.inbox.close()
        if self._worker is not None and self._worker is not threading.current_thread():
            self._worker.join(timeout=1.5)
            self._worker = None
            if self.receives_camera_info:
                self.destroy_subscription(self._info)
            self.on_deactivate_core()

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
        if self._is_active:
            self._diagnostics.publish_last()
        self._diagnostics.destroy()
        self.trigger_shutdown()

    # Diagnostics.

    def _image_counts(self) -> dict[str, str]:
        """Images given to this node, those that newer ones pushed out, and those decoded for all nodes here."""
        if not self._is_active:
            return {'received': '0', 'skipped': '0'}
        counts = {'received': self.inbox.received('image'), 'skipped': self.inbox.skipped('image')}
        if not self.hub.has_local_source(self.image_topic):
            counts['decoded_in_process'] = self.hub.decoded(self.image_topic)
        return {key: str(count) for key, count in counts.items()}

    def _status(self) -> tuple[bytes, str, dict[str, str]]:
        values = self.statistics.snapshot()
        values['errors'] = str(self.guard.errors)
        values['last_error'] = self.guard.last_error
        if self.receives_images:
            values |= self._image_counts()
        silence_s = time.monotonic() - self._last_frame_s
        if not self._is_active:
            return DiagnosticStatus.WARN, 'inactive', values
        if self.receives_images and silence_s > self.common.silence_s:
            if self.hub.has_local_source(self.image_topic):
                return DiagnosticStatus.OK, 'waiting for the image source', values
            why = why_no_images(self, self.image_topic, self.common.image_transport, silence_s)
            return DiagnosticStatus.WARN, why, values
        if self.guard.errors:
            return (
                DiagnosticStatus.WARN,
                f'running; {self.guard.errors} problems, the last: {self.guard.last_error}',
                values,
            )
        return DiagnosticStatus.OK, 'running', values
