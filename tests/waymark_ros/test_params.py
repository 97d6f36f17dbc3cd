# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass

import pytest
import rclpy
from rclpy.parameter import Parameter

from waymark.config import Config, param
from waymark.errors import ConfigError
from waymark_ros import params


@dataclass(frozen=True)
class SomeConfig(Config):
    rate_hz: float = param(10.0, 'How often.', ge=0.0, le=100.0, unit='Hz')
    count: int = param(3, 'How many.', gt=0)
    mode: str = param('a', 'Which way.', choices=('a', 'b'))
    names: tuple[str, ...] = param((), 'Who.')
    limits: tuple[float, ...] = param((1.0, 2.0), 'Between what.', ge=0.0)


@pytest.fixture
def node(ros):
    node = rclpy.create_node('has_parameters')
    params.declare(node, SomeConfig)
    yield node
    node.destroy_node()


def test_defaults_come_back_in_their_types(node):
    assert params.read(node, SomeConfig) == SomeConfig()


def test_every_parameter_has_description_unit_and_range(node):
    descriptor = node.describe_parameter('rate_hz')
    assert descriptor.description == 'How often. [Hz]'
    assert descriptor.floating_point_range[0].to_value == 100.0
    assert node.describe_parameter('count').additional_constraints == '> 0'
    assert 'One of: a, b.' in node.describe_parameter('mode').description


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('count', 0, 'count: must be above 0, got 0'),
        ('mode', 'c', "mode: must be one of a, b, got 'c'"),
        ('limits', [-1.0], 'limits: must be at least 0, got -1.0'),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason_and_the_old_one_stays(node, name, value, reason):
    result = node.set_parameters([Parameter(name, value=value)])[0]
    assert (result.successful, result.reason) == (False, reason)
    assert params.read(node, SomeConfig) == SomeConfig()


def test_right_values_are_taken(node):
    changes = [Parameter('names', value=['x', 'y']), Parameter('rate_hz', value=2.5)]
    assert all(r.successful for r in node.set_parameters(changes))
    config = params.read(node, SomeConfig)
    assert (config.names, config.rate_hz) == (('x', 'y'), 2.5)


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('count', -1, 'count: must be above 0'),
        ('rate_hz', 200.0, 'rate_hz'),
        ('count', 'many', 'count'),
        ('cuont', 3, "unknown parameter 'cuont'. Did you mean 'count'?"),
    ],
)
def test_a_wrong_start_value_is_named(ros, name, value, message):
    node = rclpy.create_node('wrong', parameter_overrides=[Parameter(name, value=value)])
    try:
        with pytest.raises(ConfigError, match='node wrong: ') as refused:
            params.declare(node, SomeConfig)
            params.read(node, SomeConfig)
        assert message in str(refused.value)
    finally:
        node.destroy_node()
