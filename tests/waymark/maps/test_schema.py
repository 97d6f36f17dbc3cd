# SPDX-License-Identifier: Apache-2.0
"""Files of version 1 open for ever: this one is made by the test alone, with nothing of the code that reads it."""

import hashlib
import json
import sqlite3
import struct

import numpy as np
import pytest

from waymark.errors import MapError
from waymark.maps import MapPose, database, open_map
from waymark.maps.schema import MIGRATIONS

# As version 1 was; never to be changed.
VERSION_1 = """
PRAGMA application_id = 1465470283;
PRAGMA user_version = 1;
CREATE TABLE facts (fact_id INTEGER PRIMARY KEY, name TEXT, value TEXT, digest BLOB);
CREATE TABLE keyframes (
    keyframe_id INTEGER PRIMARY KEY, digest BLOB, features_digest BLOB, thumbnail_digest BLOB,
    stamp_ns INTEGER, frame_id TEXT, place_id INTEGER, vector BLOB, pose BLOB, labels TEXT, text_vector BLOB);
CREATE TABLE features (keyframe_id INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE thumbnails (keyframe_id INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE links (link_id INTEGER PRIMARY KEY, digest BLOB, first INTEGER, second INTEGER, inliers INTEGER);
CREATE TABLE routes (route_id INTEGER PRIMARY KEY, digest BLOB, name TEXT, keyframe_ids TEXT, relative TEXT);
"""
VECTOR = np.array([0.6, 0.8], '<f4')
POINTS = np.array([[0, 65535], [32768, 0]], '<u2')
DESCRIPTORS = np.arange(64, dtype=np.uint8).reshape(2, 32)
FEATURES = struct.pack('<BBIII', 1, 32, 2, 640, 480) + POINTS.tobytes() + DESCRIPTORS.tobytes()


def blake(data):
    return hashlib.blake2b(data, digest_size=16).digest()


def insert(connection, table, **columns):
    """Insert a row with its checksum: of the table and each column's name, type, length and value, by name."""
    text = table.encode()
    for name in sorted(columns):
        value = columns[name]
        data = value if isinstance(value, bytes) else str(value).encode()
        text += f'|{name}:{type(value).__name__}:{len(data)}:'.encode() + data
    columns['digest'] = blake(text)
    marks = ', '.join('?' * len(columns))
    connection.execute(f'INSERT INTO {table} ({", ".join(columns)}) VALUES ({marks})', tuple(columns.values()))


@pytest.fixture
def version_1(tmp_path):
    """Keyframes 0 and 2, one with everything, one with nothing optional; a link and a route."""
    path = tmp_path / 'old.map'
    db = sqlite3.connect(path)
    db.executescript(VERSION_1)
    info = {'fingerprint': 'f1', 'model_id': 'm1', 'text_fingerprint': 't1', 'text_model_id': 't', 'map_id': 'id1'}
    camera = {'size_wh': [640, 480], 'K': [500, 0, 320, 0, 500, 240, 0, 0, 1], 'D': [0.1, 0, 0, 0, 0]}
    insert(db, 'facts', name='info', value=json.dumps(info | {'camera': camera, 'written_by': 'waymark 0.1.0'}))
    contents = {'keyframes': '0,2', 'next_id': 5, 'links': 1, 'routes': '3'}
    insert(db, 'facts', name='contents', value=json.dumps(contents))
    common = {'features_digest': blake(FEATURES), 'frame_id': 'cam', 'place_id': 0, 'vector': VECTOR.tobytes()}
    optional = {
        'thumbnail_digest': blake(b'jpeg'),
        'pose': struct.pack('<7d', 1, 2, 3, 0, 0, 0, 1),
        'labels': '["door", "stairs"]',
        'text_vector': np.array([1, 0, 0], '<f4').tobytes(),
    }
    insert(db, 'keyframes', keyframe_id=0, stamp_ns=10**18, **common, **optional)
    insert(db, 'keyframes', keyframe_id=2, stamp_ns=10**18 + 1, **common)
    for keyframe_id in (0, 2):
        db.execute('INSERT INTO features VALUES (?, ?)', (keyframe_id, FEATURES))
    db.execute('INSERT INTO thumbnails VALUES (0, ?)', (b'jpeg',))
    insert(db, 'links', first=2, second=0, inliers=44)
    relative = [{'H': [1, 0, 5, 0, 1, 6, 0, 0, 1]}]
    insert(db, 'routes', route_id=3, name='out', keyframe_ids='[0, 2]', relative=json.dumps(relative))
    db.commit()
    db.close()
    return path


def require_all(place_map):
    info, first, second = place_map.info, place_map.keyframes[0], place_map.keyframes[2]
    assert (info.fingerprint, info.model_id, info.text_fingerprint, info.map_id) == ('f1', 'm1', 't1', 'id1')
    assert info.camera.size_wh == (640, 480) and info.camera.K[0, 2] == 320 and info.camera.D[0] == 0.1
    assert list(place_map.keyframes) == [0, 2] and place_map.next_id == 5
    assert (first.header.stamp_ns, first.header.frame_id, first.place_id) == (10**18, 'cam', 0)
    assert first.pose == MapPose((1, 2, 3)) and first.labels == ('door', 'stairs')
    assert first.thumbnail_jpeg == b'jpeg' and first.text_vector.tolist() == [1, 0, 0]
    assert (second.pose, second.labels, second.thumbnail_jpeg, second.text_vector) == (None, (), None, None)
    for keyframe in (first, second):
        np.testing.assert_array_equal(keyframe.vector, VECTOR)
        np.testing.assert_array_equal(keyframe.features.descriptors, DESCRIPTORS)
        np.testing.assert_allclose(keyframe.features.keypoints, [[-0.5, 479.5], [319.505, -0.5]], atol=1e-3)
    assert [(k.first, k.second, k.inliers) for k in place_map.links] == [(2, 0, 44)]
    route = place_map.routes[3]
    assert (route.name, route.keyframe_ids, route.relative[0][0, 2]) == ('out', (0, 2), 5)


def test_a_file_of_version_1_opens(version_1):
    with open_map(version_1) as file:
        place_map = file.load()
        require_all(place_map)
        assert [k.summary for k in place_map.keyframes.values()] == [None, None], 'version 1 had none'


def test_summaries_that_version_1_lacked_are_added_to_it_and_nothing_else_changes(version_1):
    with open_map(version_1, writing=True) as file:
        added = file.summarise(file.load().keyframes[2], b'summary')
        assert added.summary == b'summary', 'before it is on the disk, too'
    with open_map(version_1) as file:
        place_map = file.load()
        require_all(place_map)
        assert [k.summary for k in place_map.keyframes.values()] == [None, b'summary']
    assert sqlite3.connect(version_1).execute('PRAGMA user_version').fetchone() == (2,)


def add_altitude(connection):
    """What a later version might do."""
    connection.execute('ALTER TABLE keyframes ADD COLUMN altitude_m REAL')
    connection.execute('CREATE TABLE batteries (battery_id INTEGER PRIMARY KEY)')


@pytest.fixture
def later(monkeypatch):
    """A later Waymark, whose maps have version 4."""
    monkeypatch.setattr(database, 'SCHEMA_VERSION', 4)
    monkeypatch.setattr(database, 'MIGRATIONS', {**MIGRATIONS, 2: add_altitude, 3: lambda connection: None})
    monkeypatch.setattr(database.migrate, '__defaults__', (4, database.MIGRATIONS))


def test_a_later_version_reads_it_and_leaves_the_file_as_it_is(version_1, later):
    before = version_1.read_bytes()
    with open_map(version_1) as file:
        require_all(file.load())
    assert version_1.read_bytes() == before


def test_a_later_version_that_writes_brings_the_file_up_to_date(version_1, later, keyframe):
    with open_map(version_1, writing=True) as file:
        require_all(file.load())
        file.append(keyframe(5, dim=2))
    db = sqlite3.connect(version_1)
    assert db.execute('PRAGMA user_version').fetchone() == (4,)
    assert db.execute('SELECT count(*) FROM batteries').fetchone() == (0,)
    with open_map(version_1) as file:
        assert list(file.load().keyframes) == [0, 2, 5]


def test_a_migration_that_fails_halfway_leaves_the_file_as_it_was(version_1, later, monkeypatch):
    def fail(connection):
        raise sqlite3.OperationalError('database or disk is full')

    monkeypatch.setattr(database.migrate, '__defaults__', (4, {**MIGRATIONS, 2: add_altitude, 3: fail}))
    with pytest.raises(MapError, match='the disk is full'):
        open_map(version_1, writing=True)
    db = sqlite3.connect(version_1)
    assert db.execute('PRAGMA user_version').fetchone() == (1,)
    with pytest.raises(sqlite3.OperationalError, match='no such table'):
        db.execute('SELECT * FROM batteries')


def test_a_version_that_never_was_is_told(version_1):
    db = sqlite3.connect(version_1)
    db.execute('PRAGMA user_version = 0')
    db.close()
    with pytest.raises(MapError, match='says that it has version 0, which never was'):
        open_map(version_1)
