# SPDX-License-Identifier: Apache-2.0
"""The pieces of a map as bytes, little-endian on every machine, and the checksums that prove them whole."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.image.features import Features
from waymark.maps.keyframe import MapPose
from waymark.maps.route import Relative, Route

_HEAD = struct.Struct('<BBIII')  # form, bytes per descriptor, number of keypoints, width and height of the image
_QUANTISED, _EXACT = 1, 2
_STEPS = 65535


def digest(data: bytes) -> bytes:
    """16 bytes that change when any bit of `data` does."""
    return hashlib.blake2b(data, digest_size=16).digest()


def row_digest(table: str, columns: Mapping[str, Any]) -> bytes:
    """Checksum of a row: of its table and every column with a value, so that new empty columns change nothing."""
    state = hashlib.blake2b(table.encode(), digest_size=16)
    for name in sorted(columns):
        value = columns[name]
        if value is not None:
            data = value if isinstance(value, bytes) else str(value).encode()
            state.update(f'|{name}:{type(value).__name__}:{len(data)}:'.encode())
            state.update(data)
    return state.digest()


def pack_features(features: Features) -> bytes:
    """Keypoints in steps of 1/65535 of the image's sides (at 1280 px within 0.01 px), descriptors as they are.

    Keypoints outside the image are kept as float32 instead, so that none is moved.
    """
    count, width = features.descriptors.shape
    size = np.asarray(features.size_wh, np.float64)
    share = (features.keypoints.astype(np.float64) + 0.5) / size
    is_inside = bool(((share >= 0) & (share <= 1)).all())
    points = np.rint(share * _STEPS).astype('<u2') if is_inside else features.keypoints.astype('<f4')
    head = _HEAD.pack(_QUANTISED if is_inside else _EXACT, width, count, *features.size_wh)
    return head + points.tobytes() + np.ascontiguousarray(features.descriptors).tobytes()


def unpack_features(data: bytes) -> Features:
    """The inverse of pack_features.

    Raises:
        ValueError: `data` is not what pack_features wrote.
    """
    try:
        form, width, count, *size = _HEAD.unpack_from(data)
    except struct.error:
        raise ValueError(f'features: {len(data)} bytes are no features') from None
    dtype = np.dtype('<u2' if form == _QUANTISED else '<f4')
    split = _HEAD.size + count * 2 * dtype.itemsize
    if form not in (_QUANTISED, _EXACT) or len(data) != split + count * width:
        raise ValueError(f'features: {len(data)} bytes are no features')
    points = np.frombuffer(data, dtype, count * 2, _HEAD.size).reshape(count, 2)
    if form == _QUANTISED:
        points = points * (np.asarray(size, np.float64) / _STEPS) - 0.5
    keypoints = np.asarray(points, np.float32)
    keypoints.setflags(write=False)
    descriptors = np.frombuffer(data, np.uint8, count * width, split).reshape(count, width)
    return Features(keypoints, descriptors, (size[0], size[1]))


def pack_vector(vector: NDArray[np.float32]) -> bytes:
    """Exact: nothing is rounded."""
    return vector.astype('<f4').tobytes()


def unpack_vector(data: bytes) -> NDArray[np.float32]:
    """(D,) float32, read-only."""
    return np.frombuffer(data, '<f4').astype(np.float32, copy=False)


def pack_pose(pose: MapPose) -> bytes:
    """Seven float64: x, y, z in m, then the quaternion x, y, z, w."""
    return struct.pack('<7d', *pose.position_m, *pose.orientation_xyzw)


def unpack_pose(data: bytes) -> MapPose:
    """The inverse of pack_pose.

    Raises:
        ValueError: Not the bytes of a pose.
    """
    if len(data) != 56:
        raise ValueError(f'pose: {len(data)} bytes, expected 56')
    x, y, z, qx, qy, qz, qw = struct.unpack('<7d', data)
    return MapPose((x, y, z), (qx, qy, qz, qw))


def pack_relative(relative: Iterable[Relative]) -> str:
    """JSON: floats keep every digit."""
    steps: list[Any] = []
    for step in relative:
        if isinstance(step, MapPose):
            steps.append({'pose': [*step.position_m, *step.orientation_xyzw]})
        else:
            steps.append(None if step is None else {'H': np.asarray(step, np.float64).ravel().tolist()})
    return json.dumps(steps)


def unpack_route(route_id: int, name: str, keyframe_ids: str, relative: str) -> Route:
    """A route from its columns.

    Raises:
        ValueError: They are not what was written.
    """
    steps: list[Relative] = []
    try:
        for step in json.loads(relative):
            if step is not None and 'pose' in step:
                values = [float(v) for v in step['pose']]
                steps.append(MapPose((values[0], values[1], values[2]), (values[3], values[4], values[5], values[6])))
            else:
                steps.append(None if step is None else np.asarray(step['H'], np.float64).reshape(3, 3))
        return Route(route_id, name, tuple(int(i) for i in json.loads(keyframe_ids)), tuple(steps))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f'route {route_id}: {error}') from None


def pack_camera(camera: CameraModel | None) -> dict[str, Any] | None:
    """For JSON."""
    if camera is None:
        return None
    return {'size_wh': [int(s) for s in camera.size_wh], 'K': camera.K.ravel().tolist(), 'D': camera.D.tolist()}


def unpack_camera(values: Mapping[str, Any] | None) -> CameraModel | None:
    """The inverse of pack_camera."""
    if values is None:
        return None
    K, D = (np.asarray(values[name], np.float64) for name in ('K', 'D'))
    return CameraModel((values['size_wh'][0], values['size_wh'][1]), K.reshape(3, 3), D)


def pack_ids(ids: Iterable[int]) -> str:
    """Ascending ids as ranges: '0-11,13'."""
    ranges: list[list[int]] = []
    for i in ids:
        if ranges and ranges[-1][1] == i - 1:
            ranges[-1][1] = i
        else:
            ranges.append([i, i])
    return ','.join(str(a) if a == b else f'{a}-{b}' for a, b in ranges)


def unpack_ids(text: str) -> list[int]:
    """The inverse of pack_ids."""
    ends = [(part.split('-')[0], part.split('-')[-1]) for part in text.split(',') if part]
    return [i for a, b in ends for i in range(int(a), int(b) + 1)]
