# SPDX-License-Identifier: Apache-2.0
"""A flight to watch: what the camera sees, and from above the ground, the taught way and where the vehicle is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable, ConfigError
from waymark.image.gif import GIF_COLOURS
from waymark.routes import FollowState, Guidance
from waymark.target_video import VideoFile

Picture = NDArray[np.uint8]
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_TAUGHT, _FLOWN, _VEHICLE, _INK = (250, 210, 60), (230, 60, 40), (40, 120, 255), (255, 255, 255)
_STATES = {
    FollowState.GLOBAL_START: (230, 160, 40),
    FollowState.FOLLOWING: (60, 200, 80),
    FollowState.HOLD: (230, 60, 40),
    FollowState.SEARCHING: (230, 60, 200),
    FollowState.DONE: (60, 160, 240),
}
SUFFIXES = ('.gif', '.mp4', '.avi', '.mkv')
_SIDE_PX = 480
_MARGIN_M = 15.0


class Shown(Protocol):
    """A ground, as waymark_sim.ground.Ground is one."""

    @property
    def rgb(self) -> Picture:
        """(H, W, 3)."""
        ...

    @property
    def H_texture_from_ground(self) -> NDArray[np.float64]:
        """(3, 3) from m to px."""
        ...


class GroundView:
    """The ground around a way, seen from above."""

    def __init__(self, ground: Shown, way_m: NDArray[np.float64]) -> None:
        """Cut the ground out.

        Args:
            ground: The ground.
            way_m: (N, 2) m, of the teaching.
        """
        low, high = way_m.min(axis=0) - _MARGIN_M, way_m.max(axis=0) + _MARGIN_M
        middle, span = (low + high) / 2, float((high - low).max())
        self._k, self._corner = _SIDE_PX / span, middle + (-span / 2, span / 2)
        H_view = np.array(
            [[self._k, 0, -self._k * self._corner[0]], [0, -self._k, self._k * self._corner[1]], [0, 0, 1]]
        )
        H = H_view @ np.linalg.inv(ground.H_texture_from_ground)
        small = cv2.warpPerspective(ground.rgb, H, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_AREA)
        self._picture = np.asarray(small * 0.75, np.uint8)
        self._line(self._picture, way_m, _TAUGHT, 3)
        self._flown: list[tuple[float, float]] = []

    def drawn(self, T_map_base: NDArray[np.float64]) -> Picture:
        """The way flown so far, and the vehicle at this pose (4, 4)."""
        picture = self._picture.copy()
        self._flown.append((float(T_map_base[0, 3]), float(T_map_base[1, 3])))
        self._line(picture, np.array(self._flown), _FLOWN, 2)
        nose = math.atan2(T_map_base[1, 0], T_map_base[0, 0])
        angles = nose + np.array([0.0, 2.5, -2.5])
        arrow = np.array(self._flown[-1]) + 3.0 * np.column_stack([np.cos(angles), np.sin(angles)])
        cv2.fillPoly(picture, [self._px(arrow)], _VEHICLE, cv2.LINE_AA, 4)
        return picture

    def _px(self, points_m: NDArray[np.float64]) -> NDArray[np.int32]:
        px = (points_m - self._corner) * (self._k, -self._k)
        return np.asarray(np.rint(px * 16), np.int32)

    def _line(self, picture: Picture, points_m: NDArray[np.float64], colour: Sequence[int], width: int) -> None:
        cv2.polylines(picture, [self._px(points_m)], False, colour, width, cv2.LINE_AA, 4)


def flight_picture(
    rgb: Picture, above: Picture, guidance: Guidance | None, stamp_s: float, title: str = 'teaching'
) -> Picture:
    """Camera and view from above side by side, with what the follower says.

    Args:
        rgb: (H, W, 3) of the camera.
        above: Of GroundView.
        guidance: Of the follower; None where it is not known: `title` is shown then.
        stamp_s: Since the start.
        title: What goes on.
    """
    height, width = rgb.shape[:2]
    camera = np.asarray(cv2.resize(rgb, (round(width * _SIDE_PX / height), _SIDE_PX)), np.uint8)
    picture = np.ascontiguousarray(np.hstack([camera, above]))
    if guidance is None:
        _text(picture, f'{title}   {stamp_s:5.1f} s', (12, 28), _INK)
        return picture
    _text(picture, f'{guidance.state.name}   {stamp_s:5.1f} s', (12, 28), _STATES[guidance.state])
    side = '' if guidance.lateral_error_m is None else f'   {guidance.lateral_error_m:+.2f} m beside'
    _text(picture, f'{100 * guidance.progress:3.0f} %{side}', (12, 54), _INK)
    if guidance.sighting is not None:
        _text(picture, f'keyframe {guidance.sighting.index}: {guidance.sighting.inliers} inliers', (12, 80), _INK)
    return picture


def _text(picture: Picture, text: str, at: tuple[int, int], colour: Sequence[int]) -> None:
    cv2.putText(picture, text, at, _FONT, 0.6, (0, 0, 0), 4, cv2.LINE_AA)
    cv2.putText(picture, text, at, _FONT, 0.6, colour, 2, cv2.LINE_AA)


class FlightVideo:
    """Writes pictures of a flight as a video or an animated GIF, by the file's name; a context manager."""

    def __init__(self, path: Path, rate_hz: float) -> None:
        """Take a name.

        Raises:
            ConfigError: It ends neither in .gif nor as a video's.
            BackendUnavailable: This OpenCV writes no GIF.
        """
        if path.suffix.lower() not in SUFFIXES:
            raise ConfigError(f'{path}: no name of a film. Give one that ends in {", ".join(SUFFIXES)}.')
        self._path, self._rate_hz = path, rate_hz
        self._frames: list[Picture] = []
        self._video: VideoFile | None = None
        if path.suffix.lower() != '.gif':
            self._video = VideoFile(path, rate_hz)
        elif not (hasattr(cv2, 'imwriteanimation') and cv2.haveImageWriter('film.gif')):
            raise BackendUnavailable(f'{path}: this OpenCV ({cv2.__version__}) writes no GIF. Give a .mp4 name.')
        self._count = 0

    def __enter__(self) -> FlightVideo:
        """The file is made with the first picture, a GIF at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file."""
        if self._video is not None:
            self._video.__exit__(kind, error, trace)
        elif self._frames:
            self._write_gif()

    def write(self, picture: Picture) -> None:
        """Append a picture; of a GIF every third at half the size, as it would be large."""
        self._count += 1
        if self._video is not None:
            self._video.write(picture)
        elif self._count % 3 == 1:
            small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            self._frames.append(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), np.uint8))

    def _write_gif(self) -> None:
        animation = cv2.Animation()
        animation.frames = self._frames
        animation.durations = [round(3000 / self._rate_hz)] * len(self._frames)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            written = cv2.imwriteanimation(str(self._path), animation, GIF_COLOURS)
        except cv2.error:
            written = False
        if not written:
            raise ConfigError(f'{self._path} can not be written. Check the folder, or give another name.')
