# SPDX-License-Identifier: Apache-2.0
"""A flight in a bag: images, calibration, ranges and attitudes, and the truth in a CSV."""

from __future__ import annotations

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from waymark.ego_motion import EgoMotionConfig
from waymark.errors import ConfigError
from waymark.evaluation.bag_sensors import read_bag_sensors
from waymark.evaluation.odometry_run import RecordedFlight, fly_recorded
from waymark.image.rotation import quaternion_xyzw
from waymark_sim.flights import Flight, FlightPlan, SensorErrors
from waymark_sim.ground import generate_ground

STORE = get_typestore(Stores.ROS2_JAZZY)
T = STORE.types
NS = 1_000_000_000


class FlightBag:
    """Writes messages of one stamp after the other."""

    def __init__(self, path):
        self.path, self.connections = path, {}
        self.writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        self.writer.open()

    def put(self, topic, message, stamp_ns):
        name = message.__msgtype__
        if topic not in self.connections:
            self.connections[topic] = self.writer.add_connection(topic, name, typestore=STORE)
        self.writer.write(self.connections[topic], stamp_ns, STORE.serialize_cdr(message, name))


def header(stamp_ns):
    stamp = T['builtin_interfaces/msg/Time'](sec=stamp_ns // NS, nanosec=stamp_ns % NS)
    return T['std_msgs/msg/Header'](stamp=stamp, frame_id='cam')


def image_of(rgb, stamp_ns):
    height, width = rgb.shape[:2]
    return T['sensor_msgs/msg/Image'](
        header(stamp_ns), height, width, 'rgb8', 0, 3 * width, np.ascontiguousarray(rgb).reshape(-1)
    )


def info_of(camera, stamp_ns):
    width, height = camera.size_wh
    roi = T['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    K = camera.K.reshape(-1)
    return T['sensor_msgs/msg/CameraInfo'](
        header(stamp_ns), height, width, 'plumb_bob', np.zeros(5), K, np.eye(3).reshape(-1), np.zeros(12), 0, 0, roi
    )


def imu_of(R, stamp_ns):
    vector, none = T['geometry_msgs/msg/Vector3'](0.0, 0.0, 0.0), np.zeros(9)
    q = T['geometry_msgs/msg/Quaternion'](*quaternion_xyzw(R))
    return T['sensor_msgs/msg/Imu'](header(stamp_ns), q, none, vector, none, vector, none)


def range_of(metres, stamp_ns):
    fields = {'variance': 0.0} if 'variance' in T['sensor_msgs/msg/Range'].__dataclass_fields__ else {}
    return T['sensor_msgs/msg/Range'](header(stamp_ns), 1, 0.1, 0.1, 99.0, float(metres), **fields)


@pytest.fixture(scope='module')
def flight(tmp_path_factory):
    """6 m over generated ground; the bag's folder, and the truth's file beside it."""
    folder = tmp_path_factory.mktemp('flight')
    flown = Flight(generate_ground(5, 1024, 80.0), FlightPlan(12.0, 6.0, 6.0, 1, (320, 240), rate_hz=10.0, light=0.0))
    bag, rows = FlightBag(folder / 'bag'), ['stamp_s,x_m,y_m,z_m,qx,qy,qz,qw\n']
    for step in flown.steps(SensorErrors(0.0, 0.0, 0.0, 0.0)):
        stamp_ns = round((5 + step.stamp_s) * NS)
        bag.put('/cam/camera_info', info_of(flown.renderer.camera, stamp_ns), stamp_ns)
        bag.put('/range', range_of(step.range_m, stamp_ns - NS // 100), stamp_ns)
        bag.put('/imu', imu_of(step.T_map_base[:3, :3], stamp_ns + NS // 100), stamp_ns)
        bag.put('/cam/image_raw', image_of(step.rgb, stamp_ns), stamp_ns)
        numbers = [stamp_ns / NS, *step.T_map_base[:3, 3], *quaternion_xyzw(step.T_map_base[:3, :3])]
        rows.append(','.join(f'{v:.9f}' for v in numbers) + '\n')
    bag.writer.close()
    (folder / 'truth.csv').write_text(''.join(rows))
    return folder


def test_ranges_and_attitudes_of_a_bag_are_found_by_their_type(flight):
    ranges, attitudes = read_bag_sensors(str(flight / 'bag'))
    assert len(ranges.keys) == len(attitudes.keys) == 11
    assert ranges.keys[0] == pytest.approx(4.99)
    assert ranges.at(0, 5.0, 0.1)['range_m'] == pytest.approx(12.0, rel=0.05)
    assert set(attitudes.columns) == {'qx', 'qy', 'qz', 'qw'}


def test_a_bag_with_truth_is_flown_with_its_own_sensors_and_calibration(flight):
    request = RecordedFlight(str(flight / 'bag'), flight / 'truth.csv')
    [flown] = fly_recorded(request, EgoMotionConfig(), lambda *news: None)
    assert len(flown.positions_m) == flown.images == 11
    assert flown.errors_m.max() < 0.1


def test_a_truth_of_another_time_is_refused(flight, tmp_path):
    rows = (flight / 'truth.csv').read_text().splitlines()
    late = [rows[0], *(f'{100 + i},' + row.partition(',')[2] for i, row in enumerate(rows[1:]))]
    (tmp_path / 'late.csv').write_text('\n'.join(late))
    request = RecordedFlight(str(flight / 'bag'), tmp_path / 'late.csv')
    with pytest.raises(ConfigError, match='0 of 11 images got a pose: no image has a row in the truth'):
        fly_recorded(request, EgoMotionConfig(), lambda *news: None)
