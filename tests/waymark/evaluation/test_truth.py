# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from waymark.errors import ConfigError
from waymark.evaluation.truth import read_truth


def written(tmp_path, said):
    path = tmp_path / 'truth.json'
    path.write_text(said if isinstance(said, str) else json.dumps(said))
    return path


def test_references_become_a_matrix_and_unnamed_queries_are_unknown(tmp_path):
    path = written(tmp_path, {'query_to_references': {'0': [1, 2], '2': []}, 'note': 'by hand'})
    truth = read_truth(path, queries=4, database=3)
    assert truth.same.tolist() == [[False, True, True], [False] * 3, [False] * 3, [False] * 3]
    assert truth.known.tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ('said', 'error'),
    [
        ('', r'truth.json: not JSON'),
        ('[1, 2]', r'has no "query_to_references"'),
        ({'query_to_references': {}}, r'has no "query_to_references" with queries'),
        ({'query_to_references': {'x': [0]}}, r"query 'x' is no number"),
        ({'query_to_references': {'0': 3}}, r'query 0: expected a list of numbers, got 3'),
        ({'query_to_references': {'0': [1.5]}}, r'query 0: reference 1.5 is no number'),
        ({'query_to_references': {'0': [True]}}, r'query 0: reference True is no number'),
        ({'query_to_references': {'0': [3]}}, r'reference 3 is not there: the folder holds 3 database images'),
        ({'query_to_references': {'4': [0]}}, r'query 4 is not there: the folder holds 4 queries'),
        ({'query_to_references': {'0': [-1]}}, r'reference -1 is not there'),
    ],
)
def test_what_is_wrong_with_a_truth_file_is_said(tmp_path, said, error):
    with pytest.raises(ConfigError, match=error):
        read_truth(written(tmp_path, said), queries=4, database=3)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r'nowhere.json: no such file. Give the truth as JSON'):
        read_truth(tmp_path / 'nowhere.json', 1, 1)
    with pytest.raises(ConfigError, match='can not be read'):
        read_truth(tmp_path, 1, 1)
