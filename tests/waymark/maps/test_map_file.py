# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from waymark.errors import MapError
from waymark.image.camera import CameraModel
from waymark.maps import Link, MapInfo, PlaceMap, create_map, open_map, save_map
from waymark.maps.stored import StoredKeyframe


def test_a_saved_map_comes_back_whole(tmp_path, make_map, contents_of):
    place_map = make_map(9)
    save_map(tmp_path / 'a.map', place_map)
    with open_map(tmp_path / 'a.map') as file:
        found = file.load()
        assert contents_of(found) == contents_of(place_map)
    assert [p.name for p in tmp_path.iterdir()] == ['a.map'], 'a closed map is one file'


def test_an_empty_map_comes_back_with_its_camera(tmp_path):
    camera = CameraModel((640, 480), np.diag([500.25, 501.5, 1.0]), np.array([0.1, -0.2, 0, 0, 0.3]))
    save_map(tmp_path / 'a.map', PlaceMap(MapInfo('f', 'm', camera)))
    with open_map(tmp_path / 'a.map') as file:
        found = file.load()
    assert len(found) == 0 and found.next_id == 0 and found.info.camera.size_wh == (640, 480)
    np.testing.assert_array_equal(found.info.camera.K, camera.K)
    np.testing.assert_array_equal(found.info.camera.D, camera.D)


def test_what_is_appended_is_in_the_file_and_its_features_leave_memory(tmp_path, keyframe, contents_of):
    place_map = PlaceMap(MapInfo('f', 'm'))
    with create_map(tmp_path / 'a.map', place_map.info) as file:
        for i in range(5):
            place_map.add(file.append(keyframe(i)))
        assert isinstance(place_map.keyframes[3], StoredKeyframe)
        before = contents_of(place_map)  # from what waits in memory
        file.flush()
        assert contents_of(place_map) == before, 'from the file'
        with open_map(tmp_path / 'a.map') as reader:
            assert contents_of(reader.load()) == before
        place_map.link(4, 0, 33)
        file.link(Link(4, 0, 33))
        file.add_route(place_map.add_route('out', [0, 1, 2]))
        place_map.remove(3)
        file.remove(3)
        place_map.replace(file.replace(replace(place_map.keyframes[1], labels=('door',))))
        after = contents_of(place_map)
    with open_map(tmp_path / 'a.map') as file:
        assert contents_of(file.load()) == after
    assert [p.name for p in tmp_path.iterdir()] == ['a.map']


def test_ids_are_never_used_again(tmp_path, keyframe):
    with create_map(tmp_path / 'a.map', MapInfo('f', 'm')) as file:
        for i in range(3):
            file.append(keyframe(i))
        file.remove(2)
        with pytest.raises(ValueError, match='keyframe_id: expected at least 3, got 2'):
            file.append(keyframe(2))
    with open_map(tmp_path / 'a.map', writing=True) as file:
        assert file.load().next_id == 3
        with pytest.raises(ValueError, match='expected at least 3'):
            file.append(keyframe(2))


def test_another_encoder_is_refused_with_the_right_one_and_both_remedies(tmp_path, make_map):
    save_map(tmp_path / 'a.map', make_map(2))
    said = r"random-16' \(fingerprint a1a1.*has fingerprint 00ff.*Use encoder 'random-16'.*map reencode.*map translate"
    with pytest.raises(MapError, match=said):
        open_map(tmp_path / 'a.map', fingerprint='00ff' * 16)
    open_map(tmp_path / 'a.map', fingerprint='a1' * 32).close()


def test_a_file_that_holds_another_map_is_not_overwritten(tmp_path, make_map, contents_of):
    first, second = make_map(3), make_map(4)
    save_map(tmp_path / 'a.map', first)
    with pytest.raises(MapError, match='holds another map .* which would be lost'):
        save_map(tmp_path / 'a.map', second)
    save_map(tmp_path / 'a.map', second, replace=True)
    with open_map(tmp_path / 'a.map') as file:
        assert contents_of(file.load()) == contents_of(second)


def test_saving_while_others_read_leaves_them_their_keyframes(tmp_path, make_map, contents_of):
    place_map = make_map(9)
    save_map(tmp_path / 'a.map', place_map)
    with open_map(tmp_path / 'a.map') as reader:
        held = reader.load()
        place_map.remove(8)
        save_map(tmp_path / 'a.map', place_map)
        assert len(held.keyframes[5].features) == 40
        assert contents_of(reader.load()) == contents_of(place_map)


def test_a_map_open_for_reading_takes_nothing(tmp_path, make_map, keyframe):
    save_map(tmp_path / 'a.map', make_map(2))
    with open_map(tmp_path / 'a.map') as file, pytest.raises(MapError, match='open for reading only'):
        file.append(keyframe(2))


def test_a_map_on_a_read_only_disk_opens(tmp_path, make_map, contents_of):
    place_map = make_map(3)
    (tmp_path / 'd').mkdir()
    save_map(tmp_path / 'd' / 'a.map', place_map)
    (tmp_path / 'd' / 'a.map').chmod(0o444)
    (tmp_path / 'd').chmod(0o555)
    try:
        with open_map(tmp_path / 'd' / 'a.map') as file:
            assert contents_of(file.load()) == contents_of(place_map)
    finally:
        (tmp_path / 'd').chmod(0o755)


def test_keyframes_of_a_closed_map_say_so(tmp_path, make_map):
    save_map(tmp_path / 'a.map', make_map(2))
    with open_map(tmp_path / 'a.map') as file:
        found = file.load()
    with pytest.raises(MapError, match='was closed. Keep it open'):
        _ = found.keyframes[0].features


def test_replacing_a_field_of_a_stored_keyframe_gives_a_plain_one(tmp_path, make_map):
    save_map(tmp_path / 'a.map', make_map(2))
    with open_map(tmp_path / 'a.map') as file:
        stored = file.load().keyframes[1]
        plain = replace(stored, place_id=0)
    assert not isinstance(plain, StoredKeyframe) and plain.place_id == 0 and len(plain.features) == 40


def test_a_vector_of_another_length_never_gets_into_the_file(tmp_path, keyframe):
    with create_map(tmp_path / 'a.map', MapInfo('f', 'm')) as file:
        file.append(keyframe(0))
        with pytest.raises(ValueError, match=r'vector: expected shape \(16,\), got \(8,\)'):
            file.append(keyframe(1, dim=8))
    with open_map(tmp_path / 'a.map', writing=True) as file, pytest.raises(ValueError, match='expected shape'):
        file.append(keyframe(1, dim=8))


def test_a_map_has_one_writer_by_whatever_name_it_is_opened(tmp_path):
    (tmp_path / 'link.map').symlink_to(tmp_path / 'a.map')
    with create_map(tmp_path / 'a.map', MapInfo('f', 'm')), pytest.raises(MapError, match='is being written by'):
        open_map(tmp_path / 'link.map', writing=True)


def test_text_vectors_are_kept_with_the_name_of_their_encoder(tmp_path, keyframe):
    text = np.array([0.6, 0.8], np.float32)
    info = MapInfo('f', 'm', text_fingerprint='tf', text_model_id='clip')
    save_map(tmp_path / 'a.map', PlaceMap(info, [keyframe(0), keyframe(1, text_vector=text)]))
    with open_map(tmp_path / 'a.map') as file:
        found = file.load()
    assert (found.info.text_fingerprint, found.info.text_model_id) == ('tf', 'clip')
    ids, vectors = found.text_vectors()
    assert ids.tolist() == [1]
    np.testing.assert_array_equal(vectors, [text])
