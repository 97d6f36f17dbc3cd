# SPDX-License-Identifier: Apache-2.0
"""Bags with the images of some files, as another recorder would have written them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

FRAME_ID = 'camera_optical_frame'
FIRST_NS, PERIOD_NS = 10**9, 10**8  # the stamps that a folder of images gets


def write_bag(folder: Path, files: Sequence[Path], is_compressed: bool, topic: str = '/camera/image') -> Path:
    """Write an sqlite3 bag.

    Args:
        folder: To be created.
        files: JPEG files, in order.
        is_compressed: CompressedImage with the bytes of the files, or Image in bgr8.
        topic: Of the raw images.
    """
    store = get_typestore(Stores.ROS2_JAZZY)
    name = 'sensor_msgs/msg/CompressedImage' if is_compressed else 'sensor_msgs/msg/Image'
    with Writer(folder, version=9, storage_plugin=StoragePlugin.SQLITE3) as bag:
        connection = bag.add_connection(f'{topic}/compressed' if is_compressed else topic, name, typestore=store)
        for i, file in enumerate(files):
            stamp_ns = FIRST_NS + i * PERIOD_NS
            header = _header(store, stamp_ns)
            fields = _compressed(file) if is_compressed else _raw(file)
            bag.write(connection, stamp_ns, store.serialize_cdr(store.types[name](header=header, **fields), name))
    return folder


def _header(store: Any, stamp_ns: int) -> Any:
    time = store.types['builtin_interfaces/msg/Time'](sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return store.types['std_msgs/msg/Header'](stamp=time, frame_id=FRAME_ID)


def _compressed(file: Path) -> dict[str, Any]:
    return {'format': 'jpeg', 'data': np.frombuffer(file.read_bytes(), np.uint8)}


def _raw(file: Path) -> dict[str, Any]:
    image = cv2.imread(str(file))
    height, width = image.shape[:2]
    size = {'height': height, 'width': width, 'step': 3 * width}
    return {**size, 'encoding': 'bgr8', 'is_bigendian': 0, 'data': image.ravel()}
