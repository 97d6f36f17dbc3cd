# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.classification import (
    LabelledExamples,
    NeighbourClassifier,
    NeighbourOptions,
    cross_checked,
    familiar_similarity,
)


def on_circle(*degrees: float) -> np.ndarray:
    """Unit vectors (N, 2) float32: their cosines are those of the angles between them."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def examples(degrees, labels, sources=None) -> LabelledExamples:
    names = tuple(dict.fromkeys(labels))
    sources = list(range(len(labels))) if sources is None else sources
    return LabelledExamples(
        on_circle(*degrees),
        np.array([names.index(name) for name in labels]),
        np.array(sources),
        names,
        tuple(f'video {i}' for i in range(max(sources) + 1)),
        'tiny',
        'a' * 64,
    )


THREE = examples([0, 40, 50], ['east', 'north', 'north'])


def test_a_vote_counts_the_nearest_whatever_their_distance():
    vote = NeighbourOptions(3, 'vote')

    np.testing.assert_allclose(NeighbourClassifier(THREE, vote).score(on_circle(5)), [[1 / 3, 2 / 3]], atol=1e-9)


def test_weighed_by_distance_the_nearest_counts_more():
    scores = NeighbourClassifier(THREE, NeighbourOptions(3, 'distance', temperature=0.07)).score(on_circle(5))

    weights = [math.exp(math.cos(math.radians(a)) / 0.07) for a in (5, 35, 45)]
    expected = weights[0] / sum(weights)
    np.testing.assert_allclose(scores, [[expected, 1 - expected]], atol=1e-5)
    assert expected > 0.5


def test_only_the_k_nearest_are_asked_and_all_where_there_are_fewer():
    assert NeighbourClassifier(THREE, NeighbourOptions(1, 'vote')).score(on_circle(5)).tolist() == [[1, 0]]
    np.testing.assert_allclose(
        NeighbourClassifier(THREE, NeighbourOptions(99, 'vote')).score(on_circle(5)), [[1 / 3, 2 / 3]]
    )


def test_what_is_unlike_all_examples_or_empty_is_like_nothing():
    options = NeighbourOptions(1, min_similarity=0.5)

    scores = NeighbourClassifier(THREE, options).score(np.vstack([on_circle(-59, -61), np.zeros((1, 2), 'f4')]))

    assert scores.tolist() == [[1, 0], [0, 0], [0, 0]]


def test_many_vectors_are_scored_as_each_alone_and_none_as_none():
    classifier = NeighbourClassifier(THREE, NeighbourOptions(2))
    many = on_circle(*range(0, 360))

    np.testing.assert_allclose(classifier.score(many), [classifier.score(v[None])[0] for v in many], atol=1e-6)
    assert classifier.score(np.zeros((0, 2))).shape == (0, 2)


def test_wrong_options_and_vectors_of_another_length_are_a_callers_bug():
    for wrong in ({'k': 0}, {'weighting': 'mean'}, {'temperature': 0.0}):
        with pytest.raises(ValueError, match='neighbours: expected'):
            NeighbourOptions(**wrong)
    with pytest.raises(ValueError, match=r'vectors: expected shape \(N, 2\)'):
        NeighbourClassifier(THREE, NeighbourOptions()).score(np.ones((1, 3)))


def test_examples_are_checked_by_those_of_other_recordings_not_by_their_neighbours_in_time():
    # One frame of video 0 looks like those of the other label; its own neighbours would still have called it right.
    known = examples([0, 1, 2, 89, 90, 91], ['a', 'a', 'a', 'b', 'b', 'a'], [0, 0, 1, 2, 3, 1])

    called = cross_checked(known, NeighbourOptions(1))

    assert [known.labels[i] for i in called] == ['a', 'a', 'a', 'b', 'b', 'b']


def test_a_single_example_has_nobody_to_ask():
    assert cross_checked(examples([0], ['a']), NeighbourOptions()).tolist() == [-1]


def test_familiar_is_what_the_examples_themselves_are_to_one_another():
    apart = familiar_similarity(examples([0, 60, 180, 250], ['a', 'a', 'b', 'b']))
    like_other_labels = familiar_similarity(examples([0, 1, 60, 61], ['a', 'a', 'b', 'b']))

    assert apart == pytest.approx(np.median(np.cos(np.deg2rad([110, 120, 120, 110]))), abs=1e-6)
    assert like_other_labels == pytest.approx(math.cos(math.radians(59.5)), abs=1e-3)
    assert familiar_similarity(examples([0, 10], ['a', 'a'])) is None
    assert familiar_similarity(examples([0, 10], ['a', 'b'])) is None
