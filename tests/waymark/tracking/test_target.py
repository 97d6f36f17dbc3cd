# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.image.features import Features
from waymark.tracking import TrackerConfig
from waymark.tracking.target import learn_centre, load_targets


def saved(path, image):
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), image)
    return str(path)


def test_a_target_is_named_by_its_file(tmp_path, texture):
    images = (saved(tmp_path / 'pad.png', texture(1)), saved(tmp_path / 'sign.png', texture(2)))
    targets = load_targets(TrackerConfig(target_images=images))
    assert [t.target_id for t in targets] == ['pad', 'sign']
    assert targets[0].features.size_wh == (320, 240)


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r'target_images: .*absent.png.* is not a file'):
        load_targets(TrackerConfig(target_images=(str(tmp_path / 'absent.png'),)))


@pytest.mark.parametrize('content', [b'', b'not a picture', b'\x89PNG\r\n\x1a\n'])
def test_a_file_that_is_no_picture_is_named(tmp_path, content):
    path = tmp_path / 'broken.png'
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r'target_images: .*broken.png.* is not a readable picture'):
        load_targets(TrackerConfig(target_images=(str(path),)))


def test_a_target_of_one_colour_is_refused_by_name(tmp_path):
    path = saved(tmp_path / 'wall.png', np.full((200, 200), 90, np.uint8))
    with pytest.raises(ConfigError, match=r'wall.png.* has too little texture: 0 keypoints of 50 needed'):
        load_targets(TrackerConfig(target_images=(path,)))


def test_two_targets_of_one_name_are_refused(tmp_path, texture):
    images = tuple(saved(tmp_path / d / 'pad.png', texture(1)) for d in ('a', 'b'))
    with pytest.raises(ConfigError, match="two targets are named 'pad'"):
        load_targets(TrackerConfig(target_images=images))


def test_the_centre_of_an_image_is_its_middle_half_with_the_keypoints_of_the_whole():
    points = np.array([[9, 20], [10, 5], [10, 20], [29, 20], [30, 20]], np.float32)
    descriptors = np.arange(5 * 32, dtype=np.uint8).reshape(5, 32)
    whole = Features(points, descriptors, (40, 40))
    centre = learn_centre('middle', whole, TrackerConfig(min_target_features=4))
    assert centre is None  # only two of the five lie inside
    whole = Features(np.repeat(points, 2, axis=0), np.repeat(descriptors, 2, axis=0), (40, 40))
    centre = learn_centre('middle', whole, TrackerConfig(min_target_features=4))
    assert centre.features.size_wh == (20, 20)
    np.testing.assert_array_equal(centre.features.keypoints, [[0, 10], [0, 10], [19, 10], [19, 10]])
    np.testing.assert_array_equal(centre.features.descriptors[::2], descriptors[2:4])
