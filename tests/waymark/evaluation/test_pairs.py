# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError, SourceError
from waymark.evaluation.pairs import read_pairs

EYE = np.eye(3).tolist()


@pytest.fixture
def folder(tmp_path, texture):
    (tmp_path / 'images').mkdir()
    for name in ('a', 'b'):
        cv2.imwrite(str(tmp_path / 'images' / f'{name}.png'), texture(ord(name)))
    return tmp_path


def write(folder, said):
    path = folder / 'pairs.json'
    path.write_text(said if isinstance(said, str) else json.dumps(said))
    return path


def entry(**changed):
    return {'reference': 'images/a.png', 'current': 'images/b.png', 'H': EYE, **changed}


def test_paths_are_relative_to_the_file(folder, texture, monkeypatch):
    monkeypatch.chdir('/')
    H = [[1, 0, 5], [0, 1, 0], [0, 0, 1]]
    first, second = read_pairs(write(folder, [entry(H=H), entry(H=None)]))
    assert first.H_cur_ref.tolist() == H and second.H_cur_ref is None
    reference, current = first.read()
    assert np.array_equal(reference, texture(ord('a'))) and np.array_equal(current, texture(ord('b')))


def test_absolute_paths_stay(folder):
    path = str(folder / 'images' / 'a.png')
    assert str(read_pairs(write(folder, [entry(reference=path)]))[0].reference) == path


@pytest.mark.parametrize(
    ('said', 'sentence'),
    [
        ('[{', 'not JSON'),
        ([], 'expected a list with pairs'),
        ({}, 'expected a list with pairs'),
        ([3], 'pair 0: expected an object, got 3'),
        ([entry(), {'reference': 'images/a.png', 'current': 'images/b.png'}], "pair 1: has no 'H'"),
        ([entry(current=7)], 'pair 0: current: expected the path of an image, got 7'),
        ([entry(reference='images/c.png')], 'c.png is not a file'),
        ([entry(reference='images')], 'images is not a file'),
        ([entry(H=[[1, 0], [0, 1]])], 'pair 0: H: expected three rows'),
        ([entry(H=[[1, 0, 0], [0, 1, 0], [0, 0]])], 'pair 0: H: expected three rows'),
        ([entry(H='eye')], 'pair 0: H: expected three rows'),
        (
            '[{"reference": "images/a.png", "current": "images/b.png", "H": [[NaN, 0, 0], [0, 1, 0], [0, 0, 1]]}]',
            'finite',
        ),
        ([entry(H=np.zeros((3, 3)).tolist())], 'can not be inverted'),
        ([entry(H=[[1, 2, 3], [2, 4, 6], [0, 0, 1]])], 'can not be inverted'),
    ],
)
def test_what_is_wrong_is_named(folder, said, sentence):
    with pytest.raises(ConfigError, match=sentence):
        read_pairs(write(folder, said))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r'none.json: no such file'):
        read_pairs(tmp_path / 'none.json')
    with pytest.raises(ConfigError, match='can not be read'):
        read_pairs(tmp_path)


def test_an_image_that_is_none_is_named(folder):
    (folder / 'images' / 'b.png').write_bytes(b'no picture')
    with pytest.raises(SourceError, match=r'b.png: not a readable image'):
        read_pairs(write(folder, [entry()]))[0].read()
