# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace

import numpy as np
import pytest

from waymark.errors import ConfigError, MapError
from waymark.mapping.exporting import Origin, export_map
from waymark.maps import MapPose


def test_everything_but_features_is_in_plain_files(mapped, tmp_path):
    mapped.replace(replace(mapped.keyframes[3], thumbnail_jpeg=None, text_vector=np.ones(4, np.float32)))
    names = [p.name for p in export_map(mapped, tmp_path / 'out')]
    assert names == ['map.json', 'text_vectors.npy', 'vectors.npy']
    found = json.loads((tmp_path / 'out' / 'map.json').read_text())
    assert [k['keyframe_id'] for k in found['keyframes']] == [0, 1, 2, 3, 4, 5]
    assert found['keyframes'][3]['thumbnail'] is None and found['keyframes'][3]['has_text_vector']
    assert found['links'] == [{'first': 5, 'second': 0, 'inliers': 30}]
    assert found['routes'] == [{'route_id': 0, 'name': 'r', 'keyframe_ids': [1, 2], 'relative': []}]
    assert found['encoder']['model_id'] == mapped.info.model_id
    vectors = np.load(tmp_path / 'out' / 'vectors.npy', allow_pickle=False)
    np.testing.assert_array_equal(vectors, mapped.vectors()[1])
    jpegs = sorted((tmp_path / 'out' / 'thumbnails').iterdir())
    assert [p.name for p in jpegs] == [f'{i:06}.jpg' for i in (0, 1, 2, 4, 5)]
    assert jpegs[0].read_bytes() == mapped.keyframes[0].thumbnail_jpeg


def test_a_map_on_the_earth_is_exported_as_geojson(mapped, tmp_path):
    for i, (x, y) in {1: (0.0, 0.0), 2: (100.0, 200.0)}.items():
        mapped.replace(replace(mapped.keyframes[i], pose=MapPose((x, y, 7.0))))
    export_map(mapped, tmp_path / 'out', Origin(48.0, 11.0, 500.0))
    found = json.loads((tmp_path / 'out' / 'map.geojson').read_text())
    kinds = [feature['geometry']['type'] for feature in found['features']]
    assert kinds == ['Point', 'Point', 'LineString']
    assert found['features'][0]['geometry']['coordinates'] == [11.0, 48.0, 507.0]
    # Seen from the origin, the second point lies 100 m to the east and 200 m to the north.
    moved = earth_fixed(*found['features'][1]['geometry']['coordinates']) - earth_fixed(11.0, 48.0, 507.0)
    sin_lon, cos_lon, sin_lat, cos_lat = (f(np.radians(a)) for a in (11.0, 48.0) for f in (np.sin, np.cos))
    east = [-sin_lon, cos_lon, 0]
    north = [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat]
    np.testing.assert_allclose([moved @ east, moved @ north], [100, 200], atol=0.02)


def earth_fixed(longitude_deg, latitude_deg, altitude_m):
    """WGS 84 to x, y, z from the Earth's centre, m."""
    lon, lat = np.radians([longitude_deg, latitude_deg])
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    n = a / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    flat = (n + altitude_m) * np.cos(lat)
    return np.array([flat * np.cos(lon), flat * np.sin(lon), (n * (1 - e2) + altitude_m) * np.sin(lat)])


@pytest.mark.parametrize('text', ['48', 'a,b', '48,11,2,3', '91,0', '0,181', '', '1,2,nan'])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ConfigError, match='--origin'):
        Origin.parse(text)


def test_without_poses_there_is_no_place_on_the_earth(mapped, tmp_path):
    with pytest.raises(MapError, match='no keyframe of the map has a pose'):
        export_map(mapped, tmp_path / 'out', Origin(48.0, 11.0))


def test_a_folder_with_files_is_left_alone(mapped, tmp_path):
    (tmp_path / 'mine.txt').write_text('mine')
    with pytest.raises(MapError, match='is not an empty folder'):
        export_map(mapped, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ['mine.txt']
