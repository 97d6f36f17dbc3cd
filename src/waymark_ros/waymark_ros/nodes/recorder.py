# SPDX-License-Identifier: Apache-2.0
"""Record every topic into one MCAP file; images as JPEG."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.serialization import serialize_message

from waymark.report.config import RecorderConfig, facts_of, recording_path
from waymark.report.definitions import message_definition
from waymark.report.writer import McapRecorder
from waymark.types import Frame
from waymark_ros.conversions import frame_to_image, frame_to_jpeg
from waymark_ros.runner import run_node
from waymark_ros.topic_recorder import RecordedTopic, TopicRecorder
from waymark_ros.vision_node import VisionNode

DISCOVERY_S = 0.2
WAITING = 5000  # messages that may wait for the disk before the oldest is dropped (and counted)


class RecorderNode(VisionNode):
    """Subscribe to everything; write `run.mcap`, flushed at least every second."""

    config_class = RecorderConfig
    default_name = 'recorder'
    image_depth = 30
    closes_last = True

    def on_configure_core(self, config: RecorderConfig) -> None:
        """Create the file, so that a full disk or a wrong path is refused at start."""
        self.config = config
        facts = {'recorded': f'{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S} UTC', **facts_of(config)}
        self.file = McapRecorder(recording_path(config, datetime.now()), config.flush_period_s, config.compression)
        self.file.describe(facts)
        self.statistics.set('file', self.file.path)
        self.definitions: dict[str, str] = {}
        self.images_seen = 0

    def on_activate_core(self) -> None:
        """Look for topics, now and from now on."""
        inbox = self.inbox
        inbox.add_lane('message', WAITING, self.on_message)
        self.topics = TopicRecorder(
            self,
            self.config.topics,
            self.config.exclude,
            lambda topic, cdr=None: inbox.deposit('message', (topic, cdr)),
            self.guard.count,
        )
        self.topics.discover()
        self.timer = self.create_timer(DISCOVERY_S, self.topics.discover, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def on_message(self, item: tuple[RecordedTopic, bytes | None]) -> None:
        """Write one serialized message, or announce a topic that nobody has said anything on yet."""
        recorded, cdr = item
        now_ns = self.get_clock().now().nanoseconds
        with self.guard(recorded.topic):
            self.file.declare(recorded.topic, recorded.type_name, recorded.definition, recorded.qos)
            if cdr is not None:
                self.file.write(recorded.topic, recorded.type_name, recorded.definition, cdr, now_ns, now_ns)
            self.statistics.set('dropped', self.inbox.skipped('message'))
            self.statistics.set('waiting', self.inbox.waiting('message'))

    def on_frame(self, frame: Frame) -> None:
        """Write every n-th image."""
        self.images_seen += 1
        if self.config.image_format == 'none' or (self.images_seen - 1) % self.config.image_every:
            return
        if self.config.image_format == 'jpeg':
            self.write_image(f'{self.image_topic}/compressed', frame_to_jpeg(frame, self.config.jpeg_quality), frame)
        else:
            self.write_image(self.image_topic, frame_to_image(frame), frame)

    def write_image(self, topic: str, msg: Any, frame: Frame) -> None:
        """Write an image message under its stamp."""
        type_name = f'sensor_msgs/msg/{type(msg).__name__}'
        now_ns = self.get_clock().now().nanoseconds
        if topic not in self.definitions:
            self.definitions[topic] = message_definition(type_name)
        self.file.write(
            topic, type_name, self.definitions[topic], serialize_message(msg), now_ns, frame.header.stamp_ns
        )

    def on_deactivate_core(self) -> None:
        """Write what still waits and stop listening."""
        self.destroy_timer(self.timer)
        self.topics.destroy()
        for handle, item in self.inbox.drain():
            handle(item)

    def on_cleanup_core(self) -> None:
        """Finish the file."""
        self.file.close()


def main() -> None:
    """Run this node alone."""
    run_node(RecorderNode)


if __name__ == '__main__':
    main()
