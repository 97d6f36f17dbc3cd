# SPDX-License-Identifier: Apache-2.0
"""`waymark search` as a user types it."""

import csv
import json

import cv2
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, ModelError, QueryError, SourceError


def search(*arguments):
    return CliRunner().invoke(app, ['search', *map(str, arguments)])


@pytest.fixture
def folder(write_folder):
    return write_folder(['green', 'red', 'blue', 'red'])


def test_a_text_writes_table_contact_sheet_and_lists(folder, colours_folder, tmp_path):
    done = search(folder, '--text', 'red', '--encoder', colours_folder, '--top', '3', '--out', tmp_path / 'out',
                  '--json', tmp_path / 'list.json')  # fmt: skip
    assert done.exit_code == 0, done.output
    assert '1.png' in done.stdout and 'sheet.png' in done.stdout
    assert sorted(p.name for p in (tmp_path / 'out').iterdir()) == ['moments.csv', 'moments.json', 'sheet.png']
    assert cv2.imread(str(tmp_path / 'out' / 'sheet.png')).shape[1] > 600
    said = json.loads((tmp_path / 'list.json').read_text())
    assert said == json.loads((tmp_path / 'out' / 'moments.json').read_text())
    assert (said['query'], said['encoder'], said['frames']) == ({'text': 'red'}, 'colours', 4)
    first = said['moments'][0]
    assert (first['rank'], first['name'], first['frame'], first['time_s']) == (1, '1.png', 1, 0.1)
    assert (first['stamp_ns'], first['inliers']) == (1_100_000_000, None)
    with (tmp_path / 'out' / 'moments.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['name'] for row in rows] == [m['name'] for m in said['moments']]
    assert (rows[0]['similarity'], rows[0]['inliers']) == (str(first['similarity']), '')


def test_an_image_is_looked_for_with_the_default_encoder(folder, tmp_path):
    done = search(folder, '--image', folder / '2.png', '--rerank', '--out', tmp_path / 'out')
    assert done.exit_code == 0, done.output
    said = json.loads((tmp_path / 'out' / 'moments.json').read_text())
    assert said['query'] == {'image': str(folder / '2.png')}
    assert said['moments'][0]['name'] == '2.png'


def test_without_a_folder_to_write_to_it_is_one_below_out(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert search(folder, '--image', folder / '0.png').exit_code == 0
    (written,) = (tmp_path / 'out').iterdir()
    assert written.name.endswith('-search')
    assert (written / 'sheet.png').exists()


@pytest.mark.parametrize(
    ('arguments', 'error', 'message'),
    [
        ([], ConfigError, 'either --image FILE or --text'),
        (['--text', 'red', '--image', 'FOLDER/0.png'], ConfigError, 'either --image FILE or --text'),
        (['--text', 'red'], ModelError, "'waymark-place-1' takes no texts.*waymark export encoder MODEL --out FOLDER"),
        (['--image', 'FOLDER/9.png'], SourceError, '9.png: no such file or folder'),
        (['--image', 'FOLDER/note.txt'], SourceError, 'note.txt: not a readable image'),
        (['--image', 'FOLDER/black.jpg'], QueryError, 'black.jpg. shows nothing that could be found'),
    ],
)
def test_what_can_not_be_answered_is_one_sentence(folder, arguments, error, message):
    (folder / 'note.txt').write_text('no image')
    cv2.imwrite(str(folder / 'black.jpg'), cv2.imread(str(folder / '0.png')) * 0)
    done = search(folder, *(a.replace('FOLDER', str(folder)) for a in arguments))
    assert isinstance(done.exception, error)
    with pytest.raises(error, match=message):
        raise done.exception


def test_a_recording_that_is_not_there_is_named(folder, tmp_path):
    done = search(tmp_path / 'gone.mp4', '--image', folder / '0.png')
    assert isinstance(done.exception, SourceError)
    assert 'gone.mp4: no such file or folder' in str(done.exception)
