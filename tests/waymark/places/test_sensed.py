# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.places.config import LocatingConfig
from waymark.places.rigid import transform, turn_of, turned
from waymark.places.sensed import PoseTrack, altitude_of

MS = 1_000_000


def pose(x_m, yaw_rad=0.0):
    return transform(turned(np.array([0.0, 0.0, yaw_rad])), np.array([x_m, 0.0, 1.0]))


def track(*stamped, gap_s=0.1):
    found = PoseTrack(gap_s)
    for ms, T in stamped:
        found.add(ms * MS, T)
    return found


def test_without_odometry_there_is_no_pose():
    assert track().at(5) is None


def test_a_pose_of_the_very_moment_is_taken_as_it_is():
    np.testing.assert_array_equal(track((10, pose(1.0)), (20, pose(2.0))).at(20 * MS), pose(2.0))


def test_between_two_poses_it_goes_straight_and_turns_evenly():
    T = track((10, pose(1.0, 0.2)), (50, pose(3.0, 0.6))).at(20 * MS)
    np.testing.assert_allclose(T[:3, 3], [1.5, 0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(turn_of(T[:3, :3]), [0, 0, 0.3], atol=1e-12)


def test_after_the_last_pose_it_goes_on_as_before_for_as_long_as_the_gap():
    found = track((10, pose(1.0)), (50, pose(3.0)))
    np.testing.assert_allclose(found.at(90 * MS)[:3, 3], [5.0, 0.0, 1.0], atol=1e-12)
    assert found.at(151 * MS) is None


def test_a_moment_before_the_first_pose_or_in_a_hole_has_none():
    found = track((100, pose(1.0)), (120, pose(1.0)), (900, pose(2.0)), (920, pose(2.0)))
    assert found.at(50 * MS) is None
    assert found.at(150 * MS) is None


def test_a_hole_ends_with_the_poses_after_it():
    found = track((100, pose(1.0)), (900, pose(2.0)), (920, pose(2.0)))
    np.testing.assert_allclose(found.at(910 * MS)[:3, 3], [2.0, 0.0, 1.0])


def test_where_time_goes_back_the_poses_before_are_forgotten():
    found = track((500, pose(1.0)), (520, pose(2.0)), (10, pose(7.0)))
    assert len(found) == 1
    assert found.at(510 * MS) is None
    np.testing.assert_allclose(found.at(15 * MS)[:3, 3], [7.0, 0.0, 1.0])


@pytest.mark.parametrize('bad', [np.full((4, 4), np.nan), np.eye(3)])
def test_a_pose_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match='T_odom_base'):
        PoseTrack(0.1).add(1, bad)


def test_odometry_that_lags_behind_the_image_is_late_until_it_is_there_or_has_died():
    assert not track().is_late(500 * MS)
    lagging = track((0, pose(0.0)), (100, pose(1.0)))
    assert [lagging.is_late(ms * MS) for ms in (50, 200, 201, 2100, 2101)] == [False, False, True, True, False]


DOWN = transform(np.diag([1.0, -1.0, -1.0]), np.array([0.2, 0.0, -0.5]))  # looks straight down, half a metre below


def test_the_altitude_comes_from_where_the_configuration_says():
    known = {'altitude_m': 12.0, 'altitude_sigma': 0.1, 'ground_z_m': 2.0}
    given = (7.0, transform(np.eye(3), np.array([0.0, 0.0, 30.0])), DOWN)
    none, fixed, beam, odometry = (
        altitude_of(LocatingConfig(altitude_from=source, **known), *given)
        for source in ('none', 'parameter', 'range', 'odometry')
    )
    assert none is None
    assert (fixed.distance_m, fixed.sigma_m, fixed.beam) == (12.0, pytest.approx(1.2), None)
    assert (beam.distance_m, beam.beam) == (7.0, (0.0, 0.0, 1.0))
    assert odometry.distance_m == pytest.approx(30.0 - 0.5 - 2.0)


@pytest.mark.parametrize('source', ['range', 'odometry'])
def test_while_its_source_is_silent_the_altitude_is_unknown(source):
    assert altitude_of(LocatingConfig(altitude_from=source), None, None, None) is None


def test_below_the_ground_there_is_no_altitude():
    config = LocatingConfig(altitude_from='odometry', ground_z_m=100.0)
    assert altitude_of(config, None, np.eye(4), DOWN) is None


def test_configurations_that_can_not_be_are_refused_with_what_is_expected():
    with pytest.raises(ConfigError, match='altitude_m: must be above 0'):
        LocatingConfig(altitude_from='parameter').require_altitude()
    with pytest.raises(ConfigError, match='camera_in_base: expected x, y, z and a unit quaternion'):
        LocatingConfig(camera_in_base=(0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0))
