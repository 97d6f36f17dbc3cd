# SPDX-License-Identifier: Apache-2.0
"""From photos to a picture of the ground, against cameras that are known exactly."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, SourceError
from waymark.mosaic import MosaicConfig, MosaicRequest, make_mosaic
from waymark.mosaic.utm import utm_of, zone_of
from waymark_sim.ground import load_ground

QUICK = MosaicConfig(features=600, min_inliers=15)


def mosaic(folder, tmp_path, **more):
    return make_mosaic(MosaicRequest(str(folder), tmp_path / 'ground.png', QUICK, **more))


@pytest.fixture(scope='module')
def made(new_flight, lines, tmp_path_factory):
    """Photos of two lines, the mosaic of them, and its folder."""
    flight, folder = new_flight(), tmp_path_factory.mktemp('made')
    report = mosaic(flight.shoot(folder / 'photos', lines), folder)
    return flight, report, folder


def test_each_corner_lies_where_the_camera_saw_it(made, corner_errors):
    flight, report, _ = made
    assert len(report.placed) == 10 and not report.left_out
    errors = corner_errors(report, flight.corners_m)
    assert errors.mean() < 0.7 and errors.max() < 2.5


def test_photos_in_any_order_with_bad_ones_among_them_are_laid_together_and_the_bad_ones_named(
    flight, lines, tmp_path, corner_errors
):
    folder = flight.shoot(tmp_path / 'photos', lines, order=[7, 2, 9, 0, 4, 1, 8, 3, 6, 5])
    cv2.imwrite(str(folder / 'blank.png'), np.full((240, 320, 3), 90, np.uint8))
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    cv2.imwrite(str(folder / 'noise.png'), noise)
    (folder / 'broken.jpg').write_bytes(b'\xff\xd8 not a photo')
    report = mosaic(folder, tmp_path)
    assert len(report.placed) == 10
    assert set(report.left_out) == {'blank.png', 'noise.png'} and set(report.unread) == {'broken.jpg'}
    assert 'next to nothing' in report.left_out['blank.png']
    assert corner_errors(report, flight.corners_m).max() < 2.5


def test_the_simulator_takes_it_for_its_ground_and_sees_what_the_photos_showed(made):
    _, report, folder = made
    new = load_ground(folder / 'ground.png', 0.05)
    assert new.rgb.shape[1::-1] == report.size_wh
    frame = report.placed[4]
    to_mosaic = cv2.getPerspectiveTransform(
        np.array([(0, 0), (319, 0), (319, 239), (0, 239)], np.float32), np.array(frame.corners_px, np.float32)
    )
    seen = cv2.warpPerspective(new.rgb, np.linalg.inv(to_mosaic), (320, 240))
    photo = cv2.imread(str(folder / 'photos' / frame.name))[..., ::-1]
    middle = np.s_[60:180, 80:240]
    blurred = [cv2.GaussianBlur(i[middle], (0, 0), 1.5).astype(float) for i in (seen, photo)]
    assert np.abs(blurred[0] - blurred[1]).mean() < 6.0


def test_geotags_put_it_on_the_map(flight, lines, tmp_path):
    folder = flight.shoot(tmp_path / 'photos', lines)
    origin, metre = (47.0, 8.5), 1 / 111_200
    rows = [
        f'{name},{origin[0] + y * metre},{origin[1] + x * metre / np.cos(np.radians(47.0))}'
        for name, (x, y) in zip(sorted(flight.corners_m), lines, strict=True)
    ]
    table = tmp_path / 'tags.csv'
    table.write_text('file,lat,lon\n' + '\n'.join(rows) + '\n')
    report = mosaic(folder, tmp_path, geotags=table)
    assert report.epsg == 32632 and max(report.geotag_error_m) < 1.0
    values = [float(line) for line in (tmp_path / 'ground.pgw').read_text().split()]
    assert values[:4] == pytest.approx([report.metres_per_pixel, 0, 0, -report.metres_per_pixel])
    middle = np.array(report.placed[0].corners_px).mean(axis=0)
    east_north = np.array(values[4:]) + middle * (values[0], values[3])
    expected = utm_of(*(np.array([float(v)]) for v in rows[0].split(',')[1:]), zone_of(*origin))[0]
    assert np.linalg.norm(east_north - expected) < 3.0  # a tilt of 0.04 rad looks 1.2 m to the side
    assert json.loads((tmp_path / 'ground.json').read_text())['grid'] == 'UTM 32N'


def test_photos_that_share_nothing_are_refused(flight, tmp_path):
    folder = flight.shoot(tmp_path / 'photos', [(-45.0, -45.0), (45.0, 45.0)])
    with pytest.raises(SourceError, match='none of the 2 frames overlap'):
        mosaic(folder, tmp_path)
    assert not (tmp_path / 'ground.png').exists()


def test_a_scale_without_geotags_and_a_name_that_is_no_png_are_refused(flight, lines, tmp_path):
    folder = flight.shoot(tmp_path / 'photos', lines[:2])
    with pytest.raises(ConfigError, match='metres_per_pixel needs geotags'):
        make_mosaic(MosaicRequest(str(folder), tmp_path / 'g.png', MosaicConfig(metres_per_pixel=0.1)))
    with pytest.raises(ConfigError, match='ends in .png'):
        make_mosaic(MosaicRequest(str(folder), tmp_path / 'g.jpg'))


def test_a_second_run_does_not_take_its_own_mosaic_for_a_photo(flight, lines, tmp_path):
    folder = flight.shoot(tmp_path / 'photos', lines[:3])
    for _ in range(2):
        report = make_mosaic(MosaicRequest(str(folder), folder / 'ground.png', QUICK))
    assert len(report.placed) == 3 and not report.left_out


def test_the_command_says_what_it_made_and_what_is_missing(flight, lines, tmp_path):
    folder = flight.shoot(tmp_path / 'photos', lines[:3])
    cv2.imwrite(str(folder / 'blank.png'), np.full((240, 320, 3), 90, np.uint8))
    run = CliRunner().invoke(app, ['mosaic', str(folder), '--out', str(tmp_path / 'g.png')])
    assert run.exit_code == 0 and 'from 3 frames' in run.output and 'scale unknown: no geotags' in run.output
    assert 'left out: blank.png: shows next to nothing' in run.output
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {'photos', 'g.png', 'g.json', 'g.preview.jpg'}


def test_a_video_is_covered_by_few_of_its_frames(flight, tmp_path):
    folder = flight.shoot(tmp_path / 'photos', [(x, 0.0) for x in np.linspace(-15, 15, 25)])
    video = cv2.VideoWriter(str(tmp_path / 'flight.avi'), cv2.VideoWriter.fourcc(*'MJPG'), 10, (320, 240))
    for photo in sorted(folder.iterdir()):
        video.write(cv2.imread(str(photo)))
    video.release()
    report = mosaic(tmp_path / 'flight.avi', tmp_path)
    assert len(report.placed) + report.passed_over == 25 and not report.left_out
    assert 3 <= len(report.placed) <= 12
    assert {'frame 0', 'frame 24'} <= {f.name for f in report.placed}


@pytest.mark.slow
def test_real_photos_fit_their_orthophoto(shared_data, tmp_path):
    data = shared_data('uav_odm_caliterra')
    request = MosaicRequest(str(data / 'images_1200px'), tmp_path / 'ground.png', geotags=data / 'geotags.csv')
    report = make_mosaic(request)
    assert len(report.placed) == 30 and report.match_error_px[0] < 2.0
