# SPDX-License-Identifier: Apache-2.0
"""ROS messages to Waymark's values and back: the only file that knows both."""

from __future__ import annotations

import array
import math

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, Transform
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header as HeaderMsg
from waymark_msgs.msg import Embedding as EmbeddingMsg
from waymark_msgs.msg import TokenGrid

from waymark.encoding import DenseEmbedding, Embedding
from waymark.errors import MessageError
from waymark.image.camera import CameraModel
from waymark.image.codec import UnsupportedEncoding, decode_compressed, decode_raw, encode_jpeg, encode_raw
from waymark.image.rotation import quaternion_xyzw, rotation_matrix
from waymark.sources.camera_info import camera_model
from waymark.types import NANOSECONDS, Frame, Header
from waymark_ros import rare_encodings


def time_to_ns(stamp: Time) -> int:
    """Nanoseconds of a ROS time."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def ns_to_time(stamp_ns: int) -> Time:
    """ROS time of nanoseconds."""
    return Time(sec=stamp_ns // NANOSECONDS, nanosec=stamp_ns % NANOSECONDS)


def header_from_msg(msg: HeaderMsg) -> Header:
    """Stamp and frame of a message."""
    return Header(time_to_ns(msg.stamp), msg.frame_id)


def header_to_msg(header: Header) -> HeaderMsg:
    """The header that a result carries: its image's."""
    return HeaderMsg(stamp=ns_to_time(header.stamp_ns), frame_id=header.frame_id)


def image_to_frame(msg: Image) -> Frame:
    """Look at a raw image without copying it, where its encoding allows.

    Raises:
        MessageError: Zero stamp, empty image, data shorter than height * step, or an encoding nothing here can read.
    """
    return _decoded(msg, _stamped(msg.header))


def picture_to_frame(msg: Image, name: str) -> Frame:
    """As `image_to_frame`, of a picture that came with a request: it may have no stamp.

    Args:
        msg: Its header is kept as it is.
        name: Which one it is, for the error ('images[2]').

    Raises:
        MessageError: Empty image, data shorter than height * step, or an encoding nothing here can read.
    """
    try:
        return _decoded(msg, header_from_msg(msg.header))
    except MessageError as error:
        raise MessageError(f'{name}: {error}') from None


def _decoded(msg: Image, header: Header) -> Frame:
    try:
        pixels, layout = decode_raw(
            msg.height, msg.width, msg.encoding, bool(msg.is_bigendian), msg.step, memoryview(msg.data)
        )
    except UnsupportedEncoding:
        pixels, layout = rare_encodings.decode(msg), 'bgr'
    return Frame(header, pixels, layout)


def compressed_to_frame(msg: CompressedImage) -> Frame:
    """Decode a JPEG or PNG image.

    Raises:
        MessageError: Zero stamp, or data that is not an image.
    """
    header = _stamped(msg.header)
    pixels, layout = decode_compressed(msg.format, memoryview(msg.data))
    return Frame(header, pixels, layout)


def _stamped(msg: HeaderMsg) -> Header:
    header = header_from_msg(msg)
    if header.stamp_ns <= 0:
        raise MessageError('the image has a zero stamp: its driver must fill header.stamp with the time of exposure.')
    return header


def frame_to_image(frame: Frame) -> Image:
    """A raw image message; one copy, without Python touching single bytes."""
    encoding, step, buffer = encode_raw(frame)
    msg = Image(
        header=header_to_msg(frame.header),
        height=frame.size_wh[1],
        width=frame.size_wh[0],
        encoding=encoding,
        step=step,
        is_bigendian=0,
    )
    data = array.array('B')
    data.frombytes(memoryview(buffer).cast('B'))
    msg.data = data  # an array('B') is taken as it is; an ndarray would be checked byte by byte (126 ms at 720p)
    return msg


def frame_to_jpeg(frame: Frame, quality: int) -> CompressedImage:
    """A compressed image message.

    Args:
        frame: Any frame.
        quality: JPEG quality, 1..100.
    """
    data = array.array('B')
    data.frombytes(encode_jpeg(frame, quality))
    layout = 'mono8' if frame.layout == 'mono' else 'rgb8'
    coded = 'mono8' if frame.layout == 'mono' else 'bgr8'
    return CompressedImage(header=header_to_msg(frame.header), format=f'{layout}; jpeg compressed {coded}', data=data)


def camera_from_msg(msg: CameraInfo) -> CameraModel:
    """Intrinsics of a camera_info message; K is zero where the camera is not calibrated.

    Raises:
        ConfigError: Its lens model is not supported (a fisheye's).
    """
    return camera_model((int(msg.width), int(msg.height)), list(msg.k), list(msg.d), msg.distortion_model)


def camera_to_msg(camera: CameraModel, header: Header) -> CameraInfo:
    """The camera_info that goes with an image."""
    projection = np.zeros((3, 4))
    projection[:, :3] = camera.K
    return CameraInfo(
        header=header_to_msg(header),
        width=camera.size_wh[0],
        height=camera.size_wh[1],
        distortion_model='plumb_bob' if len(camera.D) <= 5 else 'rational_polynomial',
        d=camera.D.tolist(),
        k=camera.K.ravel(),
        r=np.eye(3).ravel(),
        p=projection.ravel(),
    )


def embedding_to_msg(embedding: Embedding, header: Header, model_id: str, fingerprint: str) -> EmbeddingMsg:
    """An image's meaning, with the header of the image."""
    return EmbeddingMsg(
        header=header_to_msg(header),
        vector=_floats(embedding.vector),
        norm=float(embedding.norm),
        model_id=model_id,
        fingerprint=fingerprint,
    )


def tokens_to_msg(dense: DenseEmbedding, header: Header, model_id: str, fingerprint: str) -> TokenGrid:
    """What each part of an image means, with the header of the image."""
    height, width, dim = dense.tokens.shape
    return TokenGrid(
        header=header_to_msg(header),
        height=height,
        width=width,
        dim=dim,
        data=_floats(dense.tokens),
        model_id=model_id,
        fingerprint=fingerprint,
    )


def tokens_array(msg: TokenGrid) -> NDArray[np.float32]:
    """(height, width, dim) float32 of a TokenGrid message, without a copy.

    Raises:
        MessageError: It holds another number of values than its sizes say.
    """
    shape = (int(msg.height), int(msg.width), int(msg.dim))
    if len(msg.data) != math.prod(shape) or not len(msg.data):
        raise MessageError(
            f'token grid of {msg.model_id!r} holds {len(msg.data)} values, height * width * dim = '
            f'{shape[0]} * {shape[1]} * {shape[2]}; its publisher must send as many.'
        )
    return np.frombuffer(msg.data, np.float32).reshape(shape)


def _floats(values: NDArray[np.float32]) -> array.array[float]:
    """As a float32[] field takes it at once; it would look at each element of an ndarray."""
    floats = array.array('f')
    floats.frombytes(np.ascontiguousarray(values, np.float32).tobytes())
    return floats


def embedding_vector(msg: EmbeddingMsg) -> NDArray[np.float32]:
    """(D,) float32 unit vector of an Embedding message; all zeros for an image without any structure.

    Raises:
        MessageError: It is empty, not finite, or neither of unit length nor zero.
    """
    vector = np.frombuffer(msg.vector, np.float32) if len(msg.vector) else np.zeros(0, np.float32)
    length = float(np.linalg.norm(vector))
    if not len(vector) or not (length == 0.0 or abs(length - 1.0) < 1e-3):  # NaN fails both
        raise MessageError(
            f'embedding of {msg.model_id!r} has length {length:g} instead of 1; its publisher must send unit vectors.'
        )
    return vector


def pose_to_msg(T_a_b: NDArray[np.float64]) -> Pose:
    """A pose message of a 4x4 transform, m."""
    pose = Pose()
    pose.position.x, pose.position.y, pose.position.z = (float(v) for v in T_a_b[:3, 3])
    x, y, z, w = quaternion_xyzw(T_a_b[:3, :3])
    pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w = x, y, z, w
    return pose


def pose_from_msg(pose: Pose) -> NDArray[np.float64]:
    """Transform (4, 4) of a pose message.

    Raises:
        MessageError: A number is not finite, or the quaternion is not of length 1.
    """
    position, q = pose.position, pose.orientation
    numbers = (position.x, position.y, position.z, q.x, q.y, q.z, q.w)
    length = math.hypot(*numbers[3:])
    if not all(map(math.isfinite, numbers)) or abs(length - 1) > 1e-2:
        raise MessageError(
            f'pose {[round(v, 3) for v in numbers]} is none: its numbers must be finite and its quaternion of length 1.'
        )
    T = np.eye(4)
    T[:3, :3] = rotation_matrix((q.x / length, q.y / length, q.z / length, q.w / length))
    T[:3, 3] = numbers[:3]
    return T


def transform_from_msg(transform: Transform) -> NDArray[np.float64]:
    """Transform (4, 4) of a message.

    Raises:
        MessageError: As pose_from_msg.
    """
    pose = Pose(orientation=transform.rotation)
    pose.position.x, pose.position.y, pose.position.z = (
        transform.translation.x,
        transform.translation.y,
        transform.translation.z,
    )
    return pose_from_msg(pose)


def odometry_to_msg(T_map_base: NDArray[np.float64], header: Header) -> Odometry:
    """Pose of base_link in map at the header's stamp; the twist is left zero."""
    msg = Odometry(header=HeaderMsg(stamp=ns_to_time(header.stamp_ns), frame_id='map'), child_frame_id='base_link')
    msg.pose.pose = pose_to_msg(T_map_base)
    return msg
