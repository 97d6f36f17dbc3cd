# SPDX-License-Identifier: Apache-2.0
"""Images of a recording: fetched by stamp, scaled down, and put into the page as data URIs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import RecordingError
from waymark.report.run import Run
from waymark.report.topics import COMPRESSED_IMAGE, IMAGE, stamped_messages

_RAW_LAYOUTS: dict[str, tuple[type, int, int | None]] = {
    'rgb8': (np.uint8, 3, cv2.COLOR_RGB2BGR),
    'bgr8': (np.uint8, 3, None),
    'rgba8': (np.uint8, 4, cv2.COLOR_RGBA2BGR),
    'bgra8': (np.uint8, 4, cv2.COLOR_BGRA2BGR),
    'mono8': (np.uint8, 1, None),
    '8UC1': (np.uint8, 1, None),
    '8UC3': (np.uint8, 3, None),
    'mono16': (np.uint16, 1, None),
    '16UC1': (np.uint16, 1, None),
}


@dataclass(frozen=True)
class Picture:
    """One image of the page.

    Attributes:
        uri: JPEG data URI.
        stamp_ns: Of the recorded image.
        size_wh: Width and height of the recorded image (overlays are drawn in its pixels).
    """

    uri: str
    stamp_ns: int
    size_wh: tuple[int, int]


def image_topic(run: Run) -> str | None:
    """The topic whose images are shown: compressed before raw, busiest first; None without images."""
    topics = run.recording.topics_of(COMPRESSED_IMAGE) + run.recording.topics_of(IMAGE)
    return topics[0].name if topics else None


def shown_stamps(run: Run) -> NDArray[np.int64]:
    """Stamps of the images that can be shown, sorted."""
    return np.unique(np.asarray(run.image_stamps.get(image_topic(run) or '', []), np.int64))


def nearest_stamp(stamps_ns: NDArray[np.int64], stamp_ns: int, within_ns: int = 0) -> int | None:
    """The one of the sorted `stamps_ns` nearest to `stamp_ns`, None without one within `within_ns`."""
    after = int(np.searchsorted(stamps_ns, stamp_ns))
    near = [int(s) for s in stamps_ns[max(after - 1, 0) : after + 1]]
    best = min(near, key=lambda s: abs(s - stamp_ns), default=None)
    return best if best is not None and abs(best - stamp_ns) <= within_ns else None


def fetch(run: Run, stamps_ns: Collection[int], width_px: int, quality: int = 72) -> dict[int, Picture]:
    """Fetch images by their exact stamps in one pass; those that can't be decoded are left out and noted.

    Args:
        run: The run; its notes grow.
        stamps_ns: Wanted stamps.
        width_px: Larger images are scaled down to this width.
        quality: JPEG quality, 1..100.
    """
    images = fetch_bgr(run, stamps_ns, width_px)
    return {stamp: _picture(image, stamp, size_wh, quality) for stamp, (image, size_wh) in images.items()}


def fetch_bgr(
    run: Run, stamps_ns: Collection[int], width_px: int
) -> dict[int, tuple[NDArray[np.uint8], tuple[int, int]]]:
    """The same as pixels: BGR (H, W, 3) by stamp, and the size of the recorded image."""
    topic, wanted = image_topic(run), set(stamps_ns)
    found: dict[int, tuple[NDArray[np.uint8], tuple[int, int]]] = {}
    failures: list[str] = []
    for stamp, message in stamped_messages(run.recording, topic if wanted else None):
        if stamp not in wanted or stamp in found:
            continue
        try:
            image = decode_bgr(run.recording.decode(message))
            found[stamp] = _narrowed(image, width_px), (image.shape[1], image.shape[0])
        except RecordingError as error:
            failures.append(str(error))
    if failures:
        run.notes.append(f'{len(failures)} images of {topic} can not be shown: {failures[0]}')
    return found


def decode_bgr(msg: Any) -> NDArray[np.uint8]:
    """Turn a decoded Image or CompressedImage into BGR (H, W, 3).

    Raises:
        RecordingError: The data is damaged or shorter than its size says, or the encoding is not a plain one.
    """
    if hasattr(msg, 'format'):
        data = np.frombuffer(bytes(msg.data), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
        if image is None:
            raise RecordingError(f'a compressed image ({msg.format!r}, {data.size} bytes) does not decode.')
        return np.asarray(image, np.uint8)
    return _raw_bgr(msg)


def _raw_bgr(msg: Any) -> NDArray[np.uint8]:
    if msg.encoding not in _RAW_LAYOUTS:
        raise RecordingError(f'the report shows no images with encoding {msg.encoding!r}.')
    kind, channels, code = _RAW_LAYOUTS[msg.encoding]
    dtype = np.dtype(kind).newbyteorder('>' if msg.is_bigendian else '<')
    row_bytes = msg.width * channels * dtype.itemsize
    data = np.frombuffer(bytes(msg.data), np.uint8)
    if not row_bytes or not msg.height or msg.step < row_bytes or data.size < msg.height * msg.step:
        raise RecordingError(f'an image of {msg.width}x{msg.height} has only {data.size} bytes of data.')
    rows = data[: msg.height * msg.step].reshape(msg.height, msg.step)[:, :row_bytes]
    pixels = np.ascontiguousarray(rows).view(dtype).reshape(msg.height, msg.width, channels)
    if dtype.itemsize == 2:
        pixels = np.asarray(np.rint(pixels / 257.0), np.uint8)
    if channels == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.asarray(pixels if code is None else cv2.cvtColor(pixels, code), np.uint8)


def _narrowed(image: NDArray[np.uint8], width_px: int) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if width <= width_px:
        return image
    size = (max(1, width_px), max(1, round(height * width_px / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _picture(image: NDArray[np.uint8], stamp_ns: int, size_wh: tuple[int, int], quality: int) -> Picture:
    _, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Picture(data_uri('image/jpeg', data.tobytes()), stamp_ns, size_wh)


def data_uri(media_type: str, data: bytes) -> str:
    """Bytes as a URI that needs no file and no network."""
    return f'data:{media_type};base64,{base64.b64encode(data).decode()}'


def spread(items: list[Any], count: int, key: Callable[[Any], float]) -> list[Any]:
    """Pick at most `count` items whose keys lie evenly over the range, first and last included."""
    if len(items) <= count:
        return sorted(items, key=key)
    ordered = sorted(items, key=key)
    values = np.array([key(item) for item in ordered])
    marks = np.linspace(values[0], values[-1], count)
    chosen = sorted({int(np.abs(values - mark).argmin()) for mark in marks})
    return [ordered[i] for i in chosen]
