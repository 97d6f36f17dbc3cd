# SPDX-License-Identifier: Apache-2.0
"""Teaches a route: keeps keyframes while the vehicle is led, and the steps between them."""

from __future__ import annotations

import math

from waymark.encoding import Encoder
from waymark.errors import RouteError
from waymark.image.camera import CameraModel
from waymark.maps import Keyframe, MapInfo, PlaceMap, Route, encode_thumbnail
from waymark.navigation.config import NavigationConfig
from waymark.navigation.forward_teaching import ForwardTeacher
from waymark.navigation.looking import features_of
from waymark.places import PlaceRecognizer
from waymark.places.finder import View
from waymark.places.summary import pack_summary
from waymark.routes.teaching import Passed, RouteTeacher
from waymark.types import Frame

SILENT_IMAGES = 20
_SILENCE = (
    'neither odometry nor a height above ground came with the last {} images, and without them a route has no metres. '
    'Look at the topics odometry and range.'
)


class RouteLesson:
    """One route that is being taught, into a map of its own."""

    def __init__(self, config: NavigationConfig, encoder: Encoder, camera: CameraModel) -> None:
        """Begin.

        Args:
            config: When a view is kept.
            encoder: Of the images.
            camera: Their calibration.

        Raises:
            RouteError: The camera is not calibrated.
        """
        require_calibrated(camera)
        self._config, self._encoder = config, encoder
        self._places = PlaceRecognizer.from_config(config)
        yaw_rad = math.radians(config.camera_yaw_deg)
        self._forward: ForwardTeacher | None = None
        if config.camera_looks == 'forward':
            self._forward = ForwardTeacher(config, camera, yaw_rad)
        self._teacher = RouteTeacher(config, camera, yaw_rad) if self._forward is None else self._forward
        self._map = PlaceMap(MapInfo(encoder.fingerprint, encoder.model_id, camera))
        self._latest: tuple[Frame, View, Passed] | None = None  # unless it became a keyframe
        self._silent = 0  # images since a sensor said how far, or how high

    @property
    def keyframe_count(self) -> int:
        """Kept so far."""
        return len(self._teacher)

    @property
    def length_m(self) -> float:
        """Of the way so far."""
        return self._teacher.length_m

    def observe(self, frame: Frame, passed: Passed) -> None:
        """Take the next image; one with which no sensor said anything becomes no keyframe.

        Raises:
            RouteError: Nothing says how far it is from the keyframe before, or has said anything for many images.
        """
        if self._forward is None and passed.odometry is None and passed.height_m is None:
            self._silent += 1
            if self._silent >= SILENT_IMAGES:
                raise RouteError(_SILENCE.format(SILENT_IMAGES))
            return
        self._silent = 0
        vector = self._encoder.encode(frame.rgb).vector
        features = features_of(frame.gray, self._config)
        keep = self._forward is None
        said = self._places.observe(frame, vector, self._encoder.fingerprint, keep=keep, features=features)
        self._latest = frame, said.view, passed
        if said.new_keyframe is not None:
            self._keep(said.new_keyframe, passed)
        elif self._forward is not None and self._forward.wants(passed):
            self._keep(self._keyframe_of(frame, said.view), passed)

    def finish(self, name: str) -> tuple[PlaceMap, Route]:
        """End the route where the vehicle is.

        Returns:
            The map, and the route in it.

        Raises:
            RouteError: Fewer than two keyframes.
        """
        if self._latest is not None:
            frame, view, passed = self._latest
            self._keep(self._keyframe_of(frame, view), passed)
        return self._map, self._map.add_route(name, *self._teacher.taught())

    def _keyframe_of(self, frame: Frame, view: View) -> Keyframe:
        number, thumbnail = self._map.next_id, encode_thumbnail(frame.rgb)
        summary = pack_summary(view.summary)
        return Keyframe(number, frame.header, view.vector, view.features, number, thumbnail, summary=summary)

    def _keep(self, keyframe: Keyframe, passed: Passed) -> None:
        self._teacher.add(keyframe, passed)
        self._map.add(keyframe)
        self._latest = None


def require_calibrated(camera: CameraModel | None) -> CameraModel:
    """Refuse a camera without calibration.

    Raises:
        RouteError: Saying what to do.
    """
    if camera is None or not camera.is_calibrated:
        raise RouteError('a route needs a calibrated camera: no metres follow from pixels else. Calibrate it.')
    return camera
