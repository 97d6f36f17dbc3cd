# SPDX-License-Identifier: Apache-2.0
import sqlite3

import pytest

from waymark.errors import MapError
from waymark.maps import open_map, save_map
from waymark.maps.salvage import check_file, salvage


@pytest.fixture
def saved(tmp_path, make_map):
    place_map = make_map(12)
    save_map(tmp_path / 'a.map', place_map)
    return tmp_path / 'a.map', place_map


def execute(path, *statements):
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_whole_map_has_no_findings_and_all_of_it_is_salvaged(saved, tmp_path, contents_of):
    path, place_map = saved
    told = []
    assert check_file(path, lambda done, total: told.append((done, total))) == []
    assert told == [(n, 12) for n in range(1, 13)]
    said = salvage(path, tmp_path / 'b.map')
    assert (said.keyframes, said.lost, said.without_thumbnail, said.links, said.routes) == (12, (), (), 0, ())
    with open_map(tmp_path / 'b.map') as file:
        found = contents_of(file.load())
    assert found | {'map': ''} == contents_of(place_map) | {'map': ''}
    assert found['map'] != place_map.info.map_id, 'it may lack something, so it is another map'


def test_each_damaged_piece_is_named_and_the_rest_is_salvaged(saved, tmp_path):
    path, _ = saved
    execute(
        path,
        'UPDATE keyframes SET stamp_ns = 7 WHERE keyframe_id = 3',
        "UPDATE features SET data = x'01' WHERE keyframe_id = 8",
        "UPDATE thumbnails SET data = x'01' WHERE keyframe_id = 5",
        'DELETE FROM thumbnails WHERE keyframe_id = 6',
        'DELETE FROM keyframes WHERE keyframe_id = 11',
    )
    assert [str(finding) for finding in check_file(path)] == [
        'keyframe 3: keyframe does not match its checksum',
        'keyframe 5: thumbnail does not match the checksum',
        'keyframe 6: thumbnail missing',
        'keyframe 8: features do not match the checksum',
        'keyframe 11: keyframe missing',
    ]
    said = salvage(path, tmp_path / 'b.map')
    assert (said.keyframes, said.lost, said.without_thumbnail) == (9, (3, 8, 11), (5, 6))
    assert said.links == 1, 'keyframe 11 is gone'
    assert said.routes == ('patrol',), 'it needs keyframe 3'
    with open_map(tmp_path / 'b.map') as file:
        found = file.load()
    assert list(found.keyframes) == [0, 1, 2, 4, 5, 6, 7, 9, 10] and found.next_id == 12


def test_links_and_routes_that_are_damaged_are_counted_as_lost(saved, tmp_path):
    path, _ = saved
    execute(path, 'UPDATE links SET inliers = 0', "UPDATE routes SET name = 'x'")
    assert [finding.piece for finding in check_file(path)] == ['links', 'routes']
    said = salvage(path, tmp_path / 'b.map')
    assert (said.keyframes, said.links, said.routes) == (12, 1, ('number 0',))


def test_every_flipped_bit_in_a_blob_is_found(saved):
    path, place_map = saved
    data = path.read_bytes()
    pieces = [k.thumbnail_jpeg for k in place_map.keyframes.values()]
    pieces += [k.features.descriptors.tobytes()[:64] for k in place_map.keyframes.values()]
    for number, piece in enumerate(pieces):
        changed = bytearray(data)
        changed[data.index(piece) + 11] ^= 1 << number % 8
        path.write_bytes(changed)
        assert len(check_file(path)) == 1


def test_without_its_facts_a_map_can_not_be_salvaged(saved, tmp_path):
    path, _ = saved
    execute(path, 'DELETE FROM facts')
    with pytest.raises(MapError, match='can not be salvaged: it does not say which encoder.*Copy it again'):
        salvage(path, tmp_path / 'b.map')
    assert 'facts' in {finding.piece for finding in check_file(path)}


def test_a_page_that_sqlite_finds_wrong_is_told(saved):
    path, _ = saved
    data = bytearray(path.read_bytes())
    page = int.from_bytes(data[16:18], 'big')
    for at in range(page, len(data), page):  # the kind of page, in each but the first
        changed = bytearray(data)
        changed[at] ^= 0x55
        path.write_bytes(changed)
        assert check_file(path) != [], at // page
