# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, SourceError
from waymark.evaluation.places import evaluate_places, score_answers
from waymark.evaluation.places_run import Answer, PlacesRequest
from waymark.evaluation.truth import Truth

KEYS = ['recall_at_1', 'recall_at_5', 'recall_at_10', 'pr_auc', 'recall_at_100_precision', 'accepted']
KEYS += ['wrong_accepted', 'n_queries', 'ms_encode', 'ms_query']


@pytest.fixture
def walk(tmp_path, texture):
    """A folder of six places, one of the same from a little further left, and the truth; names need natural order."""
    H = np.array([[1.02, 0.01, 4], [-0.01, 1.02, -3], [0, 0, 1]])
    for name in ('database', 'queries'):
        (tmp_path / name).mkdir()
    for i in range(6):
        place = texture(i)
        moved = cv2.warpPerspective(place, H, place.shape[::-1], borderMode=cv2.BORDER_REFLECT)
        cv2.imwrite(str(tmp_path / 'database' / f'{i + 7}.png'), place)
        cv2.imwrite(str(tmp_path / 'queries' / f'{i + 7}.png'), moved)
    cv2.imwrite(str(tmp_path / 'queries' / '99.png'), texture(77))
    mapping = {str(i): [i] for i in range(6)} | {'6': []}
    (tmp_path / 'truth.json').write_text(json.dumps({'query_to_references': mapping}))
    return tmp_path


def request(folder, **changes):
    return PlacesRequest(folder / 'database', folder / 'queries', folder / 'truth.json', **changes)


def test_places_seen_again_are_found_and_accepted_and_a_new_one_is_not(walk):
    figures = evaluate_places(request(walk))
    assert list(sorted(figures)) == sorted(KEYS)
    assert figures['recall_at_1'] == figures['recall_at_10'] == figures['recall_at_100_precision'] == 1
    assert (figures['accepted'], figures['wrong_accepted'], figures['n_queries']) == (6, 0, 7)
    assert figures['ms_encode'] > 0 and figures['ms_query'] > 0


def test_in_a_sequence_the_second_verified_image_is_the_first_accepted(walk):
    figures = evaluate_places(request(walk, sequence=3))
    assert figures['recall_at_1'] == 1
    assert (figures['accepted'], figures['wrong_accepted']) == (5, 0)


def test_by_embedding_alone_nothing_is_verified(walk):
    figures = evaluate_places(request(walk, rerank=False))
    assert figures['recall_at_1'] == 1 and figures['accepted'] == 0


def test_online_an_image_matches_only_those_long_enough_before_it(walk):
    tour = walk / 'tour'
    tour.mkdir()
    for i, name in enumerate(['database', 'queries']):
        for file in sorted((walk / name).glob('?.png')) + sorted((walk / name).glob('1?.png')):
            (tour / f'{100 * i + int(file.stem):03}.png').write_bytes(file.read_bytes())
    mapping = {str(i): [i - 6, i] if i >= 6 else [] for i in range(12)}
    (walk / 'truth.json').write_text(json.dumps({'query_to_references': mapping}))
    both = {'database': tour, 'queries': tour, 'truth': walk / 'truth.json'}
    seen = evaluate_places(PlacesRequest(**both, online=True, exclude_recent=3))
    hidden = evaluate_places(PlacesRequest(**both, online=True, exclude_recent=6))
    assert seen['recall_at_1'] == 1 and seen['n_queries'] == 12
    assert (seen['accepted'], seen['wrong_accepted']) == (5, 0)
    assert hidden['recall_at_1'] == 0 and hidden['accepted'] == 0


def test_online_needs_one_folder_given_twice(walk):
    with pytest.raises(ConfigError, match=r'holds 7 images, .*database 6. Give one folder twice'):
        evaluate_places(request(walk, online=True))


def test_a_broken_image_is_named(walk):
    (walk / 'queries' / '8.png').write_bytes(b'no picture')
    with pytest.raises(SourceError, match=r'8.png: not a readable image'):
        evaluate_places(request(walk))


def test_a_missing_folder_is_named(walk):
    with pytest.raises(SourceError, match=r'nowhere: no such file or folder'):
        evaluate_places(PlacesRequest(walk / 'nowhere', walk / 'queries', walk / 'truth.json'))


def test_queries_that_the_truth_does_not_know_are_left_out():
    answers = [Answer(np.array([k, 1 - k]), 1.0 - k, k) for k in (0, 1, 1)]
    truth = Truth(np.array([[True, False], [True, False], [False, False]]), np.array([True, True, False]))
    figures = score_answers(answers, truth)
    assert (figures['n_queries'], figures['recall_at_1'], figures['recall_at_5']) == (2, 0.5, 1.0)
    assert (figures['accepted'], figures['wrong_accepted']) == (2, 1)
    assert figures['recall_at_100_precision'] == 0.5


def test_the_command_writes_the_figures(walk):
    said = CliRunner().invoke(app, arguments(walk, walk / 'out.json'))
    assert said.exit_code == 0, said.output
    assert list(json.loads((walk / 'out.json').read_text())) == KEYS
    assert 'recall_at_100_precision' in said.output


def test_the_command_refuses_a_file_that_can_not_be_written_before_it_works(walk):
    said = CliRunner().invoke(app, arguments(walk, walk / 'nowhere' / 'out.json'))
    assert isinstance(said.exception, ConfigError) and 'out.json: not a file that can be written' in str(said.exception)


def arguments(walk, out):
    options = {'database': walk / 'database', 'queries': walk / 'queries', 'truth': walk / 'truth.json', 'json': out}
    return ['eval', 'places', *(str(part) for name, value in options.items() for part in (f'--{name}', value))]
