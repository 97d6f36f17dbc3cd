# SPDX-License-Identifier: Apache-2.0
"""Ego-motion of a camera that sits on the vehicle as a parameter or /tf_static says, or else looks straight down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.ego_motion import EgoMotion, EgoState, Sensed
from waymark.image.camera import CameraModel
from waymark.image.rotation import quaternion_xyzw
from waymark.pipeline.ego_motion import EgoMotionNodeConfig
from waymark.types import Frame
from waymark_ros.static_transforms import CameraMount

WAITING = 'the first transforms on /tf_static are awaited'


class MountedEgo:
    """Begins a flight when it is known how the camera sits, and a new one when that turns out otherwise.

    Attributes:
        core: Of this flight.
        mount_said: How the camera is taken to sit, and who says so.
    """

    def __init__(self, node: Any, config: EgoMotionNodeConfig) -> None:
        """Listen to /tf_static.

        Args:
            node: A ManagedNode that is being activated.
            config: `camera_in_base`, where it is given, is believed before /tf_static.
        """
        self._node, self._config = node, config
        self._mount = CameraMount(node, config.camera_in_base)
        self._T: NDArray[np.float64] | None = None
        self._is_begun = False
        self.core, self.mount_said = EgoMotion(config), ''

    def observe(self, frame: Frame, camera: CameraModel | None, sensed: Sensed) -> EgoState:
        """Take the next image."""
        frames = f'{self._config.base_frame} -> {frame.header.frame_id}'
        T = self._mount.find(self._config.base_frame, frame.header.frame_id)
        if T is None and self._mount.may_come() and not self._is_begun:
            state = self.core.observe(frame)  # in pixels only: metres would begin anew in a moment
            return replace(state, reason=f'{WAITING}: no metres')
        if T is not None and (self._T is None or not np.allclose(T, self._T, atol=1e-6)):
            self._remount(T, frames)
        if T is None and self._T is None:
            self.mount_said = f'straight down: /tf_static does not say {frames}'
        self._is_begun = True
        return self.core.observe(frame, camera, sensed.altitude, sensed.R_world_base)

    def reset(self) -> None:
        """Forget the ground: the next image is the first."""
        self.core.reset()

    def destroy(self) -> None:
        """Stop listening."""
        self._mount.destroy()

    def _remount(self, T_base_camera: NDArray[np.float64], frames: str) -> None:
        if self._is_begun:
            self._node.guard.count(f'{frames} on /tf_static is new; taken as a new beginning')
        self._T = T_base_camera
        values = *(float(v) for v in T_base_camera[:3, 3]), *quaternion_xyzw(T_base_camera[:3, :3])
        self.core = EgoMotion(replace(self._config, camera_in_base=values))
        self.mount_said = 'by parameter' if self._config.camera_in_base else f'by /tf_static: {frames}'
