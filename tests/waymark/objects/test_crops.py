# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from tests.support.rectangle_finder import draw

from waymark.boxes import corners
from waymark.objects.crops import MARGIN, crop


def picture(box, colour=(250, 30, 30), size_wh=(200, 160)):
    rgb = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    draw(rgb, corners(box), colour)
    return rgb


@pytest.mark.parametrize('theta', [0.0, 0.4, -0.7, 1.2, -1.5])
def test_the_object_stands_upright_in_the_middle_of_a_square(theta):
    box = np.array([95.0, 80, 60, 20, theta])
    cut = crop(picture(box), box)
    assert cut.shape[0] == cut.shape[1] == round(60 * (1 + 2 * MARGIN))
    is_red = (cut[..., 0] > 200) & (cut[..., 1] < 60)
    rows, columns = np.nonzero(is_red)
    lies = abs(theta) <= np.pi / 4  # turned by 45 degrees at most: what stands stays standing
    wide, high = (60, 20) if lies else (20, 60)
    assert np.ptp(columns) + 1 == pytest.approx(wide, abs=2) and np.ptp(rows) + 1 == pytest.approx(high, abs=2)
    middle = (len(cut) - 1) / 2
    assert (columns.mean(), rows.mean()) == pytest.approx((middle, middle), abs=0.6)
    assert (cut[0] == 127).all() or (cut[:, 0] == 127).all()  # neighbours along the short side are not shown


def test_up_stays_up():
    box = np.array([100.0, 80, 60, 20, -np.pi / 2])  # a box that stands, as upright detectors give it
    rgb = picture(box)
    rgb[50:60, 90:111] = 0, 0, 250  # its upper end is blue
    cut = crop(rgb, box)
    blue = np.nonzero(cut[..., 2] > 200)
    assert blue[0].max() < len(cut) / 2


def test_beyond_the_image_it_is_gray_and_large_objects_are_made_smaller():
    outside = crop(picture((100, 80, 60, 20, 0)), (-500, -500, 40, 20, 0.3))
    assert (outside == 127).all()
    large = crop(np.zeros((1500, 2000, 3), np.uint8), (1000, 700, 1800, 900, 0.1))
    assert max(large.shape) == 640
    assert crop(picture((100, 80, 60, 20, 0)), (100, 80, 0, 0, 0)).shape == (1, 1, 3)


def test_what_is_no_box_is_refused():
    with pytest.raises(ValueError, match='box'):
        crop(np.zeros((9, 9, 3), np.uint8), (1, 2, 3, 4))
    with pytest.raises(ValueError, match='rgb: expected shape'):
        crop(np.zeros((9, 9), np.uint8), (1, 2, 3, 4, 0))
