# SPDX-License-Identifier: Apache-2.0
"""Configuration of classification."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.classification.neighbours import WEIGHTINGS
from waymark.classification.prompts import RULES
from waymark.config import Config, param
from waymark.errors import ConfigError

# A place is seen well or badly, wholly or in part: sentences for that, after those of CLIP's authors.
TEMPLATES = (
    'a photo of a {}.',
    'a photo of the {}.',
    'a blurry photo of a {}.',
    'a dark photo of a {}.',
    'a bright photo of a {}.',
    'a view of a {}.',
    'a {} seen by a robot.',
)


@dataclass(frozen=True)
class ClassifierConfig(Config):
    """What images are called: by texts (`classes`) or by the nearest labelled examples (`examples`)."""

    classes: tuple[str, ...] = param((), 'Names of classes, told by text; needs an encoder with a text tower.')
    examples: str = param('', 'Labelled examples, as `waymark label` wrote them; instead of classes.', path=True)
    encoder: str = param(
        '',
        'With classes: model folder whose text tower encodes them. The images may be encoded by another export of the '
        'same model (an NPU has no text tower).',
    )
    templates: tuple[str, ...] = param(TEMPLATES, 'Sentences that a class is put into, at {}; their mean is taken.')
    score: str = param(
        'model',
        "How text similarities become scores: softmax (one class is right), sigmoid (each for itself), or the model's "
        'own, from its manifest.',
        choices=('model', *RULES),
    )
    logit_scale: float = param(0.0, "Factor of text similarities; 0: the model's own.", ge=0)
    logit_bias: float = param(0.0, 'Added before a sigmoid, where logit_scale is given.')
    neighbours: int = param(9, 'Nearest examples that are asked.', ge=1)
    weighting: str = param(
        'distance', 'Whether each of them counts the same (vote) or more the nearer it is.', choices=WEIGHTINGS
    )
    temperature: float = param(0.07, 'Of weighting distance: small lets the nearest decide.', gt=0)
    min_similarity: float = param(
        0.0,
        'Cosine of the nearest example below which an image is unknown; 0: read from the examples, -1: any.',
        ge=-1,
        le=1,
    )
    threshold: float = param(0.5, 'Score of the best class below which an image is unknown.', ge=0, le=1)
    mix: float = param(
        0.3, 'Share of the present image in its scores, the rest is what came before; 1: each by itself.', gt=0, le=1
    )
    memory: str = param(
        'all',
        'What came before: the image before alone (previous), or all, the older the less.',
        choices=('previous', 'all'),
    )
    scene_similarity: float = param(
        0.2,
        'Cosine to the image before below which another scene begins and what came before is forgotten; -1: never.',
        ge=-1,
        le=1,
    )
    max_gap_s: float = param(1.0, 'Time without images after which what came before is forgotten.', gt=0, unit='s')
    results: int = param(5, 'Most classes in a message, best first.', ge=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes and self.examples:
            raise ConfigError('classes and examples are both given. Leave one out.')
