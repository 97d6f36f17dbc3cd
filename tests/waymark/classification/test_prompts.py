# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.classification import ScoreRule, TextClassifier, class_vectors
from waymark.errors import ConfigError

ROOT = math.sqrt(0.5)


def text_classifier(rule: ScoreRule, labels: tuple[str, ...] = ('east', 'north')) -> TextClassifier:
    return TextClassifier(labels, np.eye(len(labels)), rule, 'tiny', 'a' * 64)


def test_sentences_are_averaged_on_the_unit_sphere_so_that_long_vectors_count_no_more():
    said = {'a east.': [9.0, 0.0], 'the east!': [0.0, 0.1], 'a up.': [0.0, 3.0], 'the up!': [0.0, 5.0]}

    vectors = class_vectors(['east', 'up'], ['a {}.', 'the {}!'], lambda texts: [said[t] for t in texts])

    np.testing.assert_allclose(vectors, [[ROOT, ROOT], [0, 1]], atol=1e-12)


@pytest.mark.parametrize(
    ('names', 'templates', 'message'),
    [
        ([], ['{}'], 'classes: there is none'),
        (['a', ' '], ['{}'], 'classes: name 1 is empty'),
        (['a', 'b', 'a'], ['{}'], "classes: 'a' stands twice"),
        (['a'], ['a photo'], "templates: 'a photo' has no {}"),
        (['a'], [], "templates: 'none' has no {}"),
    ],
)
def test_what_is_no_class_or_no_template_is_refused_by_name(names, templates, message):
    with pytest.raises(ConfigError) as refused:
        class_vectors(names, templates, lambda texts: np.ones((len(texts), 2)))
    assert str(refused.value).startswith(message)


def test_clips_softmax_makes_one_of_the_classes_right():
    scores = text_classifier(ScoreRule('softmax', 100.0)).score([[0.6, 0.59], [ROOT, ROOT]])

    np.testing.assert_allclose(scores, [[1 / (1 + math.exp(-1)), 1 / (1 + math.e)], [0.5, 0.5]], atol=1e-9)


def test_siglips_sigmoid_scores_each_class_for_itself():
    scores = text_classifier(ScoreRule('sigmoid', 10.0, -5.0)).score([[1.0, 0.5], [0.0, 0.3]])

    logits = np.array([[5.0, 0.0], [-5.0, -2.0]])
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-logits)), atol=1e-12)


def test_an_image_without_structure_is_like_no_class():
    assert text_classifier(ScoreRule('softmax', 100.0)).score(np.zeros((1, 2))).tolist() == [[0, 0]]
    assert text_classifier(ScoreRule('softmax', 100.0)).score(np.zeros((0, 2))).shape == (0, 2)


def test_a_large_scale_overflows_nowhere():
    for kind in ('softmax', 'sigmoid'):
        scores = text_classifier(ScoreRule(kind, 1e6)).score([[1.0, -1.0]])
        np.testing.assert_array_equal(scores, [[1, 0]])


def test_one_class_alone_is_refused_with_softmax_and_fine_with_sigmoid():
    with pytest.raises(ConfigError, match="'forest' alone would fit every image"):
        text_classifier(ScoreRule('softmax', 100.0), ('forest',))
    assert text_classifier(ScoreRule('sigmoid', 10.0, -10.0), ('forest',)).score([[1.0]])[0, 0] == 0.5


def test_vectors_of_another_length_or_not_finite_are_a_callers_bug():
    classifier = text_classifier(ScoreRule('softmax', 100.0))
    with pytest.raises(ValueError, match=r'vectors: expected shape \(N, 2\), got \(1, 3\)'):
        classifier.score(np.ones((1, 3)))
    with pytest.raises(ValueError, match='1 of 2 values are not finite'):
        classifier.score([[np.nan, 0.0]])
    with pytest.raises(ValueError, match='score rule'):
        ScoreRule('cosine', 1.0)
