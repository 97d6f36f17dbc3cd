# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waymark.image.letterbox import Letterbox
from waymark.image.preprocess import to_tensor
from waymark.types import ModelManifest

SIZES = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


def test_720p_lies_in_the_middle_of_640():
    box = Letterbox.fit((1280, 720), (640, 640))
    assert box.content_wh == (640, 360) and box.offset_xy == (0, 140) and box.scale_xy == (0.5, 0.5)


def test_corners_map_to_known_pixels():
    # Halving: the centre of the first input pixel lies between the first two of the image.
    box = Letterbox.fit((1280, 720), (640, 640))
    corners = np.array([[0, 140], [639, 140], [0, 499], [639, 499]])
    np.testing.assert_allclose(box.to_source(corners), [[0.5, 0.5], [1278.5, 0.5], [0.5, 718.5], [1278.5, 718.5]])


def test_the_outer_edges_meet():
    box = Letterbox.fit((100, 37), (64, 64))
    edges = box.to_target(np.array([[-0.5, -0.5], [99.5, 36.5]]))
    (left, top), (width, height) = box.offset_xy, box.content_wh
    np.testing.assert_allclose(edges, [[left - 0.5, top - 0.5], [left + width - 0.5, top + height - 0.5]])


def test_the_odd_pixel_of_the_border_is_on_the_right_and_below():
    assert Letterbox.fit((3, 4), (8, 8)).offset_xy == (1, 0)
    assert Letterbox.fit((4, 1), (4, 4)).offset_xy == (0, 1)


@given(SIZES, SIZES)
def test_the_way_back_is_exact_for_any_sizes(source_wh, target_wh):
    box = Letterbox.fit(source_wh, target_wh)
    points = np.array([[0, 0], [source_wh[0] - 1, source_wh[1] - 1], [source_wh[0] / 3, -7]])
    np.testing.assert_allclose(box.to_source(box.to_target(points)), points, atol=1e-6, rtol=1e-9)


@given(SIZES, SIZES)
def test_the_content_fits_and_touches_a_side(source_wh, target_wh):
    box = Letterbox.fit(source_wh, target_wh)
    ends = np.add(box.offset_xy, box.content_wh)
    assert min(box.offset_xy) >= 0 and (ends <= target_wh).all()
    assert any(c == t for c, t in zip(box.content_wh, target_wh, strict=True))


def test_boxes_go_there_and_back():
    box = Letterbox.fit((1083, 698), (640, 640))
    boxes = np.array([[0.0, 0.0, 1082.0, 697.0], [10.0, 20.0, 30.5, 41.25]])
    np.testing.assert_allclose(box.boxes_to_source(box.boxes_to_target(boxes)), boxes, atol=1e-9)
    assert box.boxes_to_source(np.zeros((0, 4))).shape == (0, 4)


@pytest.mark.parametrize(('width', 'height'), [(200, 100), (100, 200), (331, 97), (60, 61)])
def test_a_drawn_corner_is_found_where_the_letterbox_says(width, height):
    image = np.zeros((height, width, 3), np.uint8)
    image[height // 2 :, width // 2 :] = 255
    manifest = ModelManifest('m', 'a' * 64, 'here', 'Apache-2.0', (64, 64), resize='letterbox')
    bright = to_tensor(image, manifest)[0, 0] > 0.5

    box = Letterbox.fit((width, height), (64, 64))
    x, y = box.to_target(np.array([width // 2 - 0.5, height // 2 - 0.5]))
    left, top = box.offset_xy
    rows, columns = np.nonzero(bright[top : top + box.content_wh[1], left : left + box.content_wh[0]])

    assert abs(columns.min() + left - 0.5 - x) <= 0.5 and abs(rows.min() + top - 0.5 - y) <= 0.5


@pytest.mark.parametrize('sizes', [((0, 4), (8, 8)), ((4, 4), (8, -1))])
def test_a_size_of_nothing_is_refused(sizes):
    with pytest.raises(ValueError, match='sizes must be positive'):
        Letterbox.fit(*sizes)


def test_points_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r'points_px: expected shape \(..., 2\), got \(2, 3\)'):
        Letterbox.fit((4, 4), (8, 8)).to_source(np.zeros((2, 3)))
    with pytest.raises(ValueError, match='boxes_px: expected shape'):
        Letterbox.fit((4, 4), (8, 8)).boxes_to_source(np.zeros((2, 3)))
