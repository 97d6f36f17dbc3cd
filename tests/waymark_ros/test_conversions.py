# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import array

import numpy as np
import pytest
from sensor_msgs.msg import Image
from waymark_msgs.msg import Embedding as EmbeddingMsg
from waymark_msgs.msg import TokenGrid

from waymark.encoding import DenseEmbedding, Embedding
from waymark.errors import MessageError
from waymark.image.camera import CameraModel
from waymark.types import Frame, Header
from waymark_ros import conversions

HEADER = Header(1_500_000_007, 'cam')
RNG = np.random.default_rng(0)


@pytest.mark.parametrize('layout', ['rgb', 'bgr', 'mono'])
def test_an_image_survives_the_way_through_a_message(layout):
    shape = (5, 7) if layout == 'mono' else (5, 7, 3)
    frame = Frame(HEADER, RNG.integers(0, 256, shape, np.uint8), layout)
    msg = conversions.frame_to_image(frame)
    back = conversions.image_to_frame(msg)
    assert (msg.header.stamp.sec, msg.header.stamp.nanosec, msg.header.frame_id) == (1, 500_000_007, 'cam')
    assert back.header == HEADER
    np.testing.assert_array_equal(back.rgb, frame.rgb)


def test_a_raw_image_is_looked_at_without_a_copy():
    msg = conversions.frame_to_image(Frame(HEADER, np.zeros((4, 4, 3), np.uint8)))
    pixels = conversions.image_to_frame(msg).pixels
    assert np.shares_memory(pixels, np.frombuffer(msg.data, np.uint8))
    assert not pixels.flags.writeable


def test_padding_at_the_end_of_rows_is_left_out():
    rows = np.full((2, 8), 99, np.uint8)
    rows[:, :6] = np.arange(12).reshape(2, 6)
    msg = image('bgr8', rows.ravel(), width=2, height=2, step=8)
    assert conversions.image_to_frame(msg).pixels.tolist() == np.arange(12).reshape(2, 2, 3).tolist()


def test_big_endian_sixteen_bit_is_read_in_its_order():
    msg = image('mono16', np.array([1, 256], '>u2').view(np.uint8), width=2, height=1, step=4)
    msg.is_bigendian = 1
    assert conversions.image_to_frame(msg).pixels.tolist() == [[1, 256]]


def test_bayer_goes_through_the_library_for_rare_encodings():
    msg = image('bayer_rggb8', np.full(16 * 16, 80, np.uint8), width=16, height=16, step=16)
    frame = conversions.image_to_frame(msg)
    assert frame.size_wh == (16, 16)
    np.testing.assert_array_equal(frame.rgb[4:12, 4:12], 80)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'height': 3}, 'height \\* step'),
        ({'width': 0}, 'empty'),
        ({'encoding': 'plaid8'}, 'plaid8'),
        ({'encoding': 'bayer_rggb8', 'width': 40}, 'bayer_rggb8'),
    ],
)
def test_an_image_that_can_not_be_used_says_why(change, message):
    values = {'encoding': 'mono8', 'width': 4, 'height': 2, 'step': 4, **change}
    msg = image(values['encoding'], np.zeros(8, np.uint8), values['width'], values['height'], values['step'])
    with pytest.raises(MessageError, match=message) as refused:
        conversions.image_to_frame(msg)
    assert '\n' not in str(refused.value)


def test_a_zero_stamp_is_refused_with_the_remedy():
    msg = conversions.frame_to_image(Frame(Header(0), np.zeros((2, 2), np.uint8), 'mono'))
    with pytest.raises(MessageError, match='zero stamp: its driver must fill'):
        conversions.image_to_frame(msg)


def test_jpeg_survives_within_its_loss():
    picture = np.full((32, 32, 3), (200, 30, 60), np.uint8)
    msg = conversions.frame_to_jpeg(Frame(HEADER, picture), 95)
    assert msg.format == 'rgb8; jpeg compressed bgr8'
    back = conversions.compressed_to_frame(msg)
    assert np.abs(back.rgb.astype(int) - picture).max() <= 3


def test_a_camera_survives_the_way_through_a_message():
    camera = CameraModel((640, 480), np.array([[500.0, 0, 320], [0, 501, 240], [0, 0, 1]]), np.arange(5) / 10)
    back = conversions.camera_from_msg(conversions.camera_to_msg(camera, HEADER))
    assert back.size_wh == (640, 480)
    np.testing.assert_array_equal(back.K, camera.K)
    np.testing.assert_array_equal(back.D, camera.D)


def test_an_embedding_keeps_the_header_of_its_image_and_its_bits():
    vector = np.array([0.6, 0.8], np.float32)
    msg = conversions.embedding_to_msg(Embedding(vector, 2.5), HEADER, 'hog', 'f00d')
    assert conversions.header_from_msg(msg.header) == HEADER
    assert (msg.norm, msg.model_id, msg.fingerprint) == (2.5, 'hog', 'f00d')
    np.testing.assert_array_equal(conversions.embedding_vector(msg), vector)


@pytest.mark.parametrize('vector', [[], [0.6, 0.9], [float('nan'), 0.0]])
def test_an_embedding_that_is_no_unit_vector_is_refused(vector):
    msg = EmbeddingMsg(vector=array.array('f', vector), model_id='hog')
    with pytest.raises(MessageError, match="embedding of 'hog' has length"):
        conversions.embedding_vector(msg)


def test_an_image_without_structure_has_the_zero_embedding():
    assert not conversions.embedding_vector(EmbeddingMsg(vector=array.array('f', [0.0, 0.0]))).any()


def test_patch_tokens_survive_the_way_through_a_message():
    tokens = RNG.normal(size=(3, 4, 5)).astype(np.float32)
    dense = DenseEmbedding(Embedding(np.array([1.0], np.float32), 2.0), tokens)
    msg = conversions.tokens_to_msg(dense, HEADER, 'model', 'abc')
    assert (msg.model_id, msg.fingerprint, msg.header.frame_id) == ('model', 'abc', 'cam')
    back = conversions.tokens_array(msg)
    np.testing.assert_array_equal(back, tokens)
    assert np.shares_memory(back, np.frombuffer(msg.data, np.float32))


@pytest.mark.parametrize('size', [(0, 4, 5), (3, 4, 6)])
def test_a_token_grid_of_another_size_than_it_says_is_refused(size):
    height, width, dim = size
    msg = TokenGrid(height=height, width=width, dim=dim, data=array.array('f', range(60)), model_id='model')
    with pytest.raises(MessageError, match="token grid of 'model' holds 60 values, height"):
        conversions.tokens_array(msg)


def test_a_picture_of_a_request_needs_no_stamp_and_is_refused_by_its_place():
    msg = conversions.frame_to_image(Frame(Header(0, 'still'), np.full((2, 2, 3), 7, np.uint8)))
    frame = conversions.picture_to_frame(msg, 'images[0]')
    assert (frame.header, frame.pixels.tolist()) == (Header(0, 'still'), [[[7, 7, 7]] * 2] * 2)
    msg.encoding = 'plaid'
    with pytest.raises(MessageError, match=r"images\[4\]: image encoding 'plaid'"):
        conversions.picture_to_frame(msg, 'images[4]')


def image(encoding: str, data: np.ndarray, width: int, height: int, step: int) -> Image:
    msg = Image(encoding=encoding, width=width, height=height, step=step)
    msg.header.stamp.sec = 1
    msg.data = array.array('B', data.tobytes())
    return msg
