# SPDX-License-Identifier: Apache-2.0
"""Two maps into one: keyframes, links and routes of both, and links between places that both have seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from waymark.config import param
from waymark.errors import MapError
from waymark.image.camera import CameraModel
from waymark.image.features import FeatureConfig
from waymark.image.homography import HomographyConfig, register
from waymark.maps.keyframe import Keyframe
from waymark.maps.place_map import MapInfo, PlaceMap
from waymark.maps.route import Link, Route
from waymark.maps.stored import StoredKeyframe


@dataclass(frozen=True)
class MergeConfig(FeatureConfig, HomographyConfig):
    """When two keyframes show one place."""

    min_inliers: int = param(30, 'Fewest matches that must agree.', ge=4)
    min_coverage: float = param(0.05, 'Smallest share of the keyframe that the agreeing matches must span.', ge=0, le=1)
    min_scale: float = param(0.5, 'Smallest size relative to the keyframe.', gt=0)
    max_scale: float = param(2.0, 'Largest size relative to the keyframe.', gt=0)
    convex_corners: bool = param(False, 'Whether the corners must stay a convex, unmirrored shape.')
    retrieve: int = param(5, 'Most similar keyframes of the first map that each of the second is compared with.', ge=1)


def merge(first: PlaceMap, second: PlaceMap, one_frame: bool = False) -> PlaceMap:
    """Put two maps of one encoder into one.

    Args:
        first: Its keyframes and routes keep their ids.
        second: Its ids are counted on from the first map's.
        one_frame: Whether poses of both are in one `map` frame.

    Returns:
        A new map; features and thumbnails of loaded keyframes stay in their files.

    Raises:
        MapError: Encoders or cameras differ, or both have poses and `one_frame` is False.
    """
    first.info.require_encoder(second.info.fingerprint, 'the first map')
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
    return _changed(keyframe, keyframe_id=keyframe.keyframe_id + by, place_id=keyframe.place_id + by)


def without_poses(place_map: PlaceMap) -> None:
    """Take the poses out, in place."""
    for keyframe in list(place_map.keyframes.values()):
        if keyframe.pose is not None:
            place_map.replace(_changed(keyframe, pose=None))


def link_places(
    place_map: PlaceMap, start: int, config: MergeConfig, progress: Callable[[int, int], None] | None = None
) -> list[Link]:
    """Find keyframes from `start` on that show places of those before, by local features, and link them.

    Places that are found in both become one: the earlier place's id.

    Args:
        place_map: Changed in place.
        start: First id of the second map.
        config: Which pairs are tried, and when they agree.
        progress: Told keyframes done and their number.

    Returns:
        The new links.
    """
    ids, vectors = place_map.vectors()
    old, new = np.flatnonzero(ids < start), np.flatnonzero(ids >= start)
    found: list[Link] = []
    for done, row in enumerate(new):
        best = vectors[old] @ vectors[row]
        likely = old[np.argsort(-best, kind='stable')[: config.retrieve]]
        link = _best_link(place_map, int(ids[row]), [int(i) for i in ids[likely]], config)
        if link is not None:
            found.append(place_map.link(link.first, link.second, link.inliers))
        if progress is not None:
            progress(done + 1, len(new))
    _join_places(place_map, found)
    return found


def _best_link(place_map: PlaceMap, keyframe_id: int, likely: list[int], config: MergeConfig) -> Link | None:
    current = place_map.keyframes[keyframe_id].features
    links = []
    for other in likely:
        agreed = register(place_map.keyframes[other].features, current, config.ratio, config)
        if agreed is not None:
            links.append(Link(keyframe_id, other, agreed.inlier_count))
    return max(links, key=lambda link: link.inliers, default=None)


def _join_places(place_map: PlaceMap, found: list[Link]) -> None:
    """Give each place of the second map the id of the place that most inliers say it is."""
    votes: dict[int, Counter[int]] = {}
    for link in found:
        place = place_map.keyframes[link.first].place_id
        votes.setdefault(place, Counter())[place_map.keyframes[link.second].place_id] += link.inliers
    for keyframe in list(place_map.keyframes.values()):
        if keyframe.place_id in votes:
            place_map.replace(_changed(keyframe, place_id=votes[keyframe.place_id].most_common(1)[0][0]))


def _changed(keyframe: Keyframe, **facts: object) -> Keyframe:
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
