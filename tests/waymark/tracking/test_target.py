# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.tracking import TrackerConfig, learn_target
from waymark.tracking.target import with_view

CONFIG = TrackerConfig()
ASIDE = np.array([[0.8, 0.05, 20], [0.02, 0.9, 8], [0.0006, 0.0001, 1]])


def test_a_box_is_learnt_in_its_own_pixels(texture):
    image = texture(3, (640, 480))
    target = learn_target('sign', image, CONFIG, 0.4, (100, 60, 320, 240))
    assert (target.size_wh, target.width_m) == ((320, 240), 0.4)
    points = target.features.keypoints
    assert (points >= 0).all() and (points <= (319, 239)).all()
    assert points[:, 1].min() < 12  # described across the box's edge: a keypoint needs 31 px about it
    small = target.views[0].followed[0]
    expected = cv2.resize(image[60:300, 100:420], small.size_wh, interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(small.gray, expected)


@pytest.mark.parametrize('box', [(-1, 0, 99, 99), (0, 0, 321, 99), (300, 200, 30, 50)])
def test_a_box_beyond_the_image_is_refused(texture, box):
    with pytest.raises(ConfigError, match='reaches beyond the image of 320x240 px'):
        learn_target('sign', texture(1), CONFIG, 0.0, box)


def test_a_box_of_a_few_pixels_is_refused(texture):
    with pytest.raises(ConfigError, match='a target of 23x60 px is too small: 24 px a side are needed'):
        learn_target('sign', texture(1), CONFIG, 0.0, (0, 0, 23, 60))


@pytest.mark.parametrize('shade', [0, 90, 255])
def test_a_picture_of_one_colour_is_refused(shade):
    with pytest.raises(ConfigError, match="target 'wall' has too little texture: 0 keypoints of 50 needed"):
        learn_target('wall', np.full((240, 320), shade, np.uint8), CONFIG)


def test_keypoints_of_a_further_view_lie_where_the_first_picture_has_them(texture):
    picture = texture(1)
    target = learn_target('pad', picture, CONFIG)
    aside = cv2.warpPerspective(picture, ASIDE, (360, 260), borderValue=90)
    both = with_view(target, aside, CONFIG)
    view = both.views[1]
    assert view.features.size_wh == target.size_wh
    # The view's picture is the first one again, seen from elsewhere and warped back.
    again = view.templates[0]
    difference = np.abs(again.gray.astype(int) - target.views[0].templates[0].gray)[again.shown]
    assert again.shown.mean() > 0.9 and np.median(difference) <= 6


def test_a_view_of_something_else_is_refused(texture):
    target = learn_target('pad', texture(1), CONFIG)
    with pytest.raises(ConfigError, match="a further picture of 'pad' does not show what its first one shows"):
        with_view(target, texture(2), CONFIG)
