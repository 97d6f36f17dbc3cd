# SPDX-License-Identifier: Apache-2.0
"""`waymark label` and `waymark classify` as a user types them."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, ModelError, SourceError
from waymark.labelling.show import folder_for


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def labels(out: Path) -> list[str]:
    return [row['label'] for row in table(out / 'frames.csv')]


@pytest.fixture
def examples(paint, colours, tmp_path) -> Path:
    out = tmp_path / 'e.npz'
    run('label', f'fire={paint("a", "red", "red")}', f'leaf={paint("b", "green")}', '--out', out, '--encoder', colours)
    return out


def test_label_says_how_many_examples_there_are_and_where(paint, colours, tmp_path):
    out = tmp_path / 'e.npz'
    said = run('label', paint('photos/red', 'red', 'black').parent, '--out', out, '--encoder', colours)

    assert '1 examples, encoded by colours' in said
    assert '1 images had nothing in them and were left out.' in said
    assert said.splitlines()[-1] == str(out)


def test_a_video_is_classified_by_examples_with_their_own_encoder(examples, film, tmp_path):
    video = film('v.avi', *['red'] * 6, *['green'] * 6, *['blue'] * 6)
    said = run('classify', video, '--examples', examples, '--out', tmp_path / 'out', '--mix', '1')

    assert labels(tmp_path / 'out') == ['fire'] * 6 + ['leaf'] * 6 + ['fire'] * 6
    parts = table(tmp_path / 'out' / 'stretches.csv')
    ends = [(p['first'], p['last'], p['start_s'], p['end_s'], p['label']) for p in parts]
    assert ends[:2] == [('0', '5', '0.000', '0.500', 'fire'), ('6', '11', '0.600', '1.100', 'leaf')]
    assert cv2.imread(str(tmp_path / 'out' / 'sheet.jpg')).shape[1] > 300
    assert 'The label changes 11.1 times in 100 images.' in said


def test_the_past_delays_a_change_and_is_left_out_of_a_folder_of_photographs(examples, film, paint, tmp_path):
    colours = ['red'] * 4 + ['lime'] * 4  # no other scene: some of it is red
    run('classify', film('v.avi', *colours), '--examples', examples, '--out', tmp_path / 'film')
    run('classify', paint('photos', *colours), '--examples', examples, '--out', tmp_path / 'photos')

    assert labels(tmp_path / 'film') == ['fire'] * 5 + ['leaf'] * 3
    assert labels(tmp_path / 'photos') == ['fire'] * 4 + ['leaf'] * 4
    assert len(table(tmp_path / 'photos' / 'stretches.csv')) == 8


def test_classes_are_told_by_text_and_what_fits_none_is_unknown(colours, paint, tmp_path):
    photos = paint('photos', 'red', 'green', 'blue')
    run('classify', photos, '--classes', 'red, GREEN', '--encoder', colours, '--out', tmp_path, '--threshold', '0.6')

    rows = table(tmp_path / 'frames.csv')
    assert [row['label'] for row in rows] == ['red', 'GREEN', 'unknown']
    assert (rows[2]['best'], rows[2]['best_score'], rows[2]['score']) == ('red', '0.5000', '0.5000')


def test_what_does_not_fit_together_is_refused_by_name(examples, paint, film, colours, tmp_path):
    photos = paint('photos', 'red')
    for arguments, error, message in [
        ([photos], ConfigError, 'give either --classes'),
        ([photos, '--classes', 'a,b', '--examples', examples], ConfigError, 'give either --classes'),
        ([photos, '--classes', 'a,b'], ModelError, "encoder 'waymark-place-1' takes none"),
        ([photos, '--classes', 'a,,b', '--encoder', colours], ConfigError, 'classes: name 1 is empty'),
        ([photos, '--examples', examples, '--encoder', 'hog'], ModelError, "were encoded by 'colours'"),
        ([tmp_path / 'no.avi', '--examples', examples], SourceError, 'no such file'),
        (['/dev/video0', '--examples', examples], ConfigError, 'is live'),
    ]:
        with pytest.raises(error, match=message):
            run('classify', *arguments, '--out', tmp_path / 'refused')
    assert not (tmp_path / 'refused').exists()


@pytest.mark.parametrize(
    ('recording', 'name'),
    [('a/b c.mp4', 'b-c'), ('sim:ground?laps=1&x=2', 'sim-ground-laps-1-x-2'), ('run1/', 'run1'), ('..', '..')],
)
def test_results_go_to_a_folder_named_after_the_recording(recording, name):
    assert folder_for(recording) == Path('out') / f'classes-{name}'


def test_an_out_that_is_a_file_is_said_so(examples, paint, tmp_path):
    with pytest.raises(ConfigError, match='can not be written'):
        run('classify', paint('photos', 'red'), '--examples', examples, '--out', examples)
