# SPDX-License-Identifier: Apache-2.0
"""The message types that the report knows, and the stamps of messages too large to decode just for that."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from waymark.errors import RecordingError
from waymark.report.reader import RecordedMessage, Recording

LOCALIZATION = 'waymark_msgs/msg/Localization'
PLACE_MATCH = 'waymark_msgs/msg/PlaceMatch'
KEYFRAME = 'waymark_msgs/msg/Keyframe'
TARGETS = 'waymark_msgs/msg/PlanarTargetArray'
DETECTIONS = 'vision_msgs/msg/Detection2DArray'
EMBEDDING = 'waymark_msgs/msg/Embedding'
COMPRESSED_IMAGE = 'sensor_msgs/msg/CompressedImage'
IMAGE = 'sensor_msgs/msg/Image'
TEACH_ROUTE = 'waymark_msgs/action/TeachRoute_FeedbackMessage'
REPEAT_ROUTE = 'waymark_msgs/action/RepeatRoute_FeedbackMessage'
ODOMETRY = 'nav_msgs/msg/Odometry'
NAVSAT = 'sensor_msgs/msg/NavSatFix'
DIAGNOSTICS = 'diagnostic_msgs/msg/DiagnosticArray'
LOG = 'rcl_interfaces/msg/Log'


def header_stamp(message: RecordedMessage) -> int:
    """Read the stamp of a message that starts with a std_msgs/Header, without decoding the rest.

    Raises:
        RecordingError: The message is shorter than a stamp.
    """
    if len(message.data) < 12:
        raise RecordingError(f'{message.topic}: a message of {len(message.data)} bytes has no header.')
    order = '<' if message.data[1] & 1 else '>'
    sec, nanosec = struct.unpack_from(f'{order}iI', message.data, 4)
    return int(sec) * 1_000_000_000 + int(nanosec)


def stamped_messages(recording: Recording, topic: str | None) -> Iterator[tuple[int, RecordedMessage]]:
    """Yield the messages of one topic with their header stamps; what has no header was noted by `collect`."""
    for message in recording.messages([topic] if topic else []):
        try:
            stamp = header_stamp(message)
        except RecordingError:
            continue
        yield stamp, message
