# SPDX-License-Identifier: Apache-2.0
"""Range and attitude that a bag holds beside its images."""

from __future__ import annotations

from typing import Any

import numpy as np

from waymark.evaluation.trajectory import Table
from waymark.sources.bag import parse_bag_uri
from waymark.sources.bag_files import BagFile, open_bag_file
from waymark.sources.bag_images import deserialize
from waymark.types import NANOSECONDS

RANGE = 'sensor_msgs/msg/Range'
IMU = 'sensor_msgs/msg/Imu'


def read_bag_sensors(uri: str) -> tuple[Table, ...]:
    """Tables of the first topic with ranges (`range_m`) and of the first with attitudes (`qx` to `qw`), if any.

    Args:
        uri: A bag, as the image source takes it.

    Raises:
        SourceError: The bag can't be read.
        MessageError: A message is broken.
    """
    path, _ = parse_bag_uri(uri)
    bag = open_bag_file(path)
    try:
        tables = [
            _table(bag, RANGE, ('range_m',), lambda m: (m.range,)),
            _table(
                bag,
                IMU,
                ('qx', 'qy', 'qz', 'qw'),
                lambda m: (m.orientation.x, m.orientation.y, m.orientation.z, m.orientation.w),
            ),
        ]
    finally:
        bag.close()
    return tuple(t for t in tables if t is not None)


def _table(bag: BagFile, type_name: str, names: tuple[str, ...], values: Any) -> Table | None:
    topics = sorted(n for n, t in bag.topics.items() if t.type_name == type_name and t.count)
    if not topics:
        return None
    rows = {}
    for message in bag.messages(topics[:1]):
        content = deserialize(message.cdr, type_name)
        stamp = content.header.stamp
        rows[stamp.sec + stamp.nanosec / NANOSECONDS] = values(content)
    keys = np.array(sorted(rows))
    columns = np.array([rows[k] for k in keys], np.float64).T
    return Table(keys, False, dict(zip(names, columns, strict=True)))
