# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.errors import MapError
from waymark.image.camera import CameraModel
from waymark.maps import MapInfo, MapPose, PlaceMap, open_map, save_map
from waymark.maps.merging import merge, without_poses

CAMERA = CameraModel((640, 480), np.diag([500.0, 500.0, 1.0]), np.zeros(5))
OTHER = CameraModel((640, 480), np.diag([510.0, 510.0, 1.0]), np.zeros(5))


def test_all_of_both_maps_is_in_the_merged_one_without_collision(make_map, tmp_path, contents_of):
    first, second = make_map(9), make_map(7)
    first.remove(8)
    without_poses(second)
    second.link(6, 1, 40)
    save_map(tmp_path / 'b.map', second)
    with open_map(tmp_path / 'b.map') as file:
        merged = merge(first, file.load())
        assert list(merged.keyframes) == [*range(8), *range(9, 16)]
        assert [(k.first, k.second, k.inliers) for k in merged.links] == [(15, 9, 57), (15, 10, 40)]
        named = [(r.route_id, r.name, r.keyframe_ids) for r in merged.routes.values()]
        assert named == [(0, 'patrol', (2, 3, 4)), (1, 'patrol (2)', (11, 12, 13))]
        assert merged.routes[1].relative[1] == MapPose((1.0, 0.0, 0.0))
        assert merged.next_id == 16 and merged.info.map_id not in (first.info.map_id, second.info.map_id)
        assert merged.keyframes[10].labels == ('door',) and merged.keyframes[10].place_id == 10
        save_map(tmp_path / 'c.map', merged)
    with open_map(tmp_path / 'c.map') as file:
        assert contents_of(file.load()) == contents_of(merged_again(first, second, merged))


def merged_again(first, second, merged):
    """The same from memory alone."""
    again = merge(first, second)
    again.info = merged.info
    return again


def test_merging_with_an_empty_map_changes_only_the_ids(make_map):
    empty = PlaceMap(make_map(0).info, next_id=5)
    assert list(merge(empty, make_map(3)).keyframes) == [5, 6, 7]
    assert list(merge(make_map(3), empty).keyframes) == [0, 1, 2]


def test_maps_of_different_encoders_are_refused(make_map):
    with pytest.raises(MapError, match="was made by encoder 'random-16'.*reencode.*translate"):
        merge(make_map(2), PlaceMap(MapInfo('0b' * 32, 'other')))


@pytest.mark.parametrize(('a', 'b', 'camera'), [(CAMERA, CAMERA, CAMERA), (CAMERA, None, None), (None, None, None)])
def test_the_camera_stays_where_it_holds_for_all(a, b, camera):
    merged = merge(PlaceMap(MapInfo('f', 'm', a)), PlaceMap(MapInfo('f', 'm', b)))
    assert (merged.info.camera is None) == (camera is None)


def test_different_cameras_are_refused():
    with pytest.raises(MapError, match='different cameras .640x480 px, fx 500 and .*--any-camera'):
        merge(PlaceMap(MapInfo('f', 'm', CAMERA)), PlaceMap(MapInfo('f', 'm', OTHER)))


def test_poses_of_two_frames_are_not_mixed(make_map):
    first, second = make_map(3), make_map(3)
    with pytest.raises(MapError, match='both maps carry poses.*--one-frame.*--no-poses'):
        merge(first, second)
    assert merge(first, second, one_frame=True).keyframes[5].pose == second.keyframes[2].pose
    without_poses(first)
    without_poses(second)
    assert all(k.pose is None for k in merge(first, second).keyframes.values())
