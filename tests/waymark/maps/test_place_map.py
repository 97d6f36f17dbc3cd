# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.errors import MapError
from waymark.maps import Keyframe, MapInfo, MapPose, PlaceMap, Route, encode_thumbnail

INFO = MapInfo('f', 'm')


@pytest.mark.parametrize('count', [0, 1, 5])
def test_vectors_are_rows_in_order_of_ids(make_map, count):
    ids, vectors = make_map(count).vectors()
    assert ids.tolist() == list(range(count))
    assert vectors.shape == (count, 16 if count else 0) and vectors.dtype == np.float32


def test_an_id_is_used_once(keyframe):
    place_map = PlaceMap(INFO, [keyframe(0), keyframe(4)])
    place_map.remove(4)
    assert place_map.next_id == 5
    with pytest.raises(ValueError, match='keyframe_id: expected at least 5, got 4'):
        place_map.add(keyframe(4))


def test_a_vector_of_another_length_is_refused(keyframe):
    place_map = PlaceMap(INFO, [keyframe(0)])
    with pytest.raises(ValueError, match=r'vector: expected shape \(16,\), got \(8,\)'):
        place_map.add(keyframe(1, dim=8))


def test_what_a_route_needs_stays_and_links_go_with_their_keyframes(make_map):
    place_map = make_map(9)
    with pytest.raises(MapError, match="keyframe 3 belongs to route 'patrol'. Remove the route first"):
        place_map.remove(3)
    place_map.remove(8)
    assert place_map.links == () and place_map.routed_ids == {2, 3, 4}
    place_map.remove_route(0)
    place_map.remove(3)
    assert list(place_map.keyframes) == [0, 1, 2, 4, 5, 6, 7]


def test_a_pair_is_linked_once(make_map):
    place_map = make_map(3)
    place_map.link(2, 0, 20)
    place_map.link(0, 2, 31)
    assert [(k.first, k.second, k.inliers) for k in place_map.links] == [(0, 2, 31)]


@pytest.mark.parametrize(
    'act',
    [
        lambda m: m.link(0, 9, 20),
        lambda m: m.remove(9),
        lambda m: m.add_route('r', [0, 9]),
        lambda m: m.put_route(Route(0, 'r', (9,))),
    ],
)
def test_what_names_no_keyframe_is_refused(make_map, act):
    with pytest.raises(ValueError, match='keyframe 9 is not in the map'):
        act(make_map(3))


def test_a_link_of_a_keyframe_with_itself_is_refused(make_map):
    with pytest.raises(ValueError, match='keyframe 1 can not be linked to itself'):
        make_map(3).link(1, 1, 20)


def test_a_route_has_one_step_fewer_than_keyframes():
    with pytest.raises(ValueError, match='relative: expected 2 entries, got 1'):
        Route(0, 'r', (0, 1, 2), (None,))
    with pytest.raises(ValueError, match=r'relative: expected shape \(3, 3\), got \(2, 2\)'):
        Route(0, 'r', (0, 1), (np.eye(2),))


@pytest.mark.parametrize('pose', [((0, 0, np.nan), (0, 0, 0, 1)), ((0, 0, 0), (0, 0, 0, 2)), ((0, 0), (0, 0, 0, 1))])
def test_what_is_no_pose_is_refused(pose):
    with pytest.raises(ValueError, match='pose: expected|expected a unit quaternion'):
        MapPose(*pose)


def test_a_keyframe_of_other_types_is_refused(keyframe):
    with pytest.raises(ValueError, match='vector: expected dtype float32, got float64'):
        keyframe(0, vector=np.zeros(3))
    with pytest.raises(ValueError, match='text_vector: expected shape'):
        keyframe(0, text_vector=np.zeros((1, 3), np.float32))


@pytest.mark.parametrize(
    ('size_wh', 'small_wh'),
    [((1280, 720), (320, 180)), ((90, 3000), (10, 320)), ((5000, 2), (320, 1)), ((40, 30), (40, 30))],
)
def test_thumbnails_keep_their_aspect_and_colour(keyframe, size_wh, small_wh):
    rgb = np.full((size_wh[1], size_wh[0], 3), (200, 40, 90), np.uint8)
    view: Keyframe = keyframe(0, thumbnail_jpeg=encode_thumbnail(rgb))
    assert view.thumbnail.shape == (small_wh[1], small_wh[0], 3) and view.has_thumbnail
    assert np.abs(view.thumbnail.astype(int) - (200, 40, 90)).max() <= 3


def test_without_a_thumbnail_there_is_none(keyframe):
    view = keyframe(0, thumbnail_jpeg=None)
    assert view.thumbnail is None and not view.has_thumbnail
    with pytest.raises(MapError, match='can not be shown'):
        _ = keyframe(0, thumbnail_jpeg=b'no picture').thumbnail
