# SPDX-License-Identifier: Apache-2.0
"""Routes by name in a folder: taught into a file of their own, and repeated from it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from waymark.encoding import Encoder
from waymark.errors import RouteError
from waymark.image.camera import CameraModel
from waymark.maps import open_map, save_map
from waymark.navigation.config import NavigationConfig
from waymark.navigation.repeating import RouteRepeater
from waymark.navigation.teaching import RouteLesson
from waymark.routes import Guidance
from waymark.routes.teaching import Passed
from waymark.types import Frame


def route_file(folder: Path, route_id: str) -> Path:
    """Where a route is kept.

    Raises:
        RouteError: The id can't be a file's name.
    """
    if not re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9_.-]{0,99}', route_id):
        raise RouteError(f'route_id {route_id!r}: give letters, digits, _, - and . only, at most 100.')
    return folder / f'{route_id}.wmap'


class TeachSession:
    """One route that is being taught.

    Attributes:
        lesson: None before the first image.
    """

    def __init__(self, config: NavigationConfig, encoder: Encoder, folder: Path, route_id: str) -> None:
        """Take a name.

        Raises:
            RouteError: There is a route of that name, or it can't be one.
        """
        self._config, self._encoder, self._route_id = config, encoder, route_id
        self._path = route_file(folder, route_id)
        if self._path.exists():
            raise RouteError(f'route {route_id!r} is there already. Give another route_id, or remove {self._path}.')
        self.lesson: RouteLesson | None = None

    def observe(self, frame: Frame, camera: CameraModel, passed: Passed) -> None:
        """Take the next image.

        Raises:
            RouteError: See RouteLesson.
        """
        self.lesson = self.lesson or RouteLesson(self._config, self._encoder, camera)
        self.lesson.observe(frame, passed)

    def finish(self) -> int:
        """End the route where the vehicle is, and save it.

        Returns:
            Number of keyframes.

        Raises:
            RouteError: There are fewer than two.
            MapError: It can't be written.
        """
        if self.lesson is None:
            raise RouteError(
                f'route {self._route_id!r}: no image came with a calibration. Check image and camera_info.'
            )
        place_map, route = self.lesson.finish(self._route_id)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        save_map(self._path, place_map)
        return len(route.keyframe_ids)


class RepeatSession:
    """One repetition of a route in a file."""

    def __init__(
        self,
        config: NavigationConfig,
        encoder: Encoder,
        folder: Path,
        route_id: str,
        backwards: bool = False,
        max_speed: float = 0.0,
    ) -> None:
        """Open the route.

        Args:
            config: How it is followed.
            encoder: The one that made it.
            folder: Of routes.
            route_id: Its name.
            backwards: Whether to fly from its end.
            max_speed: m/s; 0: the configuration's.

        Raises:
            RouteError: There is no such route, or the speed is below 0 or not finite.
            MapError: Its file can't be read, or another encoder made it.
        """
        path = route_file(folder, route_id)
        if not path.is_file():
            raise RouteError(f'route {route_id!r}: there is no {path}. Teach it first.')
        if not 0 <= max_speed <= 50:  # NaN too
            raise RouteError(f'max_speed: must be 0 to 50 m/s, got {max_speed:g}.')
        self._config = replace(config, max_speed=max_speed) if max_speed else config
        self._encoder, self._route_id, self._backwards = encoder, route_id, backwards
        self._file = open_map(path, encoder.fingerprint)
        self._map = self._file.load()
        self._repeater: RouteRepeater | None = None

    def observe(self, frame: Frame, camera: CameraModel, passed: Passed) -> Guidance:
        """Take the next image.

        Raises:
            RouteError: See RouteRepeater.
        """
        if self._repeater is None:
            self._repeater = RouteRepeater(
                self._config, self._map, self._route_id, self._encoder, camera, self._backwards
            )
        return self._repeater.observe(frame, passed.odometry, passed.height_m, passed.R_world_base)

    def close(self) -> None:
        """Close its file."""
        self._file.close()
