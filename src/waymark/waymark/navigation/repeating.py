# SPDX-License-Identifier: Apache-2.0
"""Repeats a route: place recognition says where to begin, keyframes say where to go."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from waymark.encoding import Encoder
from waymark.errors import RouteError
from waymark.image.camera import CameraModel
from waymark.image.features import Features
from waymark.maps import Keyframe, PlaceMap, Route
from waymark.navigation.config import NavigationConfig
from waymark.navigation.forward_views import ForwardViews
from waymark.navigation.looking import features_of
from waymark.navigation.teaching import require_calibrated
from waymark.places import PlaceRecognizer
from waymark.places.views import Lenses
from waymark.routes import Guidance, RouteFollower, RoutePath, RouteViews, Sighting
from waymark.routes.levelling import Floats
from waymark.routes.planar import Planar
from waymark.routes.sighting import Seen
from waymark.routes.steps import down_of
from waymark.types import Frame


class RouteRepeater:
    """One repetition of one route.

    Attributes:
        route: As the map keeps it.
        path: The way along it.
        follower: What steers.
    """

    def __init__(
        self,
        config: NavigationConfig,
        place_map: PlaceMap,
        name: str,
        encoder: Encoder,
        camera: CameraModel,
        backwards: bool = False,
    ) -> None:
        """Take a route.

        Args:
            config: How it is followed.
            place_map: That it is in.
            name: Of the route; '': the only one.
            encoder: The one that made the map.
            camera: Of the images to come.
            backwards: Whether to fly it from its end.

        Raises:
            RouteError: There is no such route, it has no metres, the camera is not calibrated, or it would look the
                other way.
            MapError: Another encoder made the map.
        """
        place_map.info.require_encoder(encoder.fingerprint)
        if backwards and config.turn_backwards and config.camera_looks == 'forward':
            raise RouteError(
                'turn_backwards: true shows a camera that looks forward the other side of everything it was taught. '
                'Set it to false: the vehicle goes tail first.'
            )
        self._config, self._encoder, self._camera = config, encoder, require_calibrated(camera)
        self.route = find_route(place_map, name)
        yaw_rad = math.radians(config.camera_yaw_deg)
        self.path = path = RoutePath.of_route(self.route, backwards, config.turn_backwards, yaw_rad)
        self.follower = RouteFollower(config, path)
        keyframes = [place_map.keyframes[i] for i in self.route.keyframe_ids]
        taken_by, self._forward = place_map.info.camera or camera, None
        if config.camera_looks == 'forward':
            self._forward = ForwardViews(config, keyframes, path, taken_by, yaw_rad)
            self._lenses: Lenses | None = Lenses(taken_by, camera)
        else:
            self._lenses = None
        self._views = self._forward or RouteViews(config, keyframes, _downs(self.route), taken_by, yaw_rad)
        self._index = {i: at for at, i in reversed(list(enumerate(self.route.keyframe_ids)))}
        self._places = PlaceRecognizer.from_config(config)
        self._places.load(keyframes_in_order(place_map, self.route), encoder.fingerprint)

    def observe(
        self,
        frame: Frame,
        odometry: Planar | None = None,
        height_m: float | None = None,
        R_world_base: Floats | None = None,
    ) -> Guidance:
        """Take the next image.

        Args:
            frame: Its stamp is later than the one before.
            odometry: Pose of the vehicle at this image in any frame that stays; None: it did what it was told.
            height_m: Of the camera above the ground; None: `altitude_m` of the configuration. Without either a camera
                that looks down looks for no keyframe: the vehicle goes on by odometry for a moment, then holds, and
                `reason` says so. A camera that looks forward needs none.
            R_world_base: (3, 3) attitude, of which roll and pitch count; None: unknown.

        Raises:
            MessageError: The camera is for images of another size.
        """
        self._camera.require_size(frame.size_wh)
        height = height_m if height_m is not None else self._config.altitude_m
        if self._forward is None and not (math.isfinite(height) and height > 0):
            guidance = self.follower.observe(frame.header.stamp_s, (), odometry)
            return replace(guidance, reason=f'the height above ground is {height:g} m: measure it, or set altitude_m')
        attitude = R_world_base if R_world_base is not None and np.isfinite(R_world_base).all() else None
        sightings = self._sightings(frame, height, attitude)
        return self.follower.observe(frame.header.stamp_s, sightings, odometry)

    def _sightings(self, frame: Frame, height_m: float, R_world_base: Floats | None) -> list[Sighting]:
        """Keyframes that should be in view; where none is and the vehicle is lost, those of the whole map."""
        features = features_of(frame.gray, self._config)
        seen = Seen(features, self._camera, height_m, R_world_base)
        if self._forward is not None:
            self._forward.expected = self.follower.pose
        for indices in self.follower.wanted():
            sightings = self._views.look(seen, indices)
            if sightings:
                return sightings
        return self._recognized(frame, features, seen) if self.follower.is_lost else []

    def _recognized(self, frame: Frame, features: Features, seen: Seen) -> list[Sighting]:
        """Look in the whole map, then at the keyframe found and those beside it."""
        vector = self._encoder.encode(frame.rgb).vector
        said = self._places.observe(
            frame, vector, self._encoder.fingerprint, keep=False, lenses=self._lenses, features=features
        )
        at = None if said.match is None else self._index.get(said.match.keyframe_id)
        return [] if at is None else self._views.look(seen, (at - 1, at, at + 1))


def _downs(route: Route) -> list[Floats | None]:
    """Direction to the ground in the optical frame of each keyframe, as far as it is known."""
    steps = (down_of(step) if step is not None and not hasattr(step, 'shape') else None for step in route.relative)
    return [None, *steps]


def find_route(place_map: PlaceMap, name: str) -> Route:
    """A route by its name; '' for the only one.

    Raises:
        RouteError: There is none of that name, or more than one to choose from.
    """
    routes = [r for r in place_map.routes.values() if name in ('', r.name)]
    if len(routes) != 1:
        known = ', '.join(repr(r.name) for r in place_map.routes.values()) or 'none'
        wanted = f'{len(routes)} routes' if not name else f'{len(routes)} routes named {name!r}'
        raise RouteError(f'the map has {wanted}, one is needed. Routes: {known}.')
    return routes[0]


def keyframes_in_order(place_map: PlaceMap, route: Route) -> list[Keyframe]:
    """Those that a route passes, each once, by id."""
    return [place_map.keyframes[i] for i in sorted(set(route.keyframe_ids))]
