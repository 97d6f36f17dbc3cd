# SPDX-License-Identifier: Apache-2.0
"""Two maps into one: keyframes, links and routes of both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from waymark.errors import MapError
from waymark.image.camera import CameraModel
from waymark.maps.keyframe import Keyframe
from waymark.maps.place_map import MapInfo, PlaceMap
from waymark.maps.route import Link, Route
from waymark.maps.stored import StoredKeyframe


def merge(first: PlaceMap, second: PlaceMap, one_frame: bool = False) -> PlaceMap:
    """Put two maps of one encoder into one.

    Args:
        first: Its keyframes and routes keep their ids.
        second: Its ids are counted on from the first map's.
        one_frame: Whether poses of both are in one `map` frame.

    Returns:
        A new map; features and thumbnails of loaded keyframes stay in their files.

    Raises:
        MapError: Encoders or cameras differ, both have poses and `one_frame` is False, or one is made of tiles.
    """
    first.info.require_encoder(second.info.fingerprint, 'the first map')
    if first.info.ortho is not None or second.info.ortho is not None:
        raise MapError(
            'a map made from a picture of the ground can not be merged: its tiles belong to that picture. '
            'Keep the two maps, each for its own task.'
        )
    camera = _common_camera(first.info.camera, second.info.camera)
    if not one_frame and all(any(k.pose for k in m.keyframes.values()) for m in (first, second)):
        raise MapError(
            'both maps carry poses, each in a frame of its own as far as can be told. Say --one-frame if that frame is '
            'the same (GPS, one survey), or --no-poses to merge them without poses.'
        )
    text = _common_text(first.info, second.info)
    info = MapInfo(first.info.fingerprint, first.info.model_id, camera, text.text_fingerprint, text.text_model_id)
    by = first.next_id
    views = [*first.keyframes.values(), *(shifted(k, by) for k in second.keyframes.values())]
    links = [*first.links, *(Link(k.first + by, k.second + by, k.inliers) for k in second.links)]
    start = max(first.routes, default=-1) + 1
    routes = [*first.routes.values()]
    for route in second.routes.values():
        ids = tuple(i + by for i in route.keyframe_ids)
        routes.append(Route(start + route.route_id, _free_name(route.name, routes), ids, route.relative))
    return PlaceMap(info, views, links, routes, by + second.next_id)


def shifted(keyframe: Keyframe, by: int) -> Keyframe:
    """The same view with its id, and that of its place, counted on."""
    return changed(keyframe, keyframe_id=keyframe.keyframe_id + by, place_id=keyframe.place_id + by)


def without_poses(place_map: PlaceMap) -> None:
    """Take the poses out, in place."""
    for keyframe in list(place_map.keyframes.values()):
        if keyframe.pose is not None:
            place_map.replace(changed(keyframe, pose=None))


def changed(keyframe: Keyframe, **facts: object) -> Keyframe:
    """The same view with other facts; features, thumbnail and summary of a stored one stay in its file."""
    if isinstance(keyframe, StoredKeyframe):
        return keyframe.changed(**facts)
    return replace(keyframe, **facts)  # type: ignore[arg-type]


def _common_camera(first: CameraModel | None, second: CameraModel | None) -> CameraModel | None:
    if first is None or second is None:
        return None  # it does not hold for all images
    same = first.size_wh == second.size_wh and np.array_equal(first.K, second.K) and np.array_equal(first.D, second.D)
    if not same:
        raise MapError(
            f'the maps were made by different cameras ({first.size_wh[0]}x{first.size_wh[1]} px, fx {first.K[0, 0]:g} '
            f'and {second.size_wh[0]}x{second.size_wh[1]} px, fx {second.K[0, 0]:g}). Say --any-camera to merge them '
            'without a calibration; nothing metric then follows from the map.'
        )
    return first


def _common_text(first: MapInfo, second: MapInfo) -> MapInfo:
    """The one that says which encoder made the text vectors."""
    if first.text_fingerprint and second.text_fingerprint and first.text_fingerprint != second.text_fingerprint:
        raise MapError(
            f'text vectors of the maps are of two encoders ({first.text_model_id!r}, {second.text_model_id!r}). '
            'Make those of one anew: waymark map reencode --text.'
        )
    return first if first.text_fingerprint else second


def _free_name(name: str, routes: list[Route]) -> str:
    taken = {route.name for route in routes}
    names = (name, *(f'{name} ({n})' for n in range(2, len(routes) + 3)))
    return next(n for n in names if n not in taken)
