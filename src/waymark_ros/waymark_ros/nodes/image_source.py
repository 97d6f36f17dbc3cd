# SPDX-License-Identifier: Apache-2.0
"""Publish images from a file, a folder, a bag, a camera, a stream or a simulator."""

from __future__ import annotations

import time

from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image

from waymark.sources.base import SourceFrame
from waymark.sources.config import ImageSourceConfig
from waymark.sources.open import open_source
from waymark.types import NANOSECONDS
from waymark_ros.conversions import camera_to_msg, frame_to_image, ns_to_time, odometry_to_msg
from waymark_ros.frames import Delivery
from waymark_ros.lifecycle import ManagedNode
from waymark_ros.lockstep import Lockstep, subscribe_answers, wait_until_settled
from waymark_ros.qos import CLOCK, IMAGES_OUT, RESULTS
from waymark_ros.runner import run_node


class ImageSourceNode(ManagedNode):
    """Publish `image` and `camera_info`, `/clock` for recorded inputs, `ground_truth` for simulated ones."""

    config_class = ImageSourceConfig
    default_name = 'image_source'
    starts_last = True

    def on_configure_core(self, config: ImageSourceConfig) -> None:
        """Open the input, so that a wrong one is refused at start."""
        self.config = config
        self.source = open_source(config)
        info = self.source.info
        self.image = self.create_publisher(Image, 'image', IMAGES_OUT)
        self.camera_info = self.create_publisher(CameraInfo, 'camera_info', RESULTS)
        self.clock = (
            self.create_publisher(Clock, '/clock', CLOCK) if config.publish_clock and not info.is_live else None
        )
        self.truth = self.create_publisher(Odometry, 'ground_truth', RESULTS) if info.has_truth else None
        self.hub.add_source(self.image_topic)
        self.statistics.set('input', info.uri)
        self.statistics.set('total', info.frame_count or 0)

    def work(self) -> None:
        """Give out the frames, each when its time has come, then end the process."""
        is_lockstep = self.config.pace == 'lockstep' and not self.source.info.is_live
        answers = Lockstep(self.config.wait_for if is_lockstep else ())
        subscriptions = subscribe_answers(
            self,
            self.config.wait_for if is_lockstep else (),
            answers,
            self.config.wait_timeout_s,
            lambda: self.stopping,
        )
        wait_until_settled(self, lambda: self.stopping)
        started_s, first_ns = time.monotonic(), None
        try:
            for item in self.source.frames():
                first_ns = item.frame.header.stamp_ns if first_ns is None else first_ns
                if self.config.pace == 'realtime' and not self.source.info.is_live:
                    due_s = started_s + (item.frame.header.stamp_ns - first_ns) / NANOSECONDS
                    self.wait(max(0.0, due_s - time.monotonic()))
                if self.stopping:
                    return
                self.publish(item, answers)
        finally:
            self.wait(0.5)  # what was published last still travels
            for subscription in subscriptions:
                self.destroy_subscription(subscription)
        self.process.request_stop()

    def publish(self, item: SourceFrame, answers: Lockstep) -> None:
        """Send one frame: to this process by reference, to others over DDS when somebody listens."""
        began_ns, frame = time.monotonic_ns(), item.frame
        header = frame.header
        answers.expect(header.stamp_ns)
        if self.clock is not None:
            self.clock.publish(Clock(clock=ns_to_time(header.stamp_ns)))
        if item.camera is not None:
            self.camera_info.publish(camera_to_msg(item.camera, header))
        if self.truth is not None and item.T_map_base is not None:
            self.truth.publish(odometry_to_msg(item.T_map_base, header))
        self.hub.publish(self.image_topic, Delivery(lambda: frame))
        if self.image.get_subscription_count():
            self.image.publish(frame_to_image(frame))
        missing = answers.wait(self.config.wait_timeout_s, lambda: self.stopping)
        if missing and not self.stopping:
            self.guard.count(f'no answer on {", ".join(missing)} in {self.config.wait_timeout_s:g} s')
        self.statistics.frame_done(began_ns)

    def on_deactivate_core(self) -> None:
        """Close the input; activating again opens it anew."""
        self.source.close()

    def on_activate_core(self) -> None:
        """Open the input again after a deactivation."""
        if self.statistics.frames:
            self.source = open_source(self.config)

    def on_cleanup_core(self) -> None:
        """Release the input."""
        self.source.close()
        self.hub.remove_source(self.image_topic)


def main() -> None:
    """Run this node alone."""
    run_node(ImageSourceNode)


if __name__ == '__main__':
    main()
