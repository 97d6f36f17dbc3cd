# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.tracking import TrackerConfig
from waymark.tracking.pictures import load_targets

ASIDE = np.array([[0.8, 0.05, 20], [0.02, 0.9, 8], [0.0006, 0.0001, 1]])


def saved(path, image):
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), image)
    return str(path)


def test_a_target_is_named_by_its_file(tmp_path, texture):
    images = (saved(tmp_path / 'pad.png', texture(1)), saved(tmp_path / 'sign.png', texture(2)))
    targets = load_targets(TrackerConfig(target_images=images))
    assert [t.target_id for t in targets] == ['pad', 'sign']
    assert targets[0].size_wh == (320, 240)


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
    with pytest.raises(ConfigError, match=r"wall.png.* target 'wall' has too little texture: 0 keypoints of 50 needed"):
        load_targets(TrackerConfig(target_images=(path,)))


def test_two_targets_of_one_name_are_refused(tmp_path, texture):
    images = tuple(saved(tmp_path / d / 'pad.png', texture(1)) for d in ('a', 'b'))
    with pytest.raises(ConfigError, match="two targets are named 'pad'"):
        load_targets(TrackerConfig(target_images=images))


def test_a_further_view_belongs_to_the_target_before_the_at(tmp_path, texture):
    picture = texture(1)
    aside = cv2.warpPerspective(picture, ASIDE, (320, 240), borderValue=90)
    images = (saved(tmp_path / 'pad@left.png', aside), saved(tmp_path / 'pad.png', picture))
    [target] = load_targets(TrackerConfig(target_images=images))
    assert (target.target_id, len(target.views)) == ('pad', 2)
    assert len(target.features) == sum(len(v.features) for v in target.views)


def test_a_view_without_its_first_picture_is_refused(tmp_path, texture):
    path = saved(tmp_path / 'pad@left.png', texture(1))
    with pytest.raises(ConfigError, match="further view of 'pad', whose first picture is not among them"):
        load_targets(TrackerConfig(target_images=(path,)))
