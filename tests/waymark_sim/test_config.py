# SPDX-License-Identifier: Apache-2.0
"""A simulator URI is read key by key, and what it can't mean is refused by name."""

from __future__ import annotations

import pytest

from waymark.errors import ConfigError
from waymark_sim.config import SimulatorConfig, parse_sim_uri


def test_keys_become_settings_of_their_type():
    ground, config = parse_sim_uri('sim:ground?seed=3&laps=1&lap_s=30&width=320&altitude=12.5&gain=0.6')

    assert ground == 'ground'
    assert config == SimulatorConfig(seed=3, laps=1, lap_s=30.0, width=320, altitude=12.5, gain=0.6)


def test_a_bare_ground_takes_every_default():
    assert parse_sim_uri('sim:ground') == ('ground', SimulatorConfig())


def test_a_path_is_kept_as_it_is():
    assert parse_sim_uri('sim:/a b/c.png?metres_per_pixel=0.1')[0] == '/a b/c.png'


@pytest.mark.parametrize(
    ('query', 'sentence'),
    [
        ('lapz=2', "unknown parameter 'lapz'. Did you mean 'laps'?"),
        ('laps=two', "laps: expected a whole number, got 'two'"),
        ('laps=1.5', "laps: expected a whole number, got '1.5'"),
        ('laps=0', 'laps: must be at least 1, got 0'),
        ('altitude=high', "altitude: expected a number, got 'high'"),
        ('altitude=nan', 'altitude: must be a finite number'),
        ('altitude=-1', 'altitude: must be above 0'),
        ('laps', "laps: expected a whole number, got ''"),
        ('laps=2&&', 'key=value pairs'),
    ],
)
def test_wrong_queries_are_refused_by_name(query, sentence):
    with pytest.raises(ConfigError) as error:
        parse_sim_uri(f'sim:ground?{query}')

    assert sentence in str(error.value)
