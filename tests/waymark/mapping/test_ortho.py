# SPDX-License-Identifier: Apache-2.0
"""`waymark map from-ortho`: what the user types, sees and gets, and that such a map is for one task alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, MapError
from waymark.geo import GroundMap, read_ortho
from waymark.mapping.ortho import OrthoRequest, frame_of
from waymark.maps import open_map
from waymark.maps.merging import merge
from waymark.places.opening import opening


@pytest.fixture(scope='module')
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp('ortho') / 'ground.png'
    small = np.random.default_rng(4).integers(1, 255, (32, 40, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(small, (200, 160), interpolation=cv2.INTER_CUBIC))
    return path


@pytest.fixture(scope='module')
def map_path(image):
    out = image.parent / 'ground.wmap'
    words = ['map', 'from-ortho', str(image), '--metres-per-pixel', '0.5', '--map', str(out), '--encoder', 'hog']
    done = CliRunner().invoke(app, [*words, '--anchor', '30.1,-98.2'])
    assert done.exit_code == 0, done.output
    assert '200x160 px, 0.5 m per pixel, 100 x 80 m, 100% of it known' in done.output
    assert 'its middle lies at 30.100000, -98.200000' in done.output
    return out


def test_the_map_holds_scale_place_and_tiles(map_path):
    with GroundMap.open(map_path) as ground:
        assert ground.frame.metres_per_pixel == 0.5
        assert (ground.frame.latitude_deg, ground.frame.longitude_deg) == (30.1, -98.2)
        assert {t.side_px for t in ground.tiles} == {128, 256}
        assert len(ground.features) > 50


def test_a_map_that_is_there_is_not_written_over(image, map_path):
    done = CliRunner().invoke(app, ['map', 'from-ortho', str(image), '--metres-per-pixel', '1', '--map', str(map_path)])

    assert isinstance(done.exception, MapError) and 'is there already' in str(done.exception)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({}, 'its scale is missing'),
        ({'metres_per_pixel': 0.0}, 'no scale'),
        ({'metres_per_pixel': 1e4}, 'no scale'),
        ({'metres_per_pixel': 1.0, 'anchor': 'north'}, 'is no place'),
        ({'metres_per_pixel': 1.0, 'anchor': '89,10'}, 'latitude'),
    ],
)
def test_what_is_missing_or_impossible_is_named(image, change, said):
    with pytest.raises(ConfigError, match=said):
        frame_of(OrthoRequest(image, **change), read_ortho(image))


def test_a_world_file_beside_it_gives_the_scale_unless_one_is_said(image):
    world = image.with_suffix('.pgw')
    world.write_text('0.25 0 0 -0.25 600000 3300000')
    try:
        assert frame_of(OrthoRequest(image), read_ortho(image)).metres_per_pixel == 0.25
        assert frame_of(OrthoRequest(image, 0.5), read_ortho(image)).metres_per_pixel == 0.5
    finally:
        world.unlink()


def test_places_are_not_recognised_in_it(map_path):
    with pytest.raises(MapError, match='for geo_localization'):
        next(opening(map_path, writing=False))


def test_it_is_not_merged_with_another(map_path):
    with open_map(map_path) as file, pytest.raises(MapError, match='can not be merged'):
        merge(file.load(), file.load())
