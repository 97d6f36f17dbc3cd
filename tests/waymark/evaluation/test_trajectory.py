# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.ego_motion import EgoMotionConfig
from waymark.errors import ConfigError
from waymark.evaluation.odometry_run import RecordedFlight, fly_recorded
from waymark.evaluation.trajectory import attitude_of, pose_of, read_table, read_truth_table
from waymark.image.rotation import quaternion_xyzw
from waymark_sim.flights import Flight, FlightPlan, SensorErrors
from waymark_sim.ground import generate_ground

HEADER = 'stamp_s,x_m,y_m,z_m,qx,qy,qz,qw\n'


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / 'table.csv'
        path.write_text(text)
        return path

    return write


def test_an_image_finds_the_row_of_its_stamp_or_of_its_number(table):
    truth = read_truth_table(table(HEADER + '1.0,1,2,3,0,0,0,1\n1.1,4,5,6,0,0,1,0\n'))
    np.testing.assert_allclose(pose_of(truth.at(0, 1.09))[:3, 3], [4, 5, 6])
    np.testing.assert_allclose(pose_of(truth.at(0, 1.09))[:3, :3], np.diag([-1, -1, 1]), atol=1e-12)
    assert truth.at(0, 1.05) is None
    by_frame = read_table(table('note, frame, range_m\nx,0,10\ny,2,\n'))
    assert by_frame.at(0, 99.0) == {'range_m': 10.0}
    assert np.isnan(by_frame.at(2, 99.0)['range_m'])
    assert by_frame.at(1, 99.0) is None


def test_a_row_without_a_usable_rotation_has_no_pose():
    row = dict.fromkeys(('x_m', 'y_m', 'z_m', 'qx', 'qy', 'qz', 'qw'), 0.0)
    assert attitude_of(row) is None
    assert pose_of(row | {'qw': 1.0, 'x_m': np.nan}) is None
    assert attitude_of({'range_m': 3.0}) is None


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('', 'without rows'),
        (HEADER, 'without rows'),
        ('x_m,y_m\n1,2\n', 'without z_m, qx'),
        (HEADER.replace('stamp_s', 'time') + '1,1,2,3,0,0,0,1\n', 'without stamp_s or frame'),
        (HEADER + '1,1,2,three,0,0,0,1\n', "line 2: z_m is 'three', not a number"),
        (HEADER + '2,1,2,3,0,0,0,1\n1,1,2,3,0,0,0,1\n', 'must increase'),
        (HEADER + ',1,2,3,0,0,0,1\n', 'must increase'),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_the_remedy(table, text, said):
    with pytest.raises(ConfigError, match=said):
        read_truth_table(table(text))


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='No such file'):
        read_truth_table(tmp_path / 'no.csv')


@pytest.fixture
def recording(tmp_path):
    """A folder of images with truth, sensors and calibration, of a flight of 6 m over generated ground."""
    plan = FlightPlan(12.0, 6.0, 6.0, 1, (320, 240), rate_hz=10.0, light=0.0)
    flight = Flight(generate_ground(5, 1024, 80.0), plan)
    (tmp_path / 'images').mkdir()
    truth, sensors = [HEADER.replace('stamp_s', 'frame')], ['frame,range_m,qx,qy,qz,qw\n']
    for i, step in enumerate(flight.steps(SensorErrors(0.0, 0.0, 0.0, 0.0))):
        cv2.imwrite(str(tmp_path / 'images' / f'{i}.png'), step.rgb[:, :, ::-1])
        q = ','.join(f'{v:.9f}' for v in quaternion_xyzw(step.T_map_base[:3, :3]))
        truth.append(f'{i},{",".join(f"{v:.6f}" for v in step.T_map_base[:3, 3])},{q}\n')
        sensors.append(f'{i},{step.range_m:.6f},{q}\n')
    (tmp_path / 'truth.csv').write_text(''.join(truth))
    (tmp_path / 'sensors.csv').write_text(''.join(sensors))
    K = flight.renderer.camera.K
    (tmp_path / 'camera.yaml').write_text(
        f'image_width: 320\nimage_height: 240\ncamera_matrix: {{data: {K.ravel().tolist()}}}\n'
        'distortion_model: plumb_bob\ndistortion_coefficients: {data: [0, 0, 0, 0, 0]}\n'
    )
    return tmp_path


def request_of(folder, **change):
    given = {'sensors': folder / 'sensors.csv', 'camera_info': folder / 'camera.yaml'} | change
    return RecordedFlight(str(folder / 'images'), folder / 'truth.csv', **given)


def test_a_folder_with_truth_is_flown_with_its_sensors(recording):
    [flown] = fly_recorded(request_of(recording), EgoMotionConfig(), lambda *news: None)
    assert len(flown.positions_m) == flown.images
    assert flown.distance_m == pytest.approx(6.0, abs=0.7)
    assert flown.errors_m.max() < 0.06


def test_a_constant_altitude_does_where_there_are_no_sensors(recording):
    [flown] = fly_recorded(request_of(recording, sensors=None, altitude_m=12.0), EgoMotionConfig(), lambda *n: None)
    assert flown.errors_m.max() < 0.4


def test_what_is_missing_is_asked_for(recording):
    with pytest.raises(ConfigError, match='nothing says the altitude'):
        fly_recorded(request_of(recording, sensors=None), EgoMotionConfig(), lambda *news: None)
    with pytest.raises(ConfigError, match='0 of 11 images got a pose: the camera is not calibrated'):
        fly_recorded(request_of(recording, camera_info=None), EgoMotionConfig(), lambda *news: None)
