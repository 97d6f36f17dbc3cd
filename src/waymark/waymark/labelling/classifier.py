# SPDX-License-Identifier: Apache-2.0
"""From a configuration to a classifier: text tower or examples are read, used once and let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.backends import BackendOptions
from waymark.classification import (
    ClassifierConfig,
    LabelledExamples,
    NeighbourClassifier,
    NeighbourOptions,
    ScoreRule,
    StreamClassifier,
    TextClassifier,
    class_vectors,
    familiar_similarity,
    load_examples,
)
from waymark.classification.names import require_names
from waymark.encoding.manifest import StoredModel, find_manifest, read_manifest
from waymark.encoding.text import TextModel
from waymark.errors import ConfigError, ModelError
from waymark.types import TextTower

Progress = Callable[[str, float], None]


def load_classifier(config: ClassifierConfig, progress: Progress | None = None) -> StreamClassifier:
    """Make the classifier that a configuration names.

    The text tower is loaded here and not asked of a running encoder: the manifest beside it says how cosines become
    scores, wrong classes are refused at start and not when a service answers, recorded embeddings need no encoder, and
    an encoder on an NPU has no text tower. It is let go as soon as the classes are encoded.

    Args:
        config: With classes or examples.
        progress: Told the stage and how far it is (0..1).

    Raises:
        ConfigError: Neither classes nor examples, or what they say can't be.
        ModelError: Examples or text tower are not what they should be.
        BackendUnavailable: The tokenizers library is missing.
        ParityError: The text tower does not compute what its reference did.
    """
    if config.examples:
        return StreamClassifier(_by_examples(load_examples(Path(config.examples)), config), config)
    if config.classes:
        return StreamClassifier(_by_texts(config, progress), config)
    raise ConfigError(
        'classes and examples are both empty. Name classes (with the model folder of a CLIP or SigLIP as encoder), '
        'or give the examples that waymark label wrote.'
    )


def _by_examples(examples: LabelledExamples, config: ClassifierConfig) -> NeighbourClassifier:
    floor: float | None = config.min_similarity
    if config.min_similarity == 0:
        floor = familiar_similarity(examples)
        if floor is None and len(examples.labels) == 1:
            raise ConfigError(
                f'examples {config.examples!r} have one label only, {examples.labels[0]!r}: everything would be called '
                'so. Label what is something else too, or set min_similarity.'
            )
    least = -1.0 if floor is None else floor
    return NeighbourClassifier(
        examples, NeighbourOptions(config.neighbours, config.weighting, config.temperature, least)
    )


def _by_texts(config: ClassifierConfig, progress: Progress | None) -> TextClassifier:
    require_names('classes', config.classes)
    stored = read_text_model(config.encoder)
    manifest = stored.manifest
    rule = _rule(config, manifest.text or TextTower('', ''), manifest.name)
    model = TextModel.load(stored, 'onnx', BackendOptions(progress=progress))
    encoded: list[str] = []

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        if progress is not None:
            progress('encoding classes', len(encoded) / (len(config.classes) * len(texts)))
        encoded.extend(texts)
        return np.stack(model.run(texts))

    vectors = class_vectors(config.classes, config.templates, encode)
    return TextClassifier(config.classes, vectors, rule, manifest.name, manifest.fingerprint)


def read_text_model(encoder: str) -> StoredModel:
    """Read the manifest of an encoder that takes texts.

    Raises:
        ModelError: There is none of that name, or it takes no texts.
    """
    remedy = (
        'Export CLIP or SigLIP with its text tower (waymark export encoder ... --out models/clip) and give that folder '
        'as encoder, or label examples instead: waymark label.'
    )
    if not encoder or encoder == 'hog':
        raise ModelError(f'classes are texts, and encoder {encoder!r} takes none. {remedy}')
    stored = read_manifest(find_manifest(encoder))
    if stored.manifest.text is None:
        raise ModelError(f'classes are texts, and encoder {stored.manifest.name!r} takes none. {remedy}')
    return stored


def _rule(config: ClassifierConfig, tower: TextTower, name: str) -> ScoreRule:
    """How scores come about: as the model's manifest says, or as the configuration overrides it."""
    kind = tower.score if config.score == 'model' else config.score
    scale, bias = tower.logit_scale, tower.logit_bias
    if config.logit_scale > 0:
        scale, bias = config.logit_scale, config.logit_bias
    if not kind or not scale > 0:
        raise ModelError(
            f'model {name!r} does not say how its similarities become scores: it was exported before that was kept. '
            'Export it again, or set score and logit_scale (CLIP: softmax, 100).'
        )
    return ScoreRule(kind, scale, bias if kind == 'sigmoid' else 0.0)


def classifier_facts(classifier: StreamClassifier, config: ClassifierConfig) -> dict[str, str]:
    """Say what a classifier goes by, in words: for diagnostics.

    Returns:
        classes, model and fingerprint (its beginning) of the encoder, threshold, and for examples their number and the
        least similarity.
    """
    asked = classifier.classifier
    facts = {
        'classes': ', '.join(asked.labels),
        'model': asked.model_id,
        'fingerprint': asked.fingerprint[:16],
        'threshold': f'{config.threshold:g}',
    }
    if isinstance(asked, NeighbourClassifier):
        least = asked.options.min_similarity
        facts |= {'examples': str(len(asked.examples)), 'min_similarity': f'{least:.3f}'}
    return facts
