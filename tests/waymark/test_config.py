# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass

import pytest

from waymark.config import Config, param, specs
from waymark.errors import ConfigError
from waymark.pipeline.registry import NODE_CONFIGS, config_class_of


@dataclass(frozen=True)
class Plane(Config):
    min_inliers: int = param(12, 'Fewest inliers.', ge=4)
    share: float = param(0.5, 'Share that agrees.', gt=0, le=1)
    detector: str = param('orb', 'Which features.', choices=('orb', 'akaze'))
    images: tuple[str, ...] = param((), 'Pictures.', path=True)
    is_shown: bool = param(False, 'Whether it is drawn.')


def test_defaults_hold_when_nothing_is_said():
    assert Plane.from_mapping({}) == Plane(12, 0.5, 'orb', (), False)


def test_values_come_in_the_declared_type():
    plane = Plane.from_mapping({'share': 1, 'images': ['a.png', 'b.png']})
    assert plane.share == 1.0 and isinstance(plane.share, float)
    assert plane.images == ('a.png', 'b.png')


@pytest.mark.parametrize(
    ('values', 'said'),
    [
        ({'min_inlier': 9}, "unknown parameter 'min_inlier'. Did you mean 'min_inliers'?"),
        ({'min_inliers': 3}, 'min_inliers: must be at least 4, got 3'),
        ({'min_inliers': 9.0}, 'min_inliers: expected a whole number, got 9.0'),
        ({'min_inliers': True}, 'min_inliers: expected a whole number, got True'),
        ({'share': 0.0}, 'share: must be above 0, got 0.0'),
        ({'share': float('nan')}, 'share: must be a finite number, got nan'),
        ({'detector': 'sift'}, "detector: must be one of orb, akaze, got 'sift'"),
        ({'images': 'a.png'}, "images: expected a list of str, got 'a.png'"),
        ({'images': [1]}, 'images: expected a text, got 1'),
        ({'is_shown': 1}, 'is_shown: expected true or false, got 1'),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_place(values, said):
    with pytest.raises(ConfigError) as error:
        Plane.from_mapping(values, 'node tracker in demo.yaml')
    assert str(error.value) == f'node tracker in demo.yaml: {said}'


def test_the_types_are_shown_as_documentation_needs_them():
    assert [s.type_name for s in specs(Plane)] == ['int', 'float', 'str', 'path[]', 'bool']


def test_a_field_without_param_is_a_mistake():
    @dataclass(frozen=True)
    class Bare(Config):
        number: int = 3

    with pytest.raises(TypeError, match=r'number: declare every field of a Config with param'):
        Bare()


@pytest.mark.parametrize('node', ['image_encoder', 'homography_tracker', 'place_recognition'])
def test_each_registered_configuration_has_a_sentence_for_every_parameter(node):
    assert node in NODE_CONFIGS
    for spec in specs(config_class_of(node)):
        assert spec.doc.endswith('.'), f'{node}: {spec.name}'


def test_an_unknown_node_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="unknown node 'trakcer'. Known: .*homography_tracker"):
        config_class_of('trakcer')
