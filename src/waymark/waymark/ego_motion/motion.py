# SPDX-License-Identifier: Apache-2.0
"""Ego-motion of a downward camera: how the ground moved between images, and, in metres, where that leads."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from waymark.ego_motion.anchors import Located
from waymark.ego_motion.config import EgoMotionConfig
from waymark.ego_motion.fixing import Sensors
from waymark.ego_motion.ground import Altitude, Floats
from waymark.ego_motion.height import Floats32, height_image
from waymark.ego_motion.odometry import GroundOdometry
from waymark.ego_motion.view import Match, View, match_features, match_quickly
from waymark.image.camera import CameraModel
from waymark.image.flow import good_points
from waymark.image.rotation import cross_matrix, rotation_vector
from waymark.types import Frame, Header

_QUICK = 120  # points that say how the ground moved since the last image; against anchors all are followed
_FEW = 60  # points left below which new ones are looked for


@dataclass(frozen=True, eq=False)
class EgoState:
    """What one image says.

    Attributes:
        header: Of the image.
        H_cur_prev: (3, 3) image before to this one, undistorted px where the camera is known; None: unknown.
        previous_stamp_ns: Of the image before.
        inliers: Points that moved as one plane.
        quality: Their share of those followed, 0 to 1.
        T_odom_base: (4, 4) vehicle in odom, m: x and y from where it began, heading along x there, z above the ground;
            None: not known now.
        covariance: (6, 6) of position (m) and turn about odom's axes (rad).
        velocity_base: (3,) m/s in the vehicle's frame; None: unknown.
        rates_base: (3,) rad/s about the vehicle's axes; the last is the yaw rate.
        twist_covariance: (6, 6) of both.
        anchor: Number of the anchor that the pose is measured against.
        anchors: How many there are.
        reason: Why something is missing, '' where nothing is.
    """

    header: Header
    H_cur_prev: Floats | None = None
    previous_stamp_ns: int = 0
    inliers: int = 0
    quality: float = 0.0
    T_odom_base: Floats | None = None
    covariance: Floats | None = None
    velocity_base: Floats | None = None
    rates_base: Floats | None = None
    twist_covariance: Floats | None = None
    anchor: int = -1
    anchors: int = 0
    reason: str = ''


@dataclass(frozen=True, eq=False)
class _Past:
    """Poses of the last moments."""

    stamp_s: float
    R: Floats
    p: Floats


class EgoMotion:
    """Follows the ground under one camera."""

    def __init__(self, config: EgoMotionConfig) -> None:
        self._config = config
        self._T_base_camera = config.T_base_camera
        self._previous: tuple[View, Header] | None = None
        self._H_previous: Floats = np.eye(3)
        self._past: deque[_Past] = deque(maxlen=64)
        self._located: Located | None = None
        self.odometry = GroundOdometry(config)

    def observe(
        self,
        frame: Frame,
        camera: CameraModel | None = None,
        altitude: Altitude | None = None,
        R_world_base: Floats | None = None,
    ) -> EgoState:
        """Take the next image.

        Args:
            frame: Its stamp is later than the one before.
            camera: Its calibration; None: unknown, nothing metric follows.
            altitude: Above ground at that moment; None: unknown.
            R_world_base: (3, 3) attitude: only its roll and pitch count; None: unknown.

        Returns:
            What is known, and in `reason` why the rest is not.

        Raises:
            MessageError: `camera` is for images of another size.
        """
        header = frame.header
        if self._previous is not None and header.stamp_ns <= self._previous[1].stamp_ns:
            return EgoState(header, reason='the stamp is not later than the one before')
        camera = _usable(camera)
        if camera is not None:
            camera.require_size(frame.size_wh)
        view, moved, before = self._moved(frame, camera)
        state = EgoState(header)
        if isinstance(moved, Match):
            state = EgoState(header, moved.H_cur_ref, before, len(moved.points_ref), moved.share)
        sensors, doubts = self._sensors(altitude, R_world_base)
        if camera is None:
            self.odometry.miss()
            return _because(state, 'the camera is not calibrated: no metres', moved)
        H = moved.H_cur_ref if isinstance(moved, Match) else None
        located = self.odometry.update(view, H, header.stamp_s, sensors)
        self._located = None if isinstance(located, str) else located
        if isinstance(located, str):
            self._past.clear()
            return _because(state, '; '.join([*doubts, located]), moved)
        return self._metric(state, located, doubts)

    def reset(self) -> None:
        """Forget everything: the next image is the first."""
        self._previous, self._located = None, None
        self._H_previous = np.eye(3)
        self._past.clear()
        self.odometry = GroundOdometry(self._config)

    def heights(self) -> Floats32 | str:
        """What stands out of the ground in the last image: see height_image.

        Returns:
            (H / cell, W / cell) float32 m, NaN where unknown; or the reason why there is none.
        """
        anchor, previous = self.odometry.anchor, self._previous
        if self._located is None or anchor is None or anchor.view is None or previous is None:
            return 'the pose is not known'
        return height_image(anchor.view, anchor.pose, previous[0], self._located.pose, self._config)

    def _moved(self, frame: Frame, camera: CameraModel | None) -> tuple[View, Match | str, int]:
        """Follow the points of the image before, and see to it that there are enough for the next."""
        view, gray = View(frame.gray, camera, np.zeros((0, 2), np.float32)), frame.gray
        moved: Match | str = 'the first image'
        stamp_ns = 0
        if self._previous is not None:
            before, header = self._previous
            stamp_ns = header.stamp_ns
            moved = match_quickly(before, view, self._H_previous, self._config, _QUICK)
            if isinstance(moved, str) and len(before.points) >= self._config.min_inliers:
                moved = match_features(before, view, self._config)
        self._H_previous = moved.H_cur_ref if isinstance(moved, Match) else np.eye(3)
        if isinstance(moved, Match) and len(moved.ends) >= _FEW:
            view.points = moved.ends
        else:
            view.points = good_points(gray, self._config)
        if len(view.points) < self._config.min_inliers:
            moved = f'{len(view.points)} points to follow in this image: it is blank or blurred'
        self._previous, self._located = (view, frame.header), None
        return view, moved, stamp_ns

    def _sensors(self, altitude: Altitude | None, R_world_base: Floats | None) -> tuple[Sensors, list[str]]:
        doubts, up = [], None
        if altitude is not None and not (math.isfinite(altitude.value_m) and altitude.value_m > 0):
            doubts.append(f'the altitude is {altitude.value_m:g} m')
            altitude = None
        if R_world_base is not None:
            up = R_world_base[2]
            if not np.isfinite(R_world_base).all():
                doubts.append('the attitude is not finite')
                up = None
            elif up[2] < math.cos(math.radians(self._config.max_tilt_deg)):
                doubts.append(
                    f'the attitude is {math.degrees(math.acos(np.clip(up[2], -1, 1))):.0f} degrees from level'
                )
                up = None
        return Sensors(altitude, up), doubts

    def _metric(self, state: EgoState, located: Located, doubts: list[str]) -> EgoState:
        R_base = located.pose.R @ self.odometry.fixer.R_base_camera.T
        arm = R_base @ self._T_base_camera[:3, 3]
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = R_base, located.pose.p - arm
        J = np.eye(6)  # the camera's position, and where the vehicle's origin hangs from it
        J[:3, 3:] = cross_matrix(arm)
        covariance = J @ located.covariance @ J.T
        velocity = self._velocity(state.header.stamp_s, T, covariance)
        odometry = self.odometry
        return EgoState(
            state.header,
            state.H_cur_prev,
            state.previous_stamp_ns,
            state.inliers,
            state.quality,
            T,
            covariance,
            *velocity,
            anchor=-1 if odometry.anchor is None else odometry.anchor.number,
            anchors=len(odometry.map.anchors),
            reason='; '.join(doubts),
        )

    def _velocity(
        self, stamp_s: float, T: Floats, covariance: Floats
    ) -> tuple[Floats | None, Floats | None, Floats | None]:
        """Slope of the last poses (least squares), in the vehicle's frame."""
        jump = self.odometry.jump
        if jump.any():  # an earlier anchor corrected where all this lies, not how it moved
            self._past = deque((_Past(q.stamp_s, q.R, q.p + jump) for q in self._past), maxlen=self._past.maxlen)
        self._past.append(_Past(stamp_s, T[:3, :3], T[:3, 3]))
        recent = [q for q in self._past if stamp_s - q.stamp_s <= self._config.velocity_window_s]
        recent = recent if len(recent) >= 2 else list(self._past)[-2:]
        if len(recent) < 2:
            return None, None, None
        t = np.array([q.stamp_s for q in recent])
        t = t - t.mean()
        x = np.array([np.r_[q.p, rotation_vector(q.R @ T[:3, :3].T)] for q in recent])
        slope = t @ x / (t @ t)
        rest = x - x.mean(axis=0) - np.outer(t, slope)
        spread = (rest**2).sum(axis=0) / max(len(t) - 2, 1)
        R = T[:3, :3].T
        # Below a millimetre and a tenth of a milliradian per image nothing is believed.
        noise = np.maximum(spread, np.repeat([1e-3, 1e-4], 3) ** 2) / (t @ t)
        scale = float(covariance[2, 2]) / max(float(T[2, 3]), 1e-6) ** 2  # altitude's error is velocity's, as a share
        turned = np.kron(np.eye(2), R)
        twist = turned @ np.diag(noise) @ turned.T
        velocity, rates = R @ slope[:3], R @ slope[3:]
        twist[:3, :3] += scale * np.outer(velocity, velocity)
        return velocity, rates, twist


def _usable(camera: CameraModel | None) -> CameraModel | None:
    """None for a calibration that is zero or not finite."""
    if camera is None or not camera.is_calibrated:
        return None
    return camera if np.isfinite(camera.K).all() and np.isfinite(camera.D).all() else None


def _because(state: EgoState, reason: str, moved: Match | str) -> EgoState:
    return replace(state, reason=reason if isinstance(moved, Match) else f'{reason} ({moved})')
