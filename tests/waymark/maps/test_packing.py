# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.features import Features
from waymark.maps import MapPose, Route, packing


def features(points, size_wh=(1280, 720), width=32):
    points = np.asarray(points, np.float32).reshape(-1, 2)
    descriptors = np.arange(len(points) * width, dtype=np.uint8).reshape(len(points), width)
    return Features(points, descriptors, size_wh)


@pytest.mark.parametrize('count', [0, 1, 500])
@pytest.mark.parametrize('width', [32, 61])
def test_keypoints_move_by_a_hundredth_of_a_pixel_and_descriptors_not_at_all(count, width):
    packed = features(np.random.default_rng(0).random((count, 2)) * [1280, 720] - 0.5, width=width)
    found = packing.unpack_features(packing.pack_features(packed))
    np.testing.assert_allclose(found.keypoints, packed.keypoints, atol=0.0101)
    np.testing.assert_array_equal(found.descriptors, packed.descriptors)
    assert found.size_wh == (1280, 720)
    assert packing.pack_features(found) == packing.pack_features(packed), 'they move once, not at each saving'


@pytest.mark.parametrize('outside', [(-0.6, 5), (1279.6, 5), (5, -3), (5, 1000)])
def test_keypoints_outside_the_image_stay_where_they_are(outside):
    packed = features([(1 / 3, 0.1), outside])
    found = packing.unpack_features(packing.pack_features(packed))
    np.testing.assert_array_equal(found.keypoints, packed.keypoints)


@pytest.mark.parametrize('data', [b'', b'abc', b'\x07' * 40, packing.pack_features(features([(1, 1)]))[:-1]])
def test_other_bytes_are_no_features(data):
    with pytest.raises(ValueError, match='bytes are no features'):
        packing.unpack_features(data)


@pytest.mark.parametrize(('ids', 'text'), [([], ''), ([4], '4'), ([0, 1, 2, 5, 7, 8], '0-2,5,7-8')])
def test_ids_are_kept_as_ranges(ids, text):
    assert packing.pack_ids(ids) == text
    assert packing.unpack_ids(text) == ids


def test_a_route_keeps_every_digit():
    H = np.random.default_rng(1).standard_normal((3, 3)) / 3
    pose = MapPose((0.1, 1 / 3, -2.0), (0.0, 0.6, 0.0, 0.8))
    route = Route(3, 'way', (5, 2, 9, 4), (H, None, pose))
    found = packing.unpack_route(3, 'way', '[5, 2, 9, 4]', packing.pack_relative(route.relative))
    np.testing.assert_array_equal(found.relative[0], H)
    assert found.relative[1:] == (None, pose) and found.keyframe_ids == route.keyframe_ids


def test_a_checksum_sees_which_column_a_value_is_in_and_of_which_type():
    sums = [
        {'a': 'x', 'b': 'y'},
        {'a': 'xy', 'b': ''},
        {'b': 'x', 'a': 'y'},
        {'a': b'x', 'b': 'y'},
        {'a': 1},
        {'a': '1'},
    ]
    assert len({packing.row_digest('t', s) for s in sums} | {packing.row_digest('u', sums[0])}) == 7


def test_a_new_empty_column_leaves_checksums_as_they_are():
    assert packing.row_digest('t', {'a': 1}) == packing.row_digest('t', {'a': 1, 'added_later': None})
