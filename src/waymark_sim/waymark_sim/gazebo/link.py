# SPDX-License-Identifier: Apache-2.0
"""One quadrotor in a running Gazebo: push it, let time go on by a step, see where it is and what its camera sees."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import SourceError
from waymark.image.rotation import quaternion_xyzw, rotation_matrix, rotation_vector
from waymark_sim.autopilot import BodyState
from waymark_sim.gazebo.messages import message, seconds
from waymark_sim.gazebo.server import GazeboServer
from waymark_sim.gazebo.transport import GazeboTransport
from waymark_sim.gazebo.world import BODY, CAMERA, QUADROTOR, WORLD

_TOPICS = f'/gazebo/{WORLD}'
_WRENCH = f'{_TOPICS}/{QUADROTOR}/{BODY}/wrench'
_MODIFY = f'{_TOPICS}/model/modify'
_CONTROL = f'{_TOPICS}/world_control'
_START_S, _ANSWER_S = 30.0, 30.0
_AGAIN_S, _QUIET_S = 2.0, 0.2
_RGB_INT8 = 3  # gazebo::common::Image::PixelFormat
_SAME_M = 0.05  # a model that was put somewhere is there


class GazeboLink:
    """Talks to the server; its time stands still but for `advance`."""

    def __init__(self, server: GazeboServer, step_s: float) -> None:
        """Connect and wait until the world is there.

        Args:
            server: Running, paused.
            step_s: Of its physics.

        Raises:
            SourceError: The world does not answer.
        """
        self._server, self._step_s = server, step_s
        self._changed = threading.Condition()
        self._pose: tuple[int, NDArray[np.float64]] | None = None
        self._moved: NDArray[np.float64] | None = None
        self._placed: dict[str, NDArray[np.float64]] = {}
        self._image: tuple[int, Any] | None = None
        self._transport = GazeboTransport(server.port, _START_S)
        for topic, kind in ((_WRENCH, 'Wrench'), (_MODIFY, 'Model'), (_CONTROL, 'WorldControl')):
            self._transport.advertise(topic, kind)
        self._transport.subscribe(f'{_TOPICS}/pose/local/info', 'PosesStamped', self._on_poses)
        self._transport.subscribe(f'{_TOPICS}/{QUADROTOR}/{BODY}/{CAMERA}/image', 'ImageStamped', self._on_image)
        self._count, self.state = 0, BodyState(np.eye(4), np.zeros(3), np.zeros(3))
        try:
            for topic in (_WRENCH, _MODIFY, _CONTROL):
                self._transport.wait_for_reader(topic, _START_S)
            self._begin()
        except BaseException:
            self.close()
            raise

    def push(self, force_n: NDArray[np.float64], torque_nm: NDArray[np.float64]) -> None:
        """Let a force (3,) N and a torque (3,) N m, both in the body, act during the next step."""
        wrench = message('Wrench')()
        wrench.force.x, wrench.force.y, wrench.force.z = (float(v) for v in force_n)
        wrench.torque.x, wrench.torque.y, wrench.torque.z = (float(v) for v in torque_nm)
        self._transport.publish(_WRENCH, wrench)

    def advance(self) -> None:
        """Let one step of time pass, and learn where the body is then.

        Raises:
            SourceError: Gazebo has ended or does not answer.
        """
        self._count += 1
        self._step()
        T = self._wait_for(lambda: self._pose_at(self._count), f'step {self._count}', _ANSWER_S)
        before = self.state.T_map_base
        turn = rotation_vector(before[:3, :3].T @ T[:3, :3])
        self.state = BodyState(T, (T[:3, 3] - before[:3, 3]) / self._step_s, turn / self._step_s)

    @property
    def count(self) -> int:
        """Steps since the start."""
        return self._count

    @property
    def image_count(self) -> int | None:
        """The step after which the last image was taken; None before the first."""
        return self._image[0] if self._image is not None else None

    def image(self) -> NDArray[np.uint8]:
        """The image (H, W, 3) that is taken after this very step.

        Raises:
            SourceError: None comes: the camera takes none now, or Gazebo has ended.
        """
        what = f'the image of step {self._count}, the last was that of step {self.image_count}'
        image = self._wait_for(self._image_now, what, _ANSWER_S)
        if image.pixel_format != _RGB_INT8:
            raise SourceError(f'Gazebo sends images in format {image.pixel_format}, not R8G8B8 ({_RGB_INT8}).')
        rows = np.frombuffer(image.data, np.uint8).reshape(image.height, image.step)
        return np.ascontiguousarray(rows[:, : 3 * image.width]).reshape(image.height, image.width, 3)

    def place(self, poses: Mapping[str, NDArray[np.float64]]) -> None:
        """Put models somewhere, and return when they are there: Gazebo looks for such wishes five times a second.

        Args:
            poses: (4, 4) T_map_model by name.

        Raises:
            SourceError: Gazebo does not do so.
        """
        with self._changed:
            for name in poses:
                self._placed.pop(name, None)
        until = time.monotonic() + _ANSWER_S
        while self._server.is_running and time.monotonic() < until:
            self._wish(poses)
            with self._changed:
                if self._changed.wait_for(lambda: self._are_at(poses), _AGAIN_S):
                    return
        raise SourceError(f'Gazebo does not put {", ".join(poses)} where it should be: {self._server.last_words()}')

    def carry(self, T_map_base: NDArray[np.float64]) -> None:
        """Put the vehicle somewhere (4, 4), and return when it is there; it is held to be at rest.

        Raises:
            SourceError: Gazebo does not do so.
        """
        self.place({QUADROTOR: T_map_base})
        self.state = BodyState(T_map_base, np.zeros(3), np.zeros(3))

    def close(self) -> None:
        """Leave."""
        self._transport.close()

    def _begin(self) -> None:
        """Step until the world is loaded: what it is told before that may be lost, or done later."""
        until = time.monotonic() + _START_S
        with self._changed:
            while self._pose is None:
                if not self._server.is_running:
                    raise SourceError(f'Gazebo has ended: {self._server.last_words()}')
                if time.monotonic() > until:
                    raise SourceError(f'Gazebo does not load its world: waited {_START_S:g} s.')
                self._step()
                self._changed.wait(_AGAIN_S)
            self._count, T = self._pose
            while self._changed.wait_for(lambda: self._pose_at(self._count + 1) is not None, _QUIET_S):
                self._count, T = self._pose  # a step that was asked for twice
        self.state = BodyState(T, np.zeros(3), np.zeros(3))

    def _step(self) -> None:
        self._transport.publish(_CONTROL, message('WorldControl')(multi_step=1))

    def _image_now(self) -> Any:
        return self._image[1] if self._image is not None and self._image[0] == self._count else None

    def _pose_at(self, count: int) -> NDArray[np.float64] | None:
        return self._pose[1] if self._pose is not None and self._pose[0] >= count else None

    def _wish(self, poses: Mapping[str, NDArray[np.float64]]) -> None:
        for name, T in poses.items():
            said = message('Model')(name=name)
            position, orientation = said.pose.position, said.pose.orientation
            position.x, position.y, position.z = (float(v) for v in T[:3, 3])
            orientation.x, orientation.y, orientation.z, orientation.w = quaternion_xyzw(T[:3, :3])
            self._transport.publish(_MODIFY, said)

    def _are_at(self, poses: Mapping[str, NDArray[np.float64]]) -> bool:
        there = (
            name in self._placed and np.hypot(*(self._placed[name] - T)[:2, 3]) < _SAME_M for name, T in poses.items()
        )
        return all(there)

    def _wait_for(self, found: Callable[[], Any], what: str, timeout_s: float) -> Any:
        until = time.monotonic() + timeout_s
        with self._changed:
            while (value := found()) is None:
                if not self._server.is_running:
                    raise SourceError(f'Gazebo has ended: {self._server.last_words()}')
                if time.monotonic() > until:
                    raise SourceError(f'Gazebo does not answer: waited {timeout_s:g} s for {what}.')
                self._changed.wait(0.5)
        return value

    def _on_poses(self, said: Any) -> None:
        """Gazebo tells poses after a step, and empty ones all the while that time stands still.

        Only with an empty one is the step over: a step that is asked for before is lost.
        """
        poses = {pose.name: _matrix(pose) for pose in said.pose if '::' not in pose.name}  # models, not their links
        with self._changed:
            self._placed |= poses
            if QUADROTOR in poses:
                self._moved = poses[QUADROTOR]
            elif self._moved is not None:
                self._pose = round(seconds(said.time) / self._step_s), self._moved
                self._changed.notify_all()

    def _on_image(self, said: Any) -> None:
        with self._changed:
            self._image = round(seconds(said.time) / self._step_s), said.image
            self._changed.notify_all()


def _matrix(pose: Any) -> NDArray[np.float64]:
    T = np.eye(4)
    T[:3, :3] = rotation_matrix((pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w))
    T[:3, 3] = pose.position.x, pose.position.y, pose.position.z
    return T
