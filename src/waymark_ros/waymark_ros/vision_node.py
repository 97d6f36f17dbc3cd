# SPDX-License-Identifier: Apache-2.0
"""A node that looks at images: which ones it takes, and what it says when none comes."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from waymark.image.camera import CameraModel
from waymark.pipeline.motion_masks import MotionMaskInputConfig
from waymark.types import NANOSECONDS, Frame
from waymark_ros import params
from waymark_ros.conversions import camera_from_msg
from waymark_ros.diagnostics import why_no_images
from waymark_ros.frames import Delivery
from waymark_ros.lifecycle import IDLE_S, ManagedNode
from waymark_ros.motion_masks import Masked, MotionMasks, moving_of
from waymark_ros.qos import images_in
from waymark_ros.stamps import StampGate

CLOCK_WAIT_S = 0.25


class VisionNode(ManagedNode):
    """Subscribes to `image` (and `camera_info`) while active and calls `on_frame` in the worker thread.

    The newest image wins; what is skipped is counted. Images of the same process come by reference. A node whose
    configuration is a MotionMaskInputConfig gets each image with its `motion_mask` where `use_motion_mask` asks for it.

    Attributes:
        received_ns: When the image that is being handled was received, steady.
        moving: (H, W) 0 to 1, what moves in it by itself; None where that is not known.
    """

    receives_camera_info: ClassVar[bool] = False
    image_depth: ClassVar[int] = 1  # images that may wait
    finishes_frames: ClassVar[bool] = True  # False: the node calls statistics.frame_done itself
    received_ns: int = 0
    moving: NDArray[np.float32] | None = None
    _masks: MotionMasks | None = None
    _is_listening = False  # the ROS thread may ask for the status while another one activates

    def on_frame(self, frame: Frame) -> None:
        """Handle one image in the worker thread."""
        raise NotImplementedError(f'{type(self).__name__} must handle images')

    def on_time_reset(self) -> None:
        """Forget what is ordered by stamps: time went back."""

    def camera_of(self, frame: Frame) -> CameraModel | None:
        """Intrinsics for this frame; None where they are unknown, zero, or (counted) for another resolution."""
        with self.guard('camera_info'):
            if self._camera is not None and self._camera.is_calibrated:
                self._camera.require_size(frame.size_wh)
                return self._camera
        return None

    def why_no_camera(self, frame: Frame) -> str:
        """Why `camera_of` gives nothing, in words; '' where it does."""
        if self._camera is None:
            return 'no camera_info has come'
        if not self._camera.is_calibrated:
            return 'camera_info holds no calibration (K is zero, or a number is not finite)'
        is_other = tuple(frame.size_wh) != tuple(self._camera.size_wh)
        return 'camera_info is for another resolution than the images' if is_other else ''

    def why_no_view(self, silent_s: float) -> str:
        """Why no image came for longer than this, in words; '' where one did."""
        silence_s = time.monotonic() - self._last_frame_s
        return self._explain_silence(silence_s)[1] if silence_s > silent_s else ''

    def _configure(self) -> None:
        super()._configure()
        self._mask_config = params.read(self, self.config_class)

    def _activate(self) -> None:
        self._camera: CameraModel | None = None
        self._stamps = StampGate()
        self._last_frame_s = time.monotonic()
        super()._activate()
        inbox = self.inbox
        if self.receives_camera_info:
            self._info = self.create_subscription(CameraInfo, 'camera_info', self._on_camera_info, images_in(1))
        inbox.add_lane('image', self.image_depth, self._on_delivery, is_first=True)
        transport = self.common.image_transport
        if isinstance(self._mask_config, MotionMaskInputConfig) and self._mask_config.use_motion_mask:
            self._masks = MotionMasks(self, self._mask_config)
        self.hub.subscribe(self, self.image_topic, lambda d: inbox.deposit('image', d), self.image_depth, transport)
        self._is_listening = True

    def _deactivate(self) -> None:
        was_active, self._is_listening = self.is_active, False
        self.hub.unsubscribe(self, self.image_topic)
        if self._masks is not None:
            self._masks.destroy()
        super()._deactivate()
        self._masks = None
        if was_active and self.receives_camera_info:
            self.destroy_subscription(self._info)

    def patience_s(self) -> float:
        """Until the first image that waits for its mask."""
        return IDLE_S if self._masks is None else self._masks.patience_s(IDLE_S)

    def hurry(self) -> None:
        """Images whose mask does not come go on when their time is up."""
        if self._masks is not None:
            self.hand_on(self._masks.due())

    def hand_on(self, images: list[Masked]) -> None:
        """Handle images, each with its mask."""
        for (frame, received_ns), mask in images:
            with self.guard('image'):
                self.received_ns, self.moving = received_ns, None
                if mask is not None:
                    with self.guard('motion_mask'):
                        self.moving = moving_of(mask, frame)
                self.on_frame(frame)
                if self.finishes_frames:
                    self.statistics.frame_done(received_ns)

    def _on_camera_info(self, msg: CameraInfo) -> None:
        with self.guard('camera_info'):
            self._camera = camera_from_msg(msg)

    def _on_delivery(self, delivery: Delivery) -> None:
        with self.guard('image'):
            frame = delivery.frame()
            ahead_s = self._ahead_of_clock_s(frame.header.stamp_ns)
            if self._stamps.accept(frame.header.stamp_ns, ahead_s, self.common.stamp_tolerance_s):
                self.guard.count('stamps went back in time; taken as a new beginning')
                self.hand_on([] if self._masks is None else self._masks.clear())
                self.on_time_reset()
            self._last_frame_s = time.monotonic()
            received = frame, delivery.received_ns
            self.hand_on([(received, None)] if self._masks is None else self._masks.add(*received))

    def _ahead_of_clock_s(self, stamp_ns: int) -> float:
        """How far the stamp is ahead; /clock and the image race each other, so the clock gets a moment to catch up."""
        deadline = time.monotonic() + CLOCK_WAIT_S
        while True:
            ahead_s = (stamp_ns - self.get_clock().now().nanoseconds) / NANOSECONDS
            if ahead_s <= self.common.stamp_tolerance_s or time.monotonic() > deadline or self.wait(0.002):
                return ahead_s

    def status(self) -> tuple[bytes, str, dict[str, str]]:
        """As every node's, with the counts of images and, when none comes, the reason."""
        level, message, values = super().status()
        if not self._is_listening:
            return level, message, values
        values |= self._image_counts()
        silence_s = time.monotonic() - self._last_frame_s
        if silence_s > self.common.silence_s:
            return *self._explain_silence(silence_s), values
        return level, message, values

    def _image_counts(self) -> dict[str, str]:
        """Images given to this node, those that newer ones pushed out, and those decoded for all nodes here."""
        counts = {'received': self.inbox.received('image'), 'skipped': self.inbox.skipped('image')}
        if not self.hub.has_local_source(self.image_topic):
            counts['decoded_in_process'] = self.hub.decoded(self.image_topic)
        return {key: str(count) for key, count in counts.items()}

    def _explain_silence(self, silence_s: float) -> tuple[bytes, str]:
        if self.guard.was_within(silence_s):  # an older problem is not why: an image was handled since
            return DiagnosticStatus.WARN, f'no usable images because {self.guard.last_error}'
        if self.hub.has_local_source(self.image_topic):
            return DiagnosticStatus.OK, 'waiting for the image source'
        return DiagnosticStatus.WARN, why_no_images(self, self.image_topic, self.common.image_transport, silence_s)
