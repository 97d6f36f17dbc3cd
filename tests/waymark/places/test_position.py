# SPDX-License-Identifier: Apache-2.0
"""Where the robot is in a map with poses: simulated flights, whose truth is exact."""

import numpy as np
import pytest

from waymark.image.features import Features
from waymark.maps import Keyframe
from waymark.maps.keyframe import MapPose
from waymark.places import LiveMap, PlacesConfig, PlaceState
from waymark.places.position import MapPosition
from waymark.places.rigid import inverse, transform, turn_of, turned
from waymark.places.sensed import Altitude, Sensed
from waymark.types import Frame, Header
from waymark_sim.ortho import R_BASE_CAMERA
from waymark_sim.world import build_world

T_BASE_CAMERA = transform(turned(np.array([0.02, -0.01, 0.1])) @ R_BASE_CAMERA, np.array([0.3, 0.05, -0.1]))
T_SIM_CAMERA = transform(R_BASE_CAMERA, np.zeros(3))
T_MAP_ODOM = transform(turned(np.array([0.01, -0.02, 0.8])), np.array([30.0, -12.0, 3.0]))
FINGERPRINT = 'f' * 64


def posed(number, x_m):
    none = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), (320, 240))
    return Keyframe(number, Header(number + 1), np.ones(1, np.float32), none, number, pose=MapPose((x_m, 0.0, 0.0)))


def sensed(x_m):
    return Sensed(T_odom_base=transform(np.eye(3), np.array([x_m, 0.0, 0.0])))


def test_the_way_since_the_last_image_is_counted_in_steps_between_keyframes():
    position = MapPosition(PlacesConfig(), {i: posed(i, 2.0 * i) for i in range(5)})
    assert position.moved(sensed(100.0)) is None  # nothing came before
    assert position.moved(sensed(101.0)) == pytest.approx(0.5)
    assert position.moved(sensed(97.0)) == pytest.approx(2.0)
    assert position.moved(Sensed()) is None
    assert position.moved(sensed(98.0)) is None
    assert position.moved(sensed(9000.0)) is None  # an odometry that began anew


def test_without_poses_of_keyframes_the_way_means_nothing():
    position = MapPosition(PlacesConfig(), {})
    assert (position.moved(sensed(1.0)), position.moved(sensed(2.0))) == (None, None)


class Flight:
    """A flight over a generated ground; the picture itself, made small, is its embedding."""

    def __init__(self, live, world):
        self.live, self.world, self.number, self.truth = live, world, 0, {}

    def be(self, second, T_map_odom, altitude_error=None):
        """What is said at a place of the route, and where the camera really was."""
        T_map_camera = self.world.route.pose(float(second)) @ T_SIM_CAMERA
        self.number += 1
        header = Header(self.number * 1_000_000_000)
        frame = Frame(header, self.world.renderer.render(self.world.route.pose(float(second)), self.number))
        small = frame.gray[::24, ::24].astype(np.float32).ravel() - 128
        height_m, altitude = T_map_camera[2, 3], None
        if altitude_error is not None:
            altitude = Altitude(height_m * (1 + altitude_error), 0.02 * height_m)
        T_odom_base = inverse(T_map_odom) @ T_map_camera @ inverse(T_BASE_CAMERA)
        told = Sensed(self.world.renderer.camera, altitude, T_odom_base, T_BASE_CAMERA)
        said = self.live.observe(frame, small / np.linalg.norm(small), 'small', FINGERPRINT, told)
        if said.new_keyframe is not None:
            self.truth[said.new_keyframe.keyframe_id] = T_map_camera
        return said, T_map_camera


@pytest.fixture(scope='module')
def world():
    return build_world('sim:ground?laps=1&lap_s=120&width=320&height=240&pad=0&ground_px=2048&altitude=15')


def flown(world, tmp_path, seconds):
    """A map of a flight, opened anew."""
    config = PlacesConfig(map=str(tmp_path / 'm.wmap'), keyframe_similarity=1.0, exclude_recent=1000)
    live = LiveMap(config)
    flight = Flight(live, world)
    for second in seconds:
        flight.be(second, np.eye(4))
    live.close()
    flight.live = LiveMap(config)
    return flight


def normalized(T, covariance, true):
    error = np.r_[T[:3, 3] - true[:3, 3], turn_of(T[:3, :3] @ true[:3, :3].T)]
    return float(error @ np.linalg.solve(covariance, error))


def test_a_flight_with_another_odometry_finds_itself_in_the_map_of_the_first(world, tmp_path):
    flight = flown(world, tmp_path, np.arange(8.0))
    for number, keyframe in enumerate(flight.live._map.keyframes.values()):
        np.testing.assert_allclose(keyframe.pose.position_m, flight.truth[number][:3, 3], atol=1e-6)
    said, _ = flight.be(1.3, T_MAP_ODOM)
    assert (said.state, said.fix, said.new_keyframe.pose) == (PlaceState.CANDIDATE, None, None)
    for second in (2.2, 3.1):
        said, T_map_camera = flight.be(second, T_MAP_ODOM)
        assert said.state is PlaceState.LOCALIZED
        assert said.match.relative.is_metric
        T_map_base = T_map_camera @ inverse(T_BASE_CAMERA)
        assert normalized(said.fix.T_map_base, said.fix.covariance, T_map_base) < 22.46
        np.testing.assert_allclose(said.fix.T_map_odom, T_MAP_ODOM, atol=2.0)  # a turn of 1 degree over 30 m
    np.testing.assert_allclose(said.new_keyframe.pose.position_m, T_map_camera[:3, 3], atol=0.5)
    flight.live.close()


@pytest.mark.slow
@pytest.mark.parametrize('has_altitude', [True, False], ids=['by altitude', 'by the distance between keyframes'])
def test_normalised_errors_of_matches_and_fixes_stay_inside_their_bounds(world, tmp_path, has_altitude):
    flight = flown(world, tmp_path, np.arange(0.0, 40.0))
    rng, relative, fixes = np.random.default_rng(2), [], []
    for second in np.arange(0.4, 38.0, 0.47):
        said, T_map_camera = flight.be(second, T_MAP_ODOM, rng.normal(0, 0.02) if has_altitude else None)
        if said.match is None:
            continue
        pose, ref = said.match.relative, flight.truth[said.match.keyframe_id]
        relative.append(normalized(pose.T_ref_cur, pose.covariance, inverse(ref) @ T_map_camera))
        if said.fix is not None:
            true = T_map_camera @ inverse(T_BASE_CAMERA)
            fixes.append(normalized(said.fix.T_map_base, said.fix.covariance, true))
    flight.live.close()
    for squares in relative, fixes:
        # Chi-square of 6 degrees of freedom: mean 6, variance 12; 95 % of single ones below 12.59.
        assert len(squares) > 70
        bound = 1.96 * np.sqrt(12 / len(squares))
        assert 6 / 1.25 - bound < np.mean(squares) < 6 + bound  # a tenth too careful in sigma is allowed
        assert np.mean(np.array(squares) < 12.59) > 0.9
