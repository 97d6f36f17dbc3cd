# SPDX-License-Identifier: Apache-2.0
"""`waymark map ...` as a user types it."""

import json
import sqlite3

import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, MapError
from waymark.maps import open_map, save_map


@pytest.fixture
def path(mapped, tmp_path):
    save_map(tmp_path / 'a.map', mapped)
    return tmp_path / 'a.map'


def waymark(*words):
    """Output of a command; what a user would be told is raised."""
    done = CliRunner().invoke(app, ['map', *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def loaded(path):
    with open_map(path) as file:
        place_map = file.load()
        return list(place_map.keyframes), [r.keyframe_ids for r in place_map.routes.values()], place_map.info


def test_info_says_what_is_in_a_map(path, mapped):
    _, said = waymark('info', path)
    assert 'keyframes  6 of 6 places; 1 link' in said and 'r (2 keyframes)' in said
    _, said = waymark('info', path, '--json')
    found = json.loads(said)
    assert found['keyframes'] == 6 and found['encoder']['fingerprint'] == mapped.info.fingerprint
    assert found['with_thumbnail'] == 6 and found['written_by_now'] is None
    with open_map(path, writing=True):
        assert 'process' in json.loads(waymark('info', path, '--json')[1])['written_by_now']


def test_show_writes_the_page_beside_the_map(path):
    assert waymark('show', path)[1].strip() == str(path.with_suffix('.html'))
    assert '6 keyframes' in path.with_suffix('.html').read_text()


def test_check_tells_by_its_exit_code_and_salvages(path, tmp_path):
    assert waymark('check', path) == (0, f'{path}: whole\n')
    db = sqlite3.connect(path)
    db.execute('DELETE FROM features WHERE keyframe_id = 4')
    db.commit()
    db.close()
    code, said = waymark('check', path)
    assert code == 1 and 'keyframe 4: features missing' in said and '--salvage NEW' in said
    code, said = waymark('check', path, '--salvage', tmp_path / 'b.map')
    assert code == 1 and '5 keyframes saved; 1 keyframes lost (4)' in said
    assert waymark('check', tmp_path / 'b.map')[0] == 0
    code, said = waymark('check', path, '--json')
    assert json.loads(said)['findings'] == [{'keyframe_id': 4, 'piece': 'features', 'text': 'missing'}]


def test_prune_keeps_routes_and_writes_where_it_is_told(path, tmp_path, mapped):
    waymark('prune', path, '--keep', 3, '--out', tmp_path / 'b.map')
    ids, routes, info = loaded(tmp_path / 'b.map')
    assert len(ids) == 3 and {1, 2} <= set(ids) and routes == [(1, 2)]
    assert info.map_id != mapped.info.map_id and len(loaded(path)[0]) == 6
    waymark('prune', path, '--keep', 2, '--in-place')
    assert loaded(path)[:2] == ([1, 2], [(1, 2)])
    assert loaded(path)[2].map_id == mapped.info.map_id
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a.map', 'b.map']


def test_merge_keeps_the_routes_of_both(path, tmp_path):
    _, said = waymark('merge', path, path, '--out', tmp_path / 'b.map')
    ids, routes, _ = loaded(tmp_path / 'b.map')
    assert ids == list(range(12)) and routes == [(1, 2), (7, 8)]
    assert '12 keyframes' in said


def test_export_lists_its_files(path, tmp_path):
    _, said = waymark('export', path, '--out', tmp_path / 'out')
    assert [line.rsplit('/')[-1] for line in said.split()] == ['map.json', 'vectors.npy']


@pytest.mark.parametrize('in_place', [True, False])
def test_reencode_makes_a_map_for_the_other_encoder(path, tmp_path, place, recording, in_place):
    target = path if in_place else tmp_path / 'b.map'
    where = ['--in-place'] if in_place else ['--out', target]
    waymark('reencode', path, '--to', 'waymark-place-1', '--from', recording, *where)
    open_map(target, fingerprint=place.fingerprint).close()
    assert loaded(target)[:2] == (list(range(6)), [(1, 2)])


def test_translate_is_refused_with_the_numbers_and_leaves_the_map(path, tmp_path):
    before = path.read_bytes()
    with pytest.raises(MapError, match='needs at least 40 images .*, there are 6'):
        waymark('translate', path, '--to', 'waymark-place-1', '--in-place')
    assert path.read_bytes() == before


@pytest.mark.parametrize('where', [[], ['--out', 'x.map', '--in-place']])
def test_where_the_result_goes_must_be_said(path, where):
    with pytest.raises(ConfigError, match='Give either --out NEW or --in-place'):
        waymark('prune', path, '--keep', 3, *where)


def test_what_to_prune_by_must_be_said(path, tmp_path):
    with pytest.raises(ConfigError, match='Give --keep NUMBER, --similarity COSINE or both'):
        waymark('prune', path, '--out', tmp_path / 'b.map')


def test_a_file_that_is_there_is_not_overwritten(path, tmp_path):
    with pytest.raises(MapError, match='is there already'):
        waymark('prune', path, '--keep', 3, '--out', path)


def test_the_encoder_of_a_map_that_is_not_at_hand_must_be_given(path, tmp_path, mapped, recording):
    mapped.info = mapped.info.renewed(model_id='lost-1', fingerprint='0a' * 32)
    save_map(tmp_path / 'b.map', mapped)
    words = [
        'translate',
        tmp_path / 'b.map',
        '--to',
        'waymark-place-1',
        '--from',
        recording,
        '--out',
        tmp_path / 'c.map',
    ]
    with pytest.raises(MapError, match="'lost-1' can not be read.*say where it is with --old"):
        waymark(*words)
    with pytest.raises(MapError, match=r"was made by encoder 'lost-1' \(fingerprint 0a0a"):
        waymark(*words, '--old', 'hog')
    with pytest.raises(MapError, match='at least 40 images'):
        waymark('translate', path, *words[2:])
