# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import shutil
import subprocess
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
import yaml

from waymark.errors import ConfigError
from waymark.routes.planar import Planar
from waymark_sim.gazebo.world import Rig, classic_world
from waymark_sim.ground import Ground
from waymark_sim.harmonic import export_harmonic, harmonic_world
from waymark_sim.look import Look
from waymark_sim.scene import Scene, Wall
from waymark_sim.traffic import Vehicle

RIG = Rig(Planar(3.0, -4.0, 0.5), 20.0, (320, 240), math.radians(60.0), 10.0)
STRAIGHT = Vehicle('car', 0, (5.0, 6.0), 0.3, 8.0)
TURNING = Vehicle('bus', 1, (-5.0, 6.0), 0.3, 8.0, 0.2)


@pytest.fixture
def scene():
    rgb = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    ground = Ground(rgb, 0.5, np.ones((60, 80), bool))
    return Scene(ground, (STRAIGHT, TURNING), (Wall((0.0, 0.0), (3.0, 4.0), 2.5, 0.2),), Look(noise=5.1))


@pytest.fixture(params=['1.6', '1.9'])
def world(request, scene):
    text = classic_world(scene, RIG, '/gz', 0.01) if request.param == '1.6' else harmonic_world(scene, RIG)
    sdf = ET.fromstring(text)
    assert sdf.get('version') == request.param
    return sdf.find('world')


def numbers(world: ET.Element, path: str) -> list[float]:
    return [float(text) for text in world.findtext(path).split()]


def test_both_worlds_hold_what_the_scene_says(world):
    assert numbers(world, "model[@name='ground']/link/visual/geometry/plane/size") == [40.0, 30.0]
    wall = "model[@name='wall_0']"
    assert numbers(world, f'{wall}/pose') == pytest.approx([1.5, 2.0, 1.25, 0, 0, math.atan2(4, 3)])
    assert numbers(world, f'{wall}/link/collision/geometry/box/size') == [5.0, 0.2, 2.5]
    assert numbers(world, "model[@name='vehicle_0']/pose") == pytest.approx([5.0, 6.0, 0.75, 0, 0, 0.3])
    assert numbers(world, "model[@name='vehicle_1']/link/visual/geometry/box/size") == [12.0, 2.55, 3.1]


def test_both_cameras_look_down_with_the_view_that_is_asked_for(world):
    quadrotor = "model[@name='quadrotor']"
    assert numbers(world, f'{quadrotor}/pose') == [3.0, -4.0, 20.0, 0, 0, 0.5]
    sensor = f"{quadrotor}/link/sensor[@type='camera']"
    assert numbers(world, f'{sensor}/pose') == pytest.approx([0, 0, 0, 0, math.pi / 2, 0])
    wide = numbers(world, f'{sensor}/camera/horizontal_fov')[0]
    assert math.tan(wide / 2) / math.tan(RIG.fov_rad / 2) == pytest.approx(320 / 240)
    assert numbers(world, f'{sensor}/update_rate') == [10.0]


def test_harmonics_vehicles_drive_straight_on_or_stand(scene):
    world = ET.fromstring(harmonic_world(scene, RIG)).find('world')
    driving, standing = (world.find(f"model[@name='vehicle_{n}']") for n in (0, 1))
    assert (driving.findtext('static'), standing.findtext('static')) == ('false', 'true')
    assert driving.findtext('plugin/initial_linear') == '8 0 0'
    assert driving.findtext('plugin/topic') == 'vehicle_0/cmd_vel'
    assert standing.find('plugin') is None


def test_what_is_exported_fits_together(scene, tmp_path):
    files = export_harmonic(scene, RIG, tmp_path / 'new')

    assert {path.name for path in files} == {'world.sdf', 'bridge.yaml', 'harmonic.launch.py', 'ground.png'}
    world = ET.parse(tmp_path / 'new' / 'world.sdf').find('world')
    texture = world.findtext("model[@name='ground']//albedo_map")
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'new' / texture))[:, :, ::-1], scene.ground.rgb)
    topics = yaml.safe_load((tmp_path / 'new' / 'bridge.yaml').read_text())
    gazebo = {'/' + e.text for e in world.iter() if e.tag in ('topic', 'odom_topic') and 'vehicle' not in e.text}
    assert gazebo == {t['gz_topic_name'] for t in topics} - {'/clock', '/camera/camera_info'}
    assert {t['direction'] for t in topics if t['ros_topic_name'] == 'cmd_vel'} == {'ROS_TO_GZ'}
    launch = (tmp_path / 'new' / 'harmonic.launch.py').read_text()
    compile(launch, 'harmonic.launch.py', 'exec')
    assert all(name in launch for name in ('world.sdf', 'bridge.yaml'))
    assert float(world.findtext('.//noise/stddev')) == pytest.approx(5.1 / 255)


def test_a_folder_that_can_not_be_is_named(scene, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(ConfigError, match=r'file.*can not be written'):
        export_harmonic(scene, RIG, tmp_path / 'file')


@pytest.mark.skipif(shutil.which('ign') is None, reason='needs ignition-tools and sdformat-sdf')
def test_sdformat_finds_no_error_in_the_world(scene, tmp_path):
    export_harmonic(scene, RIG, tmp_path)
    said = subprocess.run(['ign', 'sdf', '-k', tmp_path / 'world.sdf'], capture_output=True, text=True, check=False)
    assert said.returncode == 0
    assert 'Error' not in said.stdout + said.stderr  # it says Valid after errors, too
    assert 'Valid.' in said.stdout
