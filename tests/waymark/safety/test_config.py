# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from waymark.errors import ConfigError
from waymark.safety import SafetyConfig, loosened
from waymark.safety.explain import explain

SQUARE = (0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0)
SMALLER = (1.0, 1.0, 3.0, 1.0, 3.0, 3.0)
ARM = {
    'vehicle': 'arm', 'joints': ('a', 'b'), 'max_velocity': (1.0, 1.0), 'max_acceleration': (4.0, 4.0),
    'min_position': (-1.0, -1.0), 'max_position': (1.0, 1.0),
}  # fmt: skip
DRONE = {'vehicle': 'drone', 'altitude_band_m': (1.0, 3.0)}
JERKY = {'max_jerk': (5.0,) * 6}


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'max_velocity': (1.0,)}, 'max_velocity: expected 6 values'),
        ({'max_jerk': (1.0,) * 5}, 'max_jerk: expected 6 values'),
        ({'max_velocity': (0.0,) * 6}, 'nothing could ever move'),
        ({'max_acceleration': (0.0,) * 6}, 'max_acceleration: linear.x may move but its value is 0'),
        ({**JERKY, 'max_deceleration': (9.0,) * 6}, 'max_deceleration: linear.x has 9 and max_acceleration 0.5'),
        ({'max_velocity': (100.0, 0, 0, 0, 0, 0)}, 'stopping takes longer than 60 s'),
        ({'joints': ('a',)}, 'name the joints of an arm'),
        ({'vehicle': 'arm'}, 'name the joints of an arm'),
        ({**ARM, 'joints': ('a', 'a')}, 'names one twice'),
        ({**ARM, 'min_position': (-1.0,)}, 'min_position: expected 2 values, got 1'),
        ({**ARM, 'min_position': (-1.0, 1.0)}, 'b has 1, which is not below its max_position 1'),
        ({**ARM, 'fence_xy_m': SQUARE}, 'an arm has joint positions instead'),
        ({'min_position': (0.0,)}, 'only the joints of an arm'),
        ({'fence_xy_m': (0.0, 1.0)}, 'fence_xy_m: expected x and y'),
        ({'fence_xy_m': SQUARE, 'fence_margin_m': 2.1}, '2.1 m leave nothing'),
        ({'altitude_band_m': (0.0, 3.0)}, 'a base has none'),
        ({'vehicle': 'drone', 'altitude_band_m': (1.0,)}, r'expected \[lowest, highest\]'),
        ({'vehicle': 'drone', 'altitude_band_m': (1.0, 1.6)}, 'more than twice the margin'),
        ({'watchdog_s': 0.03}, 'less than two periods'),
        ({'handover_s': 0.1}, 'less than watchdog_s'),
        ({'max_ahead_s': 0.6, 'max_command_age_s': 0.5}, 'below max_command_age_s'),
        ({'vehicle': 'drone', 'handover_after_s': 0.1}, 'called between two commands'),
    ],
)
def test_what_contradicts_itself_is_refused_in_a_sentence(values, message):
    with pytest.raises(ConfigError, match=message):
        SafetyConfig(**values)


@pytest.mark.parametrize(
    ('base', 'change', 'names'),
    [
        ({}, {}, ()),
        ({}, {'max_velocity': (0.6, 0.0, 0.0, 0.0, 0.0, 0.5)}, ('max_velocity',)),
        ({}, {'max_velocity': (0.4, 0.0, 0.0, 0.0, 0.0, 0.5)}, ()),
        ({}, {'max_acceleration': (0.5, 0.0, 0.0, 0.0, 0.0, 2.0)}, ('max_acceleration', 'max_deceleration')),
        ({}, {'max_deceleration': (0.4, 0.0, 0.0, 0.0, 0.0, 1.0)}, ()),
        ({}, {'max_deceleration': (0.6, 0.0, 0.0, 0.0, 0.0, 1.0)}, ('max_deceleration',)),
        ({}, JERKY, ()),
        (JERKY, {'max_jerk': ()}, ('max_jerk',)),
        (JERKY, {'max_jerk': (6.0, 5.0, 5.0, 5.0, 5.0, 5.0)}, ('max_jerk',)),
        ({}, {'watchdog_s': 0.4, 'max_command_age_s': 1.0}, ('watchdog_s', 'max_command_age_s')),
        ({}, {'watchdog_s': 0.2, 'handover_s': 2.0}, ()),
        ({}, {'handover_s': 0.5}, ('handover_s',)),
        ({}, {'fence_xy_m': SQUARE}, ()),
        ({'fence_xy_m': SQUARE}, {'fence_xy_m': SMALLER}, ()),
        ({'fence_xy_m': SMALLER}, {'fence_xy_m': SQUARE}, ('fence_xy_m',)),
        ({'fence_xy_m': SQUARE}, {'fence_xy_m': ()}, ('fence_xy_m',)),
        ({'fence_xy_m': SQUARE}, {'fence_margin_m': 0.2}, ('fence_margin_m',)),
        ({}, {'fence_margin_m': 0.2}, ()),
        (DRONE, {'altitude_band_m': (1.2, 2.8)}, ()),
        (DRONE, {'altitude_band_m': (1.2, 3.2)}, ('altitude_band_m',)),
        (DRONE, {'altitude_band_m': ()}, ('altitude_band_m',)),
        (ARM, {'min_position': (-1.1, -1.0)}, ('min_position',)),
        (ARM, {'max_position': (0.9, 1.1)}, ('max_position',)),
        (ARM, {'max_position': (0.9, 0.9)}, ()),
    ],
)
def test_what_would_allow_more_is_named(base, change, names):
    old = SafetyConfig(**base)
    assert loosened(old, replace(old, **change)) == names


def test_stops_are_those_of_the_text_book():
    meaning = explain(SafetyConfig())
    stops = {(s.axis, s.speed, s.rate_hz): s for s in meaning.stops}
    assert len(stops) == 2 * 2 * 3
    top = stops['linear.x', 0.5, 100.0]
    assert top.seconds == pytest.approx(1.0)
    assert top.distance == pytest.approx(0.5**2 / (2 * 0.5), abs=0.5 * 0.01)  # v^2 / 2a, less half a tick
    assert meaning.blind['linear.x'][0] == pytest.approx(0.245 + 0.5 * (0.3 + 0.02))


def test_what_a_fence_leaves_is_said():
    notes = explain(SafetyConfig(fence_xy_m=SQUARE, fence_margin_m=0.5)).notes
    assert any('9.0 of 16.0 m^2 are usable (56 %)' in note for note in notes)


def test_top_speed_that_a_small_fence_never_sees_is_said():
    fast = SafetyConfig(fence_xy_m=SQUARE, max_velocity=(3.0, 0, 0, 0, 0, 0), max_acceleration=(1.0, 0, 0, 0, 0, 0))
    assert any('top speed is hardly reached' in note for note in explain(fast).notes)


def test_a_joint_too_short_for_its_speed_is_said():
    arm = SafetyConfig(**{**ARM, 'max_velocity': (4.0, 1.0)})
    assert [n for n in explain(arm).notes if n.startswith('a: its range of 2 is too short')]
