# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.classification import ClassifierConfig, LabelledExamples, ScoreRule, save_examples
from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError, ModelError
from waymark.labelling import classifier_facts, load_classifier

WORDS = {'classes': ('a red thing', 'GREEN'), 'templates': ('{}', 'a {}')}


def write_examples(path, *labels: str):
    numbers = np.arange(len(labels))
    vectors = np.eye(3, dtype=np.float32)[numbers]
    save_examples(path, LabelledExamples(vectors, numbers, numbers, labels, labels, 'tiny', 'a' * 64))
    return str(path)


def test_classes_become_directions_of_the_text_tower_scored_as_the_manifest_says(colours):
    stages: list[str] = []
    classifier = load_classifier(ClassifierConfig(encoder=colours, **WORDS), lambda stage, done: stages.append(stage))
    encoder = load_encoder(EncoderConfig(encoder=colours, text=False))

    asked = classifier.classifier
    np.testing.assert_allclose(asked.vectors, np.eye(3)[:2], atol=1e-6)
    assert asked.rule == ScoreRule('softmax', 10.0)
    assert (asked.fingerprint, asked.model_id) == (encoder.fingerprint, 'colours')
    assert 'encoding classes' in stages
    found = classifier.observe(encoder.encode(np.full((8, 8, 3), (0, 200, 0), np.uint8)).vector, 1)
    assert found.ranking[0] == ('GREEN', pytest.approx(1 / (1 + math.exp(-10)), abs=1e-6))


@pytest.mark.parametrize(
    ('values', 'rule'),
    [
        ({'score': 'sigmoid'}, ScoreRule('sigmoid', 10.0, 0.0)),
        ({'logit_scale': 3.0, 'logit_bias': -2.0}, ScoreRule('softmax', 3.0)),
        ({'score': 'sigmoid', 'logit_scale': 3.0, 'logit_bias': -2.0}, ScoreRule('sigmoid', 3.0, -2.0)),
    ],
)
def test_the_rule_of_scores_can_be_set_instead(colours, values, rule):
    assert load_classifier(ClassifierConfig(encoder=colours, **WORDS, **values)).classifier.rule == rule


def test_a_model_that_does_not_say_how_scores_come_about_is_not_guessed(tmp_path, colours):
    from tiny_models import colour_model

    config = ClassifierConfig(encoder=str(colour_model(tmp_path / 'old')), **WORDS)
    with pytest.raises(ModelError, match='does not say how its similarities become scores'):
        load_classifier(config)


@pytest.mark.parametrize('encoder', ['', 'hog', 'waymark-place-1'])
def test_an_encoder_without_texts_is_refused_with_both_remedies(encoder):
    with pytest.raises(ModelError) as refused:
        load_classifier(ClassifierConfig(classes=('a', 'b'), encoder=encoder))
    assert f'encoder {encoder!r} takes none' in str(refused.value)
    assert 'waymark export encoder' in str(refused.value) and 'waymark label' in str(refused.value)


def test_nothing_to_go_by_is_refused():
    with pytest.raises(ConfigError, match='classes and examples are both empty'):
        load_classifier(ClassifierConfig())


def test_the_least_similarity_is_that_of_the_configuration_any_or_read_from_the_examples(tmp_path):
    path = write_examples(tmp_path / 'e.npz', 'a', 'b', 'c')

    least = [
        load_classifier(ClassifierConfig(examples=path, min_similarity=v)).classifier.options.min_similarity
        for v in (0.7, -1.0, 0.0)
    ]

    assert least == [0.7, -1.0, -1.0]  # one example of each label tells nothing


def test_examples_of_one_label_alone_need_a_least_similarity(tmp_path):
    path = write_examples(tmp_path / 'e.npz', 'forest')
    with pytest.raises(ConfigError, match="have one label only, 'forest'"):
        load_classifier(ClassifierConfig(examples=path))
    classifier = load_classifier(ClassifierConfig(examples=path, min_similarity=0.8))

    assert [classifier.observe(v, 1).label for v in ([1, 0, 0], [0, 1, 0])] == ['forest', 'unknown']


def test_facts_say_what_the_classes_are_made_of(tmp_path):
    config = ClassifierConfig(examples=write_examples(tmp_path / 'e.npz', 'a', 'b'), threshold=0.4)

    assert classifier_facts(load_classifier(config), config) == {
        'classes': 'a, b',
        'model': 'tiny',
        'fingerprint': 'a' * 16,
        'threshold': '0.4',
        'examples': '2',
        'min_similarity': '-1.000',
    }
