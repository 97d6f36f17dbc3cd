# SPDX-License-Identifier: Apache-2.0
"""Bags: real ones are written here, then read by topic, with their own stamps and calibration."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, open_source
from waymark.sources.bag import parse_bag_uri

S = 10**9
SHADES = [np.full((48, 64, 3), 10 + 5 * i, np.uint8) for i in range(10)]


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
@pytest.mark.parametrize('bare', [False, True])
def test_raw_images_keep_order_stamps_and_frame(small_bag, read_all, index_of, storage, bare):
    bag = small_bag(storage)
    path = next(p for p in bag.iterdir() if p.name != 'metadata.yaml') if bare else bag
    if bare:
        (bag / 'metadata.yaml').unlink()

    frames, error = read_all(path)

    assert [index_of(f) for f in frames] == [0, 1, 2, 3, 4]
    assert [f.frame.header.stamp_ns for f in frames] == [5 * S + i * S // 10 for i in range(5)]
    assert {f.frame.header.frame_id for f in frames} == {'cam'}
    assert error == ''


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
@pytest.mark.parametrize('format_text', ['jpeg', 'rgb8; jpeg compressed bgr8'])
def test_compressed_images_are_decoded(new_bag, read_all, storage, format_text):
    red = np.full((48, 64, 3), (250, 10, 10), np.uint8)
    bag = new_bag(storage)
    bag.compressed('/cam/image/compressed', 5 * S, red, format_text)

    frames, _ = read_all(bag.close())

    assert np.abs(frames[0].frame.rgb.astype(int) - red).max() < 6


def test_calibration_comes_from_the_same_namespace_even_when_recorded_late(new_bag, read_all):
    bag = new_bag()
    bag.image('/left/image_raw', 5 * S, SHADES[0])
    bag.camera_info('/right/camera_info', 5 * S, focal=99.0)
    bag.camera_info('/left/camera_info', 6 * S, focal=50.0)
    bag.image('/left/image_raw', 7 * S, SHADES[1])

    frames, _ = read_all(bag.close())

    assert [f.camera.K[0, 0] for f in frames] == [50.0, 50.0]
    assert frames[0].camera.size_wh == (64, 48)


def test_compressed_images_find_their_calibration_too(new_bag, read_all):
    bag = new_bag()
    bag.compressed('/cam/image/compressed', 5 * S, SHADES[0])
    bag.camera_info('/cam/camera_info', 5 * S)

    assert read_all(bag.close())[0][0].camera.is_calibrated


def test_a_calibration_that_changes_is_followed(new_bag, read_all):
    bag = new_bag()
    for i, focal in enumerate((50.0, 70.0)):
        bag.camera_info('/camera_info', (5 + i) * S, focal=focal)
        bag.image('/image', (5 + i) * S + 5, SHADES[i])

    assert [f.camera.K[0, 0] for f in read_all(bag.close())[0]] == [50.0, 70.0]


def test_a_lens_model_that_is_not_supported_leaves_the_images_uncalibrated_with_a_warning(new_bag, read_all, caplog):
    bag = new_bag()
    bag.camera_info('/camera_info', 5 * S, model='equidistant')
    bag.image('/image', 5 * S, SHADES[0])

    frames, _ = read_all(bag.close())

    assert [f.camera for f in frames] == [None]
    assert "distortion_model 'equidistant' is not supported" in caplog.text


def test_several_image_topics_are_listed_and_one_can_be_chosen(new_bag, read_all, index_of):
    bag = new_bag()
    bag.image('/left/image', 5 * S, SHADES[1])
    bag.image('/right/image', 5 * S, SHADES[2])
    path = bag.close()

    with pytest.raises(SourceError) as error:
        open_source(ImageSourceConfig(input=str(path)))
    frames, _ = read_all(f'bag:{path}?topic=/right/image')

    assert '2 topics with images: /left/image, /right/image. Choose one: bag:' in str(error.value)
    assert [index_of(f) for f in frames] == [2]
    assert [index_of(f) for f in read_all(f'bag:{path}?topic=left/image')[0]] == [1]


def test_of_an_image_and_its_compressed_twin_the_raw_one_is_taken(new_bag, read_all):
    bag = new_bag()
    bag.compressed('/image/compressed', 5 * S, SHADES[0])
    bag.image('/image', 5 * S, SHADES[1])

    frames, _ = read_all(bag.close())

    assert np.ptp(frames[0].frame.pixels) == 0
    assert frames[0].frame.layout == 'rgb'


def test_a_bag_without_images_lists_its_topics(new_bag):
    bag = new_bag()
    bag.text('/chatter', 'hello')

    with pytest.raises(SourceError, match=r'holds no images. Topics: /chatter \(std_msgs/msg/String\)'):
        open_source(ImageSourceConfig(input=str(bag.close())))


def test_a_topic_that_has_no_images_is_refused_by_name(small_bag):
    path = small_bag()

    with pytest.raises(SourceError, match=r'no images on /lidar. Topics: /cam/image \(sensor_msgs/msg/Image\)'):
        open_source(ImageSourceConfig(input=f'bag:{path}?topic=/lidar'))


@pytest.mark.parametrize(('query', 'sentence'), [('?topik=/a', "unknown key 'topik'"), ('?', 'nothing after')])
def test_wrong_bag_queries_are_refused(small_bag, query, sentence):
    with pytest.raises(SourceError, match=sentence):
        parse_bag_uri(f'bag:{small_bag()}{query}')


def test_broken_images_and_bad_stamps_are_skipped_counted_and_named(new_bag, read_all, index_of, caplog):
    bag = new_bag()
    bag.image('/image', 5 * S, SHADES[0])
    bag.image('/image', 6 * S, SHADES[1], data=np.zeros(7, np.uint8))
    bag.image('/image', 0, SHADES[2])
    bag.image('/image', 4 * S, SHADES[3])
    bag.image('/image', 7 * S, SHADES[4], encoding='nonsense')
    bag.image('/image', 8 * S, SHADES[5], height=0, width=0)
    bag.image('/image', 9 * S, SHADES[6])

    frames, error = read_all(bag.close())

    assert [index_of(f) for f in frames] == [0, 6]
    assert error == ''
    assert '5 messages skipped, the first because' in caplog.text


def test_when_no_image_can_be_used_the_reason_is_the_error(new_bag, read_all):
    bag = new_bag()
    bag.image('/image', 0, SHADES[0])

    frames, error = read_all(bag.close())

    assert frames == []
    assert 'no image on /image can be used (its stamp is 0)' in error


@pytest.mark.parametrize('pixels', [np.full((4, 6), 3, np.uint8), np.full((4, 6), 3000, np.uint16),
                                    np.full((4, 6), 0.5, np.float32)])  # fmt: skip
def test_other_pixel_types_come_as_they_are(new_bag, read_all, pixels):
    bag = new_bag()
    bag.image('/depth', 5 * S, pixels)

    frame = read_all(bag.close())[0][0].frame

    np.testing.assert_array_equal(frame.pixels, pixels)
    assert frame.pixels.dtype == pixels.dtype


@pytest.mark.parametrize('padding', [0, 4])
def test_bayer_images_are_decoded_by_rosbags_image_padding_included(new_bag, read_all, padding):
    pytest.importorskip('rosbags.image')
    raw = np.zeros((16, 16 + padding), np.uint8)
    raw[0::2, 0:16:2] = 200  # only red cells of RGGB are bright
    bag = new_bag()
    fields = {'encoding': 'bayer_rggb8', 'step': 16 + padding, 'width': 16, 'data': raw.ravel()}
    bag.image('/raw', 5 * S, raw, **fields)

    frames, error = read_all(bag.close())

    assert error == ''
    red, green, blue = frames[0].frame.rgb[4:-4, 4:-4].reshape(-1, 3).mean(axis=0)
    assert red > 150 and green < 5 and blue < 5


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_closing_ends_the_frames_without_an_error(small_bag, storage):
    source = open_source(ImageSourceConfig(input=str(small_bag(storage))))
    frames = source.frames()
    next(frames)

    source.close()
    source.close()

    assert next(frames, None) is None


def test_frames_without_a_frame_id_get_the_configured_one(new_bag, read_all):
    bag = new_bag()
    bag.image('/image', 5 * S, SHADES[0], frame_id='')

    assert read_all(bag.close(), frame_id='eye')[0][0].frame.header.frame_id == 'eye'


@pytest.mark.parametrize(
    'path',
    ['bags_gps_nav_real', 'bags_rosbag2/mcap/wbag', 'bags_rosbag2/sqlite3/wbag', 'bags_rosbag2/mcap/talker',
     'bags_rosbag2/sqlite3/talker/talker.db3', 'bags_rosbag2/rosbag2_cpp/bags'],
)  # fmt: skip
def test_real_bags_without_images_say_what_they_hold(shared_data, path):
    name, _, rest = path.partition('/')

    with pytest.raises(SourceError, match='the bag holds no images. Topics: .*/msg/'):
        open_source(ImageSourceConfig(input=str(shared_data(name) / rest)))
