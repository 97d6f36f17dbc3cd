# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a map file: it opens with what it should hold, or a sentence says what to do."""

import contextlib
import os
import re
import sqlite3
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from waymark.errors import MapError
from waymark.maps import MapInfo, create_map, open_map, save_map
from waymark.maps.lock import WriterLock
from waymark.maps.schema import SCHEMA_VERSION

REMEDY = 'Copy it again|copy it again|Give a|Update Waymark|copy the map'


def outcome(path, contents_of):
    """What a map file holds, or the sentence why it can't be told; anything else is a fault of ours."""
    try:
        with open_map(path) as file:
            return contents_of(file.load())
    except MapError as error:
        return str(error)


def is_said(found):
    return isinstance(found, str) and any(part in found for part in REMEDY.split('|'))


@pytest.fixture
def saved(tmp_path, make_map):
    place_map = make_map(12)
    save_map(tmp_path / 'a.map', place_map)
    return tmp_path / 'a.map', place_map


def flip(data, position, bit):
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


def test_a_flipped_bit_anywhere_changes_nothing_or_is_told(saved, tmp_path, contents_of):
    path, place_map = saved
    data, whole = path.read_bytes(), contents_of(place_map)
    rng = np.random.default_rng(5)
    # The first 100 bytes one by one (SQLite's header), then the tables' definitions, then anywhere.
    positions = [*range(100), *range(100, 2000, 40), *rng.integers(100, len(data), 300)]
    told = 0
    for number, position in enumerate(positions):
        path.write_bytes(flip(data, position, number % 8))
        found = outcome(path, contents_of)
        assert found == whole or is_said(found), (position, found)
        told += found != whole
    assert told > 100


@pytest.mark.parametrize('share', [0, 0.001, 0.02, 0.1, 0.5, 0.9, 0.99, 0.99999])
def test_a_truncated_map_is_told(saved, contents_of, share):
    path, _ = saved
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert is_said(outcome(path, contents_of))


def test_damaged_keyframes_are_named(saved, contents_of):
    path, place_map = saved
    data = path.read_bytes()
    for keyframe_id in (3, 7):
        at = data.index(place_map.keyframes[keyframe_id].vector.tobytes())
        data = flip(data, at + 5, 2)
    at = data.index(place_map.keyframes[9].features.descriptors[:4].tobytes())
    path.write_bytes(flip(data, at, 0))
    said = outcome(path, contents_of)
    assert 'keyframe 3: keyframe does not match its checksum, keyframe 7: keyframe' in said
    assert 'keyframe 9: features do not match the checksum' in said


@pytest.mark.parametrize(
    ('statement', 'said'),
    [
        ('DELETE FROM keyframes WHERE keyframe_id = 4', 'keyframe 4: keyframe missing'),
        ('DELETE FROM features WHERE keyframe_id = 4', 'keyframe 4: features missing'),
        ('DELETE FROM links', 'links missing: 0 of 1 are there'),
        ('DELETE FROM routes', r'routes missing: numbers \[0\]'),
        ("DELETE FROM facts WHERE name = 'contents'", 'does not say'),
        ('UPDATE links SET inliers = 99', 'the link of keyframes 11 and 0 does not match'),
        ("UPDATE routes SET name = 'other'", "route 'other' .number 0. does not match"),
        ('UPDATE keyframes SET stamp_ns = 5 WHERE keyframe_id = 2', 'keyframe 2: keyframe does not match'),
        ('UPDATE facts SET value = replace(value, "random-16", "random-61")', 'does not match its checksum'),
        ('DROP TABLE features', 'features can not be read'),
        ('INSERT INTO keyframes (keyframe_id) VALUES (40)', 'keyframe 40'),
    ],
)
def test_what_is_lost_or_changed_by_hand_is_told(saved, contents_of, statement, said):
    path, _ = saved
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(MapError, match=said), open_map(path) as file:
        file.load()


def test_a_thumbnail_that_is_damaged_is_told_when_it_is_asked_for(saved):
    path, _ = saved
    connection = sqlite3.connect(path)
    connection.execute("UPDATE thumbnails SET data = x'00' WHERE keyframe_id = 5")
    connection.commit()
    connection.close()
    with open_map(path) as file:
        found = file.load()
        assert found.keyframes[4].thumbnail.shape == (60, 80, 3)
        with pytest.raises(MapError, match='the thumbnail data of keyframe 5 does not match its checksum'):
            _ = found.keyframes[5].thumbnail


def test_a_map_of_a_later_version_is_refused_and_left_alone(saved, contents_of):
    path, _ = saved
    connection = sqlite3.connect(path)
    connection.execute(f'PRAGMA user_version = {SCHEMA_VERSION + 1}')
    connection.close()
    before = path.read_bytes()
    for writing in (False, True):
        with pytest.raises(MapError, match=f'later Waymark .map version {SCHEMA_VERSION + 1}.*Update Waymark'):
            open_map(path, writing=writing)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda p: None, 'there is no map'),
        (lambda p: p.mkdir(), 'is a folder'),
        (lambda p: p.write_bytes(b''), 'no Waymark map'),
        (lambda p: p.write_bytes(b'x' * 5000), 'no Waymark map'),
        (lambda p: sqlite3.connect(p).execute('CREATE TABLE t (a)').connection.close(), 'no Waymark map'),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, make, said):
    make(tmp_path / 'a.map')
    for writing in (False, True):
        with pytest.raises(MapError, match=said):
            open_map(tmp_path / 'a.map', writing=writing)
    assert not (tmp_path / 'a.map.lock').exists()


def test_a_second_writer_is_refused_by_the_name_of_the_first(tmp_path, make_map, keyframe):
    path = tmp_path / 'a.map'
    program = re.escape(Path(sys.argv[0]).name.replace('__main__.py', 'pytest'))
    said = rf'is being written by process {os.getpid()} \({program}.*\). Stop that writer'
    with create_map(path, MapInfo('f', 'm')) as file:
        for attempt in (
            lambda: open_map(path, writing=True),
            lambda: save_map(path, make_map(2)),
            lambda: create_map(path, MapInfo('f', 'm')),
        ):
            with pytest.raises(MapError, match=said):
                attempt()
        file.append(keyframe(0))
    open_map(path, writing=True).close()


def test_a_lock_file_that_a_dead_process_left_is_no_lock(tmp_path):
    (tmp_path / 'a.map.lock').write_text('process 1 (gone)\n')
    WriterLock(tmp_path / 'a.map').release()
    assert not (tmp_path / 'a.map.lock').exists()


def test_one_of_many_who_want_the_lock_gets_it(tmp_path):
    got, barrier = [], threading.Barrier(8)

    def want():
        barrier.wait()
        with contextlib.suppress(MapError):
            got.append(WriterLock(tmp_path / 'a.map'))

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    got[0].release()


def test_a_wal_whose_map_is_gone_is_not_taken_for_the_new_ones(tmp_path, make_map):
    (tmp_path / 'a.map-wal').write_bytes(b'old')
    with pytest.raises(MapError, match="'a.map-wal' beside it belongs to a map that is gone"):
        save_map(tmp_path / 'a.map', make_map(2))
