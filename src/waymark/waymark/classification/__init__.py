# SPDX-License-Identifier: Apache-2.0
"""What is in an image: by texts, by labelled examples; and nothing that fits is called unknown."""

from waymark.classification.config import TEMPLATES, ClassifierConfig
from waymark.classification.examples import LabelledExamples, load_examples, save_examples
from waymark.classification.neighbours import NeighbourClassifier, NeighbourOptions, cross_checked, familiar_similarity
from waymark.classification.prompts import ScoreRule, TextClassifier, class_vectors
from waymark.classification.result import UNKNOWN, Classified, Classifier, decide
from waymark.classification.stream import StreamClassifier

__all__ = [
    'TEMPLATES',
    'UNKNOWN',
    'Classified',
    'Classifier',
    'ClassifierConfig',
    'LabelledExamples',
    'NeighbourClassifier',
    'NeighbourOptions',
    'ScoreRule',
    'StreamClassifier',
    'TextClassifier',
    'class_vectors',
    'cross_checked',
    'decide',
    'familiar_similarity',
    'load_examples',
    'save_examples',
]
