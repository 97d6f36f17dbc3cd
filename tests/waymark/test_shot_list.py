# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io
import json

import cv2
import numpy as np
import pytest

from waymark.cli.shots import shots as shots_command
from waymark.errors import ConfigError
from waymark.shot_list import as_csv, as_json, list_shots, sheet_of, write_shots
from waymark.shots import ShotsConfig
from waymark.types import Frame, Header

PERIOD_NS = 40_000_000


@pytest.fixture
def film(texture):
    pictures = [texture(seed) for seed, count in ((1, 25), (2, 40), (3, 12)) for _ in range(count)]
    return [Frame(Header(PERIOD_NS * (i + 1)), p, 'mono') for i, p in enumerate(pictures)]


@pytest.fixture
def found(film):
    return list_shots(film, ShotsConfig())


def test_shots_lie_between_the_boundaries_and_show_themselves(film, found):
    assert [(s.first, s.last) for s in found.shots] == [(0, 24), (25, 64), (65, 76)]
    assert [s.begin.kind if s.begin else None for s in found.shots] == [None, 'cut', 'cut']
    assert found.shots[1].start_s == pytest.approx(1.0)
    for shot, index in zip(found.shots, (0, 25, 65), strict=True):
        np.testing.assert_array_equal(shot.picture, film[index].rgb)
    assert found.frames == 77
    assert found.ms_per_frame > 0


def test_each_frame_is_told_to_the_progress_bar(film):
    seen = []
    list_shots(film, ShotsConfig(), lambda: seen.append(1))
    assert len(seen) == len(film)


def test_csv_has_a_row_per_shot(found):
    table = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [(r['shot'], r['first_frame'], r['last_frame'], r['begins_with']) for r in table] == [
        ('1', '0', '24', ''), ('2', '25', '64', 'cut'), ('3', '65', '76', 'cut')
    ]  # fmt: skip
    assert table[1]['change_from_frame'] == '25'


def test_json_holds_boundaries_shots_and_what_eval_reads_as_truth(found):
    content = json.loads(as_json(found, 'film'))
    assert (content['cuts'], content['gradual'], content['frames']) == ([25, 65], [], 77)
    assert [b['stamp_ns'] for b in content['boundaries']] == [26 * PERIOD_NS, 66 * PERIOD_NS]
    assert content['shots'][0]['begins_with'] is None


def test_a_sheet_has_a_picture_of_each_shot(found):
    assert sheet_of(found, 'film').shape[1] > 320


def test_a_long_shot_keeps_few_pictures_and_shows_its_middle():
    ramp = [Frame(Header(PERIOD_NS * (i + 1)), np.full((48, 64), i // 2, np.uint8), 'mono') for i in range(400)]
    [shot] = list_shots(ramp, ShotsConfig()).shots
    assert abs(int(shot.picture[0, 0, 0]) - 100) <= 10


def test_a_recording_without_images_is_refused():
    with pytest.raises(ConfigError, match='holds no image'):
        list_shots([], ShotsConfig())


def test_files_are_written_or_the_folder_is_named(found, tmp_path):
    paths = write_shots(found, 'film', tmp_path / 'a' / 'b')
    assert [p.name for p in paths] == ['shots.csv', 'shots.json', 'shots.jpg']
    assert cv2.imread(str(paths[2])) is not None
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match=r'file.*Give another path'):
        write_shots(found, 'film', tmp_path / 'file')


def test_the_command_prints_a_table_and_writes_files(film, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'my film').mkdir()
    for i, frame in enumerate(film):
        cv2.imwrite(str(tmp_path / 'my film' / f'{i:03d}.png'), frame.pixels)
    shots_command(str(tmp_path / 'my film'), None, False, False, None, True)
    told = capsys.readouterr()
    assert '65 - 76' in told.out
    assert (tmp_path / 'out' / 'shots-my-film' / 'shots.jpg').exists()
    shots_command(str(tmp_path / 'my film'), None, False, True, 4, True)
    assert json.loads(capsys.readouterr().out)['cuts'] == [25, 65]
    with pytest.raises(ConfigError, match='--csv and --json'):
        shots_command('film', None, True, True, None, True)
