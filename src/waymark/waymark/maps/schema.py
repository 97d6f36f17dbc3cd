# SPDX-License-Identifier: Apache-2.0
"""The tables of a map file, and how files of earlier versions become this one.

Version 1. `keyframes.digest` covers its row and, through the digests in it, the features and the thumbnail;
`facts` hold JSON, among it the list of keyframes, so that a lost row is missed. There are no indexes that could
disagree with their table. Version 2 adds summaries: maps of version 1 get them when they are first used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

APPLICATION_ID = 0x57594D4B  # 'WYMK'
SCHEMA_VERSION = 2
PAGE_BYTES = 8192  # three vectors of 576 to a page; SD cards write no less

TABLES = """
CREATE TABLE facts (fact_id INTEGER PRIMARY KEY, name TEXT, value TEXT, digest BLOB);
CREATE TABLE keyframes (
    keyframe_id INTEGER PRIMARY KEY, digest BLOB, features_digest BLOB, thumbnail_digest BLOB,
    stamp_ns INTEGER, frame_id TEXT, place_id INTEGER, vector BLOB, pose BLOB, labels TEXT, text_vector BLOB,
    summary_digest BLOB);
CREATE TABLE features (keyframe_id INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE thumbnails (keyframe_id INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE summaries (keyframe_id INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE links (link_id INTEGER PRIMARY KEY, digest BLOB, first INTEGER, second INTEGER, inliers INTEGER);
CREATE TABLE routes (route_id INTEGER PRIMARY KEY, digest BLOB, name TEXT, keyframe_ids TEXT, relative TEXT);
"""

Migration = Callable[[sqlite3.Connection], None]


def _add_summaries(connection: sqlite3.Connection) -> None:
    connection.execute('ALTER TABLE keyframes ADD COLUMN summary_digest BLOB')
    connection.execute('CREATE TABLE summaries (keyframe_id INTEGER PRIMARY KEY, data BLOB)')


# From each earlier version to the next one. A migration runs inside a transaction, on a file that was found whole.
MIGRATIONS: Mapping[int, Migration] = {1: _add_summaries}


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of the current version, inside the caller's transaction."""
    for statement in TABLES.split(';'):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f'PRAGMA application_id = {APPLICATION_ID}')
    connection.execute(f'PRAGMA user_version = {SCHEMA_VERSION}')


def version_of(connection: sqlite3.Connection) -> int:
    """The version that a file says it has."""
    return int(connection.execute('PRAGMA user_version').fetchone()[0])


def migrate(
    connection: sqlite3.Connection, target: int = SCHEMA_VERSION, migrations: Mapping[int, Migration] = MIGRATIONS
) -> None:
    """Bring an older file to the target version in one transaction: killed halfway, it stays as it was."""
    connection.execute('BEGIN IMMEDIATE')
    try:
        for version in range(version_of(connection), target):
            migrations[version](connection)
        connection.execute(f'PRAGMA user_version = {target}')
        connection.execute('COMMIT')
    except BaseException:
        connection.execute('ROLLBACK')
        raise
