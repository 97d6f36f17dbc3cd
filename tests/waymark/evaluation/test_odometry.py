# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.ego_motion import EgoMotionConfig
from waymark.errors import ConfigError
from waymark.evaluation.odometry import FlightRecord, figures, nees_bounds
from waymark.evaluation.odometry_run import SimulatedFlights, config_from, fly_simulated


def record(errors, nees, distance_m=100.0, images=None):
    """A flight along x with these errors in y."""
    made = FlightRecord(images=images or len(errors), distance_m=distance_m, ms=[1.0])
    for i, (error, value) in enumerate(zip(errors, nees, strict=True)):
        made.stamps_s.append(float(i))
        made.truths_m.append(np.array([float(i), 0.0, 5.0]))
        made.positions_m.append(np.array([float(i), error, 5.0]))
        made.yaw_errors_rad.append(0.01)
        made.nees.append(value)
        made.bounds_m.append(1.0)
    return made


def test_drift_is_the_largest_error_of_each_flight_and_the_mean_of_flights():
    values = figures([record([0.0, 2.0, 1.0], [0.0, 6.0, 3.0]), record([0.0, 0.0, 0.5], [1.0, 1.0, 1.0])])
    assert values['drift_percent'] == pytest.approx((2.0 + 0.5) / 2)
    assert values['drift_percent_worst'] == pytest.approx(2.0)
    assert values['end_drift_percent'] == pytest.approx((1.0 + 0.5) / 2)
    assert values['position_rmse_m'] == pytest.approx(math.sqrt((4 + 1 + 0.25) / 6))
    assert values['yaw_rmse_rad'] == pytest.approx(0.01)
    assert values['nees_mean'] == pytest.approx((3.0 + 1.0) / 2)
    assert values['flights_lost'] == 0


def test_a_flight_that_was_lost_is_counted_and_one_without_poses_gives_no_drift():
    values = figures([record([0.0, 0.0], [0.0, 0.0], images=10), record([0.0], [0.0], images=5)])
    assert (values['flights_lost'], values['without_pose'], values['images']) == (2, 13, 15)
    assert 'drift_percent' not in figures([record([0.0], [0.0], images=5)])


def test_bounds_of_the_normalised_error_are_those_of_chi_squared():
    # Quantiles .025 and .975: 0.2158 and 9.3484 of 3 degrees of freedom, 16.7908 and 46.9792 of 30.
    assert nees_bounds(1) == (pytest.approx(0.2158, abs=0.05), pytest.approx(9.3484, abs=0.05))
    assert nees_bounds(10) == (pytest.approx(1.67908, rel=0.005), pytest.approx(4.69792, rel=0.005))


def test_a_short_flight_over_generated_ground_drifts_less_than_a_percent():
    request = SimulatedFlights('ground', 0.0, 15.0, 6.0, 24.0, 1, size_wh=(320, 240), rate_hz=5.0)
    told = []
    [flown] = fly_simulated(request, EgoMotionConfig(), lambda *news: told.append(news))
    values = figures([flown])
    assert values['without_pose'] == 0
    assert values['distance_m'] == pytest.approx(24.0, abs=1.5)
    # Half a percent of scale and a percent of noise: two of a hundred metres, at most.
    assert values['drift_percent'] < 2.0
    assert values['yaw_rmse_rad'] < 0.01
    assert told[-1][1:] == (flown.images, flown.images)


def test_settings_are_parameters_of_ego_motion_and_wrong_ones_are_named():
    config = config_from(['min_inliers=30', 'camera_in_base=[0, 0, 0, -0.5, 0.5, -0.5, 0.5]'])
    assert config.min_inliers == 30
    np.testing.assert_allclose(config.T_base_camera[:3, 2], [1.0, 0.0, 0.0], atol=1e-12)  # it looks ahead
    for text, said in (
        ('min_inliers', 'expected PARAMETER=VALUE'),
        ('min_inlier=3', 'Did you mean'),
        ('min_inliers=[', 'not a YAML value'),
        ('camera_in_base=[1, 2]', 'camera_in_base: expected x, y, z'),
    ):
        with pytest.raises(ConfigError, match=said):
            config_from([text])


@pytest.mark.slow
@pytest.mark.parametrize('attitude', [True, False])
def test_flights_of_200_m_over_a_real_orthophoto_drift_less_than_a_percent_and_know_it(shared_data, attitude):
    photo = str(shared_data('uav_odm_caliterra') / 'caliterra.png')
    request = SimulatedFlights(photo, 0.2, 15.0, 6.0, 200.0, 4, attitude=attitude, rate_hz=5.0)
    values = figures(fly_simulated(request, EgoMotionConfig(), lambda *news: None))
    assert values['without_pose'] == 0
    assert values['drift_percent_worst'] < 1.0
    low, high = nees_bounds(4)
    assert low < values['nees_mean'] < high
