# SPDX-License-Identifier: Apache-2.0
"""MuJoCo behind the Simulator interface: its physics and its renderer, in this process."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable
from waymark.image.rotation import quaternion_xyzw, rotation_matrix, rotation_rpy
from waymark.routes.planar import Command, Planar
from waymark_sim.autopilot import GRAVITY_M_S2, INERTIA_KG_M2, MASS_KG, BodyState
from waymark_sim.boxes import Box, boxes_of, moved_to
from waymark_sim.flown import Flown
from waymark_sim.look import Development
from waymark_sim.ortho import pinhole
from waymark_sim.quadrotor import QuadrotorConfig
from waymark_sim.scene import Scene
from waymark_sim.simulator import SimStep, View

_STEP_S = 0.005
_TEXTURE_PX = 4096  # OSMesa draws no larger ones


class MujocoSimulator:
    """A quadrotor with thrust and torque in MuJoCo."""

    def __init__(
        self,
        scene: Scene,
        vehicle: QuadrotorConfig,
        start: Planar,
        view: View,
        seed: int = 0,
    ) -> None:
        """Compile the scene.

        Args:
            scene: Its vehicles are boxes that drive, its walls can be flown into.
            vehicle: Its abilities.
            start: x east, y north, m; heading from east, rad.
            view: Its camera's.
            seed: Of noise and errors.

        Raises:
            BackendUnavailable: MuJoCo is not installed, or finds no OpenGL.
        """
        self._mujoco = _mujoco()
        size_wh = view.size_wh
        self.camera = pinhole(size_wh, view.fov_rad)
        self._scene, self._development = scene, Development(size_wh, scene.light.noise, seed)
        self._flown, self._index = Flown(vehicle, seed), 0
        self._boxes = boxes_of(scene)
        with tempfile.TemporaryDirectory(prefix='waymark-mujoco-') as folder:
            texture = Path(folder) / 'ground.png'
            _write_texture(scene, texture)
            self._model = self._mujoco.MjModel.from_xml_string(_xml(scene, self._boxes, texture, view))
        self._data = self._mujoco.MjData(self._model)
        self._body = self._model.body('quadrotor').id
        self._put(start, vehicle.altitude_m)
        self._renderer = self._mujoco.Renderer(self._model, size_wh[1], size_wh[0])

    def step(self, command: Command, seconds: float, sees: bool = True) -> SimStep:
        """Fly on, then look (see Simulator)."""
        self._flown.autopilot.waver()
        data, wind = self._data, self._scene.wind_m_s
        for _ in range(round(seconds / _STEP_S)):
            state = self._state()
            force, torque = self._flown.wrench(state, command, wind, data.time)
            R = state.T_map_base[:3, :3]
            data.xfrc_applied[self._body] = np.r_[R @ force, R @ torque]
            self._drive()
            self._mujoco.mj_step(self._model, data)
            self._flown.note(self._state(), wind, _STEP_S)
        self._index += 1
        self._mujoco.mj_forward(self._model, data)
        T = self._state().T_map_base
        return SimStep(float(data.time), self._image() if sees else None, self._flown.measure(T), T)

    def carry(self, pose: Planar) -> None:
        """Put the vehicle somewhere else (see Simulator)."""
        self._put(pose, float(self._data.qpos[2]))
        self._flown.carried()

    def close(self) -> None:
        """Give the renderer back."""
        self._renderer.close()

    def _put(self, pose: Planar, altitude_m: float) -> None:
        x, y, z, w = quaternion_xyzw(rotation_rpy(0.0, 0.0, pose.yaw_rad))
        self._data.qpos[:7] = pose.x_m, pose.y_m, altitude_m, w, x, y, z
        self._data.qvel[:6] = 0.0
        self._mujoco.mj_forward(self._model, self._data)

    def _state(self) -> BodyState:
        """MuJoCo's free joint: position and velocity in the world, quaternion w first, rates in the body."""
        q, v = self._data.qpos, self._data.qvel
        T = np.eye(4)
        T[:3, :3] = rotation_matrix((float(q[4]), float(q[5]), float(q[6]), float(q[3])))
        T[:3, 3] = q[:3]
        return BodyState(T, v[:3].copy(), v[3:6].copy())

    def _drive(self) -> None:
        for box in self._boxes:
            if box.vehicle is not None:
                moved = moved_to(box, float(self._data.time))
                mocap = self._model.body(box.name).mocapid[0]
                self._data.mocap_pos[mocap] = moved.middle_m
                self._data.mocap_quat[mocap] = math.cos(moved.yaw_rad / 2), 0.0, 0.0, math.sin(moved.yaw_rad / 2)

    def _image(self) -> NDArray[np.uint8]:
        blank, look = self._scene.blank_s, self._scene.light
        if blank is not None and blank[0] <= self._data.time < blank[1]:
            return self._development.blank(look.noise, self._index)
        self._renderer.update_scene(self._data, 'down')
        return self._development.apply(self._renderer.render().copy(), look, self._index)


def _mujoco() -> Any:
    # Without a display MuJoCo needs to be told before it is imported. OSMesa draws on the CPU.
    if not os.environ.get('DISPLAY'):
        os.environ.setdefault('MUJOCO_GL', 'egl')
    try:
        import mujoco
    except ImportError as error:
        raise BackendUnavailable(
            f'MuJoCo is not installed ({error}). Install it: pip install "waymark[mujoco]"'
        ) from None
    except (AttributeError, OSError, RuntimeError) as error:  # what its OpenGL bindings raise without a library
        raise BackendUnavailable(
            f'MuJoCo finds no OpenGL ({error}). Install libegl1 or libosmesa6 and set MUJOCO_GL=egl or osmesa.'
        ) from None
    return mujoco


def _write_texture(scene: Scene, path: Path) -> None:
    rgb = scene.ground.rgb
    factor = min(1.0, _TEXTURE_PX / max(rgb.shape[:2]))
    if factor < 1.0:
        rgb = np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    cv2.imwrite(str(path), rgb[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])


def _xml(scene: Scene, boxes: tuple[Box, ...], texture: Path, view: View) -> str:
    height, width = (n * scene.ground.metres_per_pixel for n in scene.ground.rgb.shape[:2])
    root = ET.Element('mujoco', model='waymark')
    ET.SubElement(root, 'compiler', angle='radian')
    ET.SubElement(root, 'option', timestep=f'{_STEP_S:g}', integrator='implicitfast', gravity=f'0 0 {-GRAVITY_M_S2:g}')
    visual = ET.SubElement(root, 'visual')
    ET.SubElement(visual, 'global', offwidth=str(view.size_wh[0]), offheight=str(view.size_wh[1]))
    ET.SubElement(visual, 'map', znear='0.001', zfar='5')
    ET.SubElement(visual, 'headlight', ambient='1 1 1', diffuse='0 0 0', specular='0 0 0')  # the picture has its light
    ET.SubElement(root, 'statistic', extent='200', center='0 0 0')
    asset = ET.SubElement(root, 'asset')
    ET.SubElement(asset, 'texture', name='ground', type='2d', file=str(texture))
    ET.SubElement(asset, 'material', name='ground', texture='ground', texuniform='false', specular='0', shininess='0')
    world = ET.SubElement(root, 'worldbody')
    ET.SubElement(world, 'geom', type='plane', size=f'{width / 2:.9g} {height / 2:.9g} 1', material='ground')
    for box in boxes:
        body = ET.SubElement(world, 'body', name=box.name, mocap='true', pos=_numbers(box.middle_m))
        body.set('euler', f'0 0 {box.yaw_rad:.9g}')
        colour = _numbers((*(v / 255 for v in box.rgb), 1.0))
        ET.SubElement(body, 'geom', type='box', size=_numbers([v / 2 for v in box.size_m]), rgba=colour)
    body = ET.SubElement(world, 'body', name='quadrotor')
    ET.SubElement(body, 'freejoint')
    ET.SubElement(body, 'inertial', pos='0 0 0', mass=f'{MASS_KG:g}', diaginertia=_numbers(INERTIA_KG_M2))
    ET.SubElement(body, 'geom', type='box', size='0.15 0.15 0.04', group='3', mass='0')
    # MuJoCo's camera looks along -z, its image's up is +y: the vehicle's forward. Its angle is in degrees always.
    ET.SubElement(body, 'camera', name='down', xyaxes='0 -1 0 1 0 0', fovy=f'{math.degrees(view.fov_rad):.9f}')
    return ET.tostring(root, encoding='unicode')


def _numbers(values: Any) -> str:
    return ' '.join(f'{float(value):.9g}' for value in values)
