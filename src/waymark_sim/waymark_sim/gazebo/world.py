# SPDX-License-Identifier: Apache-2.0
"""A Scene as an SDF world: 1.6 for Gazebo 11, 1.9 for Harmonic. Both from one description, part by part."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np

from waymark.errors import ConfigError
from waymark.routes.planar import Planar
from waymark_sim.autopilot import INERTIA_KG_M2, MASS_KG
from waymark_sim.boxes import boxes_of
from waymark_sim.ground import Ground
from waymark_sim.scene import Scene

WORLD, QUADROTOR, BODY, CAMERA = 'waymark', 'quadrotor', 'base_link', 'down'
_CLASSIC_TEXTURE = 'ground.bmp'  # loads in a tenth of the time of a PNG
_MATERIAL = 'Waymark/Ground'
_LARGEST_PX = 8192  # what software renderers take as a texture


@dataclass(frozen=True)
class Rig:
    """The vehicle and its camera.

    Attributes:
        start: x east, y north, m; heading from east, rad.
        altitude_m: It starts in the air.
        size_wh: Of images, px.
        fov_rad: Vertical field of view.
        rate_hz: Images per second.
    """

    start: Planar
    altitude_m: float
    size_wh: tuple[int, int]
    fov_rad: float
    rate_hz: float

    @property
    def horizontal_fov_rad(self) -> float:
        """What SDF asks for."""
        return 2 * math.atan(math.tan(self.fov_rad / 2) * self.size_wh[0] / self.size_wh[1])


def write_ground(ground: Ground, path: Path) -> None:
    """Write the ground's picture as a texture: .png or .bmp.

    Raises:
        ConfigError: It can't be written.
    """
    height, width = ground.rgb.shape[:2]
    factor = min(1.0, _LARGEST_PX / max(height, width))
    picture = ground.rgb[:, :, ::-1]
    if factor < 1.0:
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        picture = np.asarray(small, np.uint8)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = cv2.imwrite(str(path), picture)
    except OSError as error:
        raise ConfigError(f'{path}: can not be written ({error.strerror}). Name another folder.') from None
    if not written:
        raise ConfigError(f'{path}: can not be written. Name another folder.')


def write_classic_world(scene: Scene, rig: Rig, folder: Path, resources: str, step_s: float) -> None:
    """Write waymark.world and what it names (see classic_world)."""
    write_ground(scene.ground, folder / _CLASSIC_TEXTURE)
    (folder / 'ground.material').write_text(_SCRIPT, encoding='utf-8')
    (folder / 'waymark.world').write_text(classic_world(scene, rig, resources, step_s), encoding='utf-8')


_SCRIPT = f"""material {_MATERIAL} {{
  technique {{ pass {{
    lighting off
    texture_unit {{
      texture {_CLASSIC_TEXTURE}
      filtering trilinear
    }}
  }} }}
}}
"""


def classic_world(scene: Scene, rig: Rig, resources: str, step_s: float) -> str:
    """SDF 1.6 for Gazebo 11.

    Args:
        scene: What is there.
        rig: The vehicle.
        resources: Folder of the texture and its script, as the server sees it.
        step_s: Of physics.
    """
    sdf = ET.Element('sdf', version='1.6')
    world = ET.SubElement(sdf, 'world', name=WORLD)
    physics = ET.SubElement(world, 'physics', type='ode')
    _texts(physics, max_step_size=f'{step_s:g}', real_time_factor='1', real_time_update_rate='1000')
    surroundings = ET.SubElement(world, 'scene')
    _texts(surroundings, ambient='0.5 0.5 0.5 1', background='0.69 0.8 0.91 1', shadows='false')
    add_sun(world, shadows=False)
    visual = add_ground(world, scene.ground)
    script = ET.SubElement(ET.SubElement(visual, 'material'), 'script')
    for _ in ('script', 'texture'):
        ET.SubElement(script, 'uri').text = f'file://{resources}'
    ET.SubElement(script, 'name').text = _MATERIAL
    add_things(world, scene)
    body = add_quadrotor(world, rig)
    _texts(ET.SubElement(body, 'velocity_decay'), linear='0', angular='0')
    return text_of(sdf)


def add_sun(world: ET.Element, shadows: bool) -> None:
    """Light from above."""
    sun = ET.SubElement(world, 'light', name='sun', type='directional')
    _texts(sun, cast_shadows=str(shadows).lower(), pose='0 0 100 0 0 0', diffuse='0.7 0.7 0.7 1')
    _texts(sun, specular='0 0 0 1', direction='0.3 -0.25 -1')


def add_ground(world: ET.Element, ground: Ground) -> ET.Element:
    """A plane as large as the picture; returns its visual, which still needs its material."""
    height, width = ground.rgb.shape[:2]
    size = f'{width * ground.metres_per_pixel:.9g} {height * ground.metres_per_pixel:.9g}'
    link = _static(world, 'ground', (0.0, 0.0, 0.0, 0.0))
    for kind in ('collision', 'visual'):
        part = ET.SubElement(link, kind, name=kind)
        _texts(ET.SubElement(ET.SubElement(part, 'geometry'), 'plane'), normal='0 0 1', size=size)
    return part


def add_things(world: ET.Element, scene: Scene) -> None:
    """Vehicles at their start, and walls."""
    for box in boxes_of(scene):
        x, y, z = box.middle_m
        _box(_static(world, box.name, (x, y, z, box.yaw_rad)), box.size_m, box.rgb)


def add_quadrotor(world: ET.Element, rig: Rig) -> ET.Element:
    """A rigid body with a camera that looks down; returns its link."""
    model = ET.SubElement(world, 'model', name=QUADROTOR)
    start = rig.start
    _texts(model, pose=_pose(start.x_m, start.y_m, rig.altitude_m, 0.0, 0.0, start.yaw_rad))
    body = ET.SubElement(model, 'link', name=BODY)
    inertial = ET.SubElement(body, 'inertial')
    _texts(inertial, mass=f'{MASS_KG:g}')
    ixx, iyy, izz = (f'{value:g}' for value in INERTIA_KG_M2)
    _texts(ET.SubElement(inertial, 'inertia'), ixx=ixx, ixy='0', ixz='0', iyy=iyy, iyz='0', izz=izz)
    for kind in ('collision', 'visual'):
        part = ET.SubElement(body, kind, name=kind)
        _texts(ET.SubElement(ET.SubElement(part, 'geometry'), 'box'), size='0.3 0.3 0.08')
    sensor = ET.SubElement(body, 'sensor', name=CAMERA, type='camera')
    # SDF's camera looks along +x, its image's up is +z: turned nose down, up in the image is the vehicle's forward.
    _texts(sensor, pose=_pose(0.0, 0.0, 0.0, 0.0, math.pi / 2, 0.0))
    _texts(sensor, always_on='1', update_rate=f'{rig.rate_hz:g}', visualize='false')
    camera = ET.SubElement(sensor, 'camera')
    _texts(camera, horizontal_fov=f'{rig.horizontal_fov_rad:.9f}')
    image = ET.SubElement(camera, 'image')
    _texts(image, width=str(rig.size_wh[0]), height=str(rig.size_wh[1]), format='R8G8B8')
    _texts(ET.SubElement(camera, 'clip'), near='0.2', far='1000')
    return body


def text_of(sdf: ET.Element) -> str:
    """The file's text."""
    ET.indent(sdf)
    return '<?xml version="1.0"?>\n' + ET.tostring(sdf, encoding='unicode') + '\n'


def _static(world: ET.Element, name: str, pose: tuple[float, float, float, float]) -> ET.Element:
    model = ET.SubElement(world, 'model', name=name)
    x, y, z, yaw = pose
    _texts(model, static='true', pose=_pose(x, y, z, 0.0, 0.0, yaw))
    return ET.SubElement(model, 'link', name='link')


def _box(link: ET.Element, size_m: tuple[float, float, float], rgb: tuple[int, int, int]) -> None:
    for kind in ('collision', 'visual'):
        part = ET.SubElement(link, kind, name=kind)
        size = ' '.join(f'{value:g}' for value in size_m)
        _texts(ET.SubElement(ET.SubElement(part, 'geometry'), 'box'), size=size)
    colour = ' '.join(f'{value / 255:.3f}' for value in rgb) + ' 1'
    _texts(ET.SubElement(part, 'material'), ambient=colour, diffuse=colour)


def _pose(x: float, y: float, z: float, roll: float, pitch: float, yaw: float) -> str:
    return ' '.join(f'{value:.9g}' for value in (x, y, z, roll, pitch, yaw))


def _texts(parent: ET.Element, **texts: str) -> None:
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = text
