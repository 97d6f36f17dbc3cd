# SPDX-License-Identifier: Apache-2.0
"""`waymark map label` on a small map."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.classification import ClassifierConfig, LabelledExamples, save_examples
from waymark.errors import ConfigError, MapError
from waymark.image.features import Features
from waymark.labelling.keyframes import label_map
from waymark.maps import Keyframe, MapInfo, PlaceMap, open_map, save_map
from waymark.types import Header

OWN = 'a1' * 32
VECTORS = np.array([[1, 0, 0], [0, 1, 0], [0.8, 0.6, 0], [0, 0, 1]], np.float32)


@pytest.fixture
def place_map(tmp_path):
    features = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), (64, 48))
    views = [Keyframe(i, Header(i + 1), v, features, i, labels=('old',)) for i, v in enumerate(VECTORS)]
    known = PlaceMap(MapInfo(OWN, 'tiny'), views)
    known.link(2, 0, 31)
    save_map(tmp_path / 'places.map', known)
    return tmp_path / 'places.map'


@pytest.fixture
def examples(tmp_path):
    def write(fingerprint: str = OWN) -> ClassifierConfig:
        numbers = np.array([0, 1])
        known = LabelledExamples(VECTORS[:2], numbers, numbers, ('east', 'north'), ('s', 't'), 'tiny', fingerprint)
        save_examples(tmp_path / 'e.npz', known)
        return ClassifierConfig(examples=str(tmp_path / 'e.npz'), min_similarity=0.5)

    return write


def labels(path) -> list[tuple[str, ...]]:
    with open_map(path) as file:
        return [keyframe.labels for keyframe in file.load().keyframes.values()]


EXPECTED = [('east',), ('north',), ('east',), ()]


def test_keyframes_get_the_class_of_their_vector_and_lose_what_they_were_called(place_map, examples, tmp_path, capsys):
    label_map(place_map, tmp_path / 'new.map', examples())

    assert labels(tmp_path / 'new.map') == EXPECTED
    assert labels(place_map) == [('old',)] * 4
    assert capsys.readouterr().out.split('\n')[:3] == ['     2 east', '     1 north', '     1 unknown']
    with open_map(tmp_path / 'new.map') as file:
        assert [(k.first, k.second) for k in file.load().links] in ([(0, 2)], [(2, 0)])


def test_a_map_is_labelled_in_its_own_file(place_map, examples):
    label_map(place_map, None, examples())

    assert labels(place_map) == EXPECTED


def test_a_map_of_another_encoder_and_a_path_that_is_taken_are_refused(place_map, examples):
    with pytest.raises(MapError, match='tiny'):
        label_map(place_map, None, examples('ff' * 32))
    with pytest.raises(MapError, match='is there already'):
        label_map(place_map, place_map, examples())
    with pytest.raises(ConfigError, match='both empty'):
        label_map(place_map, None, ClassifierConfig())
    assert labels(place_map) == [('old',)] * 4
