# SPDX-License-Identifier: Apache-2.0
"""The fixes of a rosbag2 say where its frames were taken."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from waymark.errors import ConfigError, SourceError
from waymark.mosaic import MosaicConfig, MosaicRequest, make_mosaic
from waymark.mosaic.fixes import FixTrack, read_fixes
from waymark.mosaic.utm import utm_of, zone_of
from waymark.mosaic.view import Geotag

STORE, NS = get_typestore(Stores.ROS2_JAZZY), 10**9
ORIGIN, METRE = (47.0, 8.5), 1 / 111_200
QUICK = MosaicConfig(features=600, min_inliers=15)


def place_of(x: float, y: float) -> tuple[float, float]:
    """Latitude and longitude of a place east and north of the origin, m."""
    return ORIGIN[0] + y * METRE, ORIGIN[1] + x * METRE / np.cos(np.radians(ORIGIN[0]))


def header(stamp_ns: int) -> object:
    stamp = STORE.types['builtin_interfaces/msg/Time'](sec=stamp_ns // NS, nanosec=stamp_ns % NS)
    return STORE.types['std_msgs/msg/Header'](stamp=stamp, frame_id='cam')


def fix(stamp_ns: int, latitude: float, longitude: float, status: int = 0, altitude: float = 500.0) -> object:
    types = STORE.types
    return types['sensor_msgs/msg/NavSatFix'](
        header=header(stamp_ns),
        status=types['sensor_msgs/msg/NavSatStatus'](status=status, service=1),
        latitude=latitude,
        longitude=longitude,
        altitude=altitude,
        position_covariance=np.zeros(9),
        position_covariance_type=0,
    )


def image(stamp_ns: int, file: Path) -> object:
    rgb = np.ascontiguousarray(cv2.imread(str(file))[..., ::-1])
    rows, columns = rgb.shape[:2]
    fields = {'height': rows, 'width': columns, 'encoding': 'rgb8', 'is_bigendian': 0, 'step': 3 * columns}
    return STORE.types['sensor_msgs/msg/Image'](header=header(stamp_ns), data=rgb.ravel(), **fields)


def write_bag(path: Path, messages: list[tuple[str, object]], storage: StoragePlugin = StoragePlugin.MCAP) -> Path:
    with Writer(path, version=9, storage_plugin=storage) as writer:
        connections = {}
        for number, (topic, message) in enumerate(messages):
            name = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, name, typestore=STORE)
            writer.write(connections[topic], NS + number, STORE.serialize_cdr(message, name))
    return path


def flown(flight, lines, folder: Path) -> list[tuple[str, object]]:
    """An image each second, at 3 m/s; fixes a tenth of a second before and after; the first two are none."""
    messages: list[tuple[str, object]] = [
        ('/gps/fix', fix(9 * NS, 0.0, 0.0, status=-1)),
        ('/gps/fix', fix(0, 1.0, 1.0)),
    ]
    for number, (file, (x, y)) in enumerate(zip(sorted(flight.shoot(folder, lines).iterdir()), lines, strict=True)):
        stamp_ns = (10 + number) * NS
        messages.append(('/cam/image', image(stamp_ns, file)))
        for side in (-1, 1):
            messages.append(('/gps/fix', fix(stamp_ns + side * NS // 10, *place_of(x + side * 0.3, y))))
    return messages


@pytest.mark.slow
@pytest.mark.parametrize('storage', [StoragePlugin.MCAP, StoragePlugin.SQLITE3], ids=lambda s: s.name)
def test_a_mosaic_of_a_bag_with_fixes_is_on_the_map(flight, lines, tmp_path, storage):
    bag = write_bag(tmp_path / 'bag', flown(flight, lines, tmp_path / 'photos'), storage)
    report = make_mosaic(MosaicRequest(str(bag), tmp_path / 'ground.png', QUICK))
    assert report.epsg == 32632 and max(report.geotag_error_m) < 1.0
    values = [float(line) for line in (tmp_path / 'ground.pgw').read_text().split()]
    middle = np.array(report.placed[0].corners_px).mean(axis=0)
    east_north = np.array(values[4:]) + middle * (values[0], values[3])
    expected = utm_of(*(np.array([v]) for v in place_of(*lines[0])), zone_of(*ORIGIN))[0]
    assert np.linalg.norm(east_north - expected) < 3.0  # a tilt of 0.04 rad looks 1.2 m to the side


def test_a_bag_without_fixes_gives_a_mosaic_without_a_scale(flight, lines, tmp_path):
    messages = [m for m in flown(flight, lines[:3], tmp_path / 'photos') if m[0] != '/gps/fix']
    report = make_mosaic(MosaicRequest(str(write_bag(tmp_path / 'bag', messages)), tmp_path / 'ground.png', QUICK))
    assert report.metres_per_pixel is None and not (tmp_path / 'ground.pgw').exists()


def test_of_several_receivers_one_is_chosen_by_name(tmp_path):
    receivers = [('/left/fix', fix(NS, 47.0, 8.0)), ('/right/fix', fix(NS, 48.0, 9.0))]
    bag = str(write_bag(tmp_path / 'bag', receivers))
    with pytest.raises(SourceError, match='2 topics .* --fix-topic /left/fix or /right/fix'):
        read_fixes(bag)
    assert read_fixes(bag, '/right/fix').at(NS) == Geotag(48.0, 9.0, 500.0)
    with pytest.raises(SourceError, match='no fixes on /fix. Topics .* /left/fix, /right/fix'):
        read_fixes(bag, '/fix')


def test_a_topic_of_fixes_is_refused_for_what_is_no_bag(flight, lines, tmp_path):
    folder = flight.shoot(tmp_path / 'photos', lines[:2])
    with pytest.raises(ConfigError, match='is no bag'):
        make_mosaic(MosaicRequest(str(folder), tmp_path / 'g.png', QUICK, fix_topic='/fix'))


def test_places_lie_between_fixes_and_nowhere_in_gaps():
    track = FixTrack({0: Geotag(10.0, 20.0, 100.0), NS: Geotag(11.0, 22.0, 200.0), 9 * NS: Geotag(12.0, 23.0)})
    assert track.at(NS // 4) == Geotag(10.25, 20.5, 125.0)
    assert track.at(NS) == Geotag(11.0, 22.0, 200.0)
    assert track.at(NS + NS // 10) == Geotag(11.0, 22.0, 200.0)
    assert track.at(5 * NS) is None
    assert track.at(9 * NS + NS // 10) == Geotag(12.0, 23.0, None)
    assert track.at(10 * NS) is None


def test_a_flight_over_the_date_line_does_not_go_round_the_world():
    track = FixTrack({0: Geotag(0.5, 179.9), NS: Geotag(0.5, -179.9)})
    assert track.at(NS // 4).longitude_deg == pytest.approx(179.95)
    assert track.at(3 * NS // 4).longitude_deg == pytest.approx(-179.95)
