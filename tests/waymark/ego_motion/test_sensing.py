# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.ego_motion import Altitude, Sensing, SensingConfig
from waymark.errors import ConfigError
from waymark.image.rotation import rotation_rpy

S = 1_000_000_000


def test_a_value_between_two_measurements_lies_between_them():
    sensing = Sensing(SensingConfig())
    sensing.add_range(1 * S, 10.0)
    sensing.add_range(1 * S + S // 10, 11.0)
    sensing.add_attitude(1 * S, rotation_rpy(0.0, 0.0, 0.0))
    sensing.add_attitude(1 * S + S // 10, rotation_rpy(0.2, 0.0, 0.0))
    found = sensing.at(1 * S + S // 40)
    assert found.altitude == Altitude(pytest.approx(10.25), along_beam=True)
    np.testing.assert_allclose(found.R_world_base, rotation_rpy(0.05, 0.0, 0.0), atol=1e-12)


def test_what_is_too_old_counts_as_unknown_and_the_reason_names_the_topic():
    sensing = Sensing(SensingConfig(altitude_from='range'))
    assert sensing.at(S).reason == 'nothing on range within 0.1 s of the image'
    sensing.add_range(1 * S, 10.0)
    assert sensing.at(1 * S + S // 5).altitude is None
    assert sensing.at(1 * S + S // 20).altitude == Altitude(10.0, along_beam=True)


@pytest.mark.parametrize('metres', [math.nan, math.inf, 0.0, -1.0])
def test_a_range_that_is_none_is_unknown_and_auto_takes_the_next_source(metres):
    sensing = Sensing(SensingConfig(ground_z_m=2.0))
    sensing.add_range(S, metres)
    assert 'out of reach' in sensing.at(S).reason
    sensing.add_height(S, 12.0)
    assert sensing.at(S).altitude == Altitude(10.0)
    sensing = Sensing(SensingConfig(altitude_m=7.0))
    sensing.add_range(S, metres)
    assert sensing.at(S).altitude == Altitude(7.0)


def test_a_height_below_the_ground_is_refused_by_its_value():
    sensing = Sensing(SensingConfig(altitude_from='odometry'))
    sensing.add_height(S, -0.5)
    assert sensing.at(S).reason == 'height_odometry says -0.5 m'


def test_time_that_goes_back_begins_anew():
    sensing = Sensing(SensingConfig())
    sensing.add_range(5 * S, 10.0)
    sensing.add_range(1 * S, 4.0)
    assert sensing.at(5 * S).altitude is None
    assert sensing.at(1 * S).altitude == Altitude(4.0, along_beam=True)
    sensing.clear()
    assert sensing.at(1 * S).altitude is None


def test_a_long_flight_keeps_only_what_may_still_be_asked_for():
    sensing = Sensing(SensingConfig())
    for i in range(5000):
        sensing.add_range(S + i * S // 100, 10.0 + i)
    assert sensing.at(S + 4999 * S // 100).altitude == Altitude(5009.0, along_beam=True)
    assert len(sensing._ranges._stamps) <= 400


def test_an_imu_that_is_not_wanted_is_not_used():
    sensing = Sensing(SensingConfig(use_imu=False))
    sensing.add_attitude(S, np.eye(3))
    assert sensing.at(S).R_world_base is None


def test_a_constant_altitude_must_be_given_where_it_is_chosen():
    with pytest.raises(ConfigError, match='altitude_m: must be above 0'):
        SensingConfig(altitude_from='parameter')


def test_a_sensor_that_lags_behind_the_image_is_late_until_it_says_something_or_has_died():
    sensing = Sensing(SensingConfig())
    assert not sensing.is_late(1 * S)  # it never said anything: nothing is expected
    sensing.add_range(1 * S, 10.0)
    assert not sensing.is_late(1 * S + S // 20)
    assert sensing.is_late(1 * S + S // 2)
    assert not sensing.is_late(3 * S + 1)
    sensing.add_range(1 * S + S // 2, 10.0)
    assert not sensing.is_late(1 * S + S // 2)


def test_an_attitude_is_waited_for_but_no_second_height():
    sensing = Sensing(SensingConfig())
    sensing.add_height(1 * S, 10.0)
    sensing.add_range(1 * S + S // 2, 10.0)
    assert not sensing.is_late(1 * S + S // 2)
    sensing.add_attitude(1 * S, np.eye(3))
    assert sensing.is_late(1 * S + S // 2)
