# SPDX-License-Identifier: Apache-2.0
"""Videos, folders and bags of known content, written by the test that reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from waymark.errors import SourceError
from waymark.image.codec import encode_jpeg, encode_raw
from waymark.sources import ImageSourceConfig, SourceFrame, open_source
from waymark.types import Frame, Header

STORE = get_typestore(Stores.ROS2_JAZZY)


def picture(index: int, width: int = 64, height: int = 48) -> np.ndarray:
    """RGB whose mean names its index (10, 15, 20, ...), with noise so that files have some size."""
    noise = np.random.default_rng(index).integers(-9, 10, (height, width, 1))
    return np.repeat(10 + 5 * index + noise - round(float(noise.mean())), 3, axis=2).clip(0, 255).astype(np.uint8)


@pytest.fixture
def index_of() -> Callable[[SourceFrame], int]:
    """Which picture a frame shows."""
    return lambda frame: round((float(frame.frame.rgb.mean()) - 10) / 5)


@pytest.fixture
def read_all() -> Callable[..., tuple[list[SourceFrame], str]]:
    """Open an input, take all frames and the sentence of the error that ended it ('' where none did)."""

    def read(uri: object, **options: Any) -> tuple[list[SourceFrame], str]:
        frames: list[SourceFrame] = []
        source = open_source(ImageSourceConfig(input=str(uri), **options))
        try:
            for frame in source.frames():
                frames.append(frame)
        except SourceError as raised:
            return frames, str(raised)
        finally:
            source.close()
        return frames, ''

    return read


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str = 'video.avi', fourcc: str = 'MJPG', count: int = 20, rate_hz: float = 25.0) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), rate_hz, (64, 48))
        assert writer.isOpened()
        for index in range(count):
            writer.write(picture(index))
        writer.release()
        return path

    return write


@pytest.fixture
def write_images(tmp_path: Path) -> Callable[..., Path]:
    def write(names: Sequence[str], folder: str = 'images') -> Path:
        path = tmp_path / folder
        path.mkdir()
        for index, name in enumerate(names):
            assert cv2.imwrite(str(path / name), picture(index))
        return path

    return write


class BagWriter:
    """Writes messages into a real rosbag2."""

    def __init__(self, path: Path, storage: str) -> None:
        self.path = path
        plugin = StoragePlugin.MCAP if storage == 'mcap' else StoragePlugin.SQLITE3
        self._writer = Writer(path, version=9, storage_plugin=plugin)
        self._writer.open()
        self._connections: dict[str, Any] = {}
        self._log_time_ns = 10**9  # messages lie in the bag in the order in which they were written

    def image(self, topic: str, stamp_ns: int, pixels: np.ndarray, **changed: Any) -> None:
        self.write(topic, _image(stamp_ns, pixels, **changed))

    def compressed(self, topic: str, stamp_ns: int, rgb: np.ndarray, format_text: str = 'jpeg') -> None:
        data = np.frombuffer(encode_jpeg(rgb), np.uint8)
        message = STORE.types['sensor_msgs/msg/CompressedImage'](
            header=_header(stamp_ns, 'cam'), format=format_text, data=data
        )
        self.write(topic, message)

    def camera_info(self, topic: str, stamp_ns: int, model: str = 'plumb_bob', focal: float = 50.0) -> None:
        k = np.array([focal, 0, 31.5, 0, focal, 23.5, 0, 0, 1.0])
        roi = STORE.types['sensor_msgs/msg/RegionOfInterest'](
            x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        message = STORE.types['sensor_msgs/msg/CameraInfo'](
            header=_header(stamp_ns, 'cam'), height=48, width=64, distortion_model=model, d=np.zeros(5), k=k,
            r=np.eye(3).ravel(), p=np.zeros(12), binning_x=0, binning_y=0, roi=roi,
        )  # fmt: skip
        self.write(topic, message)

    def text(self, topic: str, text: str) -> None:
        self.write(topic, STORE.types['std_msgs/msg/String'](data=text))

    def write(self, topic: str, message: Any) -> None:
        name = message.__msgtype__
        self._log_time_ns += 10**6
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(topic, name, typestore=STORE)
        self._writer.write(self._connections[topic], self._log_time_ns, STORE.serialize_cdr(message, name))

    def close(self) -> Path:
        self._writer.close()
        return self.path


@pytest.fixture
def chunked_mcap(tmp_path: Path) -> Callable[..., Path]:
    """Write an MCAP whose chunks hold two images each, as a recorder does that flushes often; 20 images."""

    def write(name: str = 'rec.mcap', compression: CompressionType = CompressionType.NONE) -> Path:
        path = tmp_path / name
        with path.open('wb') as file:
            writer = McapWriter(file, chunk_size=15_000, compression=compression)
            writer.start('ros2')
            text, _ = STORE.generate_msgdef('sensor_msgs/msg/Image', ros_version=2)
            schema = writer.register_schema('sensor_msgs/msg/Image', 'ros2msg', text.encode())
            channel = writer.register_channel('/cam/image', 'cdr', schema)
            for index in range(20):
                stamp_ns = 5 * 10**9 + index * 10**8
                data = STORE.serialize_cdr(_image(stamp_ns, picture(index)), 'sensor_msgs/msg/Image')
                writer.add_message(channel, stamp_ns, bytes(data), stamp_ns)
            writer.finish()
        return path

    return write


def _image(stamp_ns: int, pixels: np.ndarray, **changed: Any) -> Any:
    layout = 'mono' if pixels.ndim == 2 else 'rgb'
    encoding, step, data = encode_raw(Frame(Header(1), pixels, layout))
    fields = {'encoding': encoding, 'is_bigendian': 0, 'step': step, 'data': data}
    fields |= {'height': pixels.shape[0], 'width': pixels.shape[1]} | changed
    frame_id = fields.pop('frame_id', 'cam')
    return STORE.types['sensor_msgs/msg/Image'](header=_header(stamp_ns, frame_id), **fields)


def _header(stamp_ns: int, frame_id: str) -> Any:
    stamp = STORE.types['builtin_interfaces/msg/Time'](sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return STORE.types['std_msgs/msg/Header'](stamp=stamp, frame_id=frame_id)


@pytest.fixture
def new_bag(tmp_path: Path) -> Callable[..., BagWriter]:
    return lambda storage='sqlite3', name='bag': BagWriter(tmp_path / name, storage)


@pytest.fixture
def small_bag(new_bag: Callable[..., BagWriter]) -> Callable[..., Path]:
    """Write a bag of n raw images on /cam/image, 0.1 s apart from 5 s on."""

    def write(storage: str = 'sqlite3', count: int = 5, name: str = 'bag') -> Path:
        bag = new_bag(storage, name)
        for index in range(count):
            bag.image('/cam/image', 5 * 10**9 + index * 10**8, picture(index))
        return bag.close()

    return write
