# SPDX-License-Identifier: Apache-2.0
"""A place map in memory: keyframes in order, which of them show one place, and routes through them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import MapError
from waymark.image.camera import CameraModel
from waymark.maps.keyframe import Keyframe
from waymark.maps.ortho import OrthoFrame
from waymark.maps.route import Link, Relative, Route


@dataclass(frozen=True, eq=False)
class MapInfo:
    """What holds for a whole map.

    Attributes:
        fingerprint: Of the encoder that made the vectors; vectors of another one can't be compared with them.
        model_id: That encoder's short name, for people.
        camera: Of all images, None where unknown.
        text_fingerprint: Of the encoder that made the text vectors, '' without any.
        text_model_id: Its short name.
        map_id: Tells this map from every other; a saved map keeps it.
        ortho: The picture of the ground that the keyframes are tiles of; None: they are views of a camera.
    """

    fingerprint: str
    model_id: str
    camera: CameraModel | None = None
    text_fingerprint: str = ''
    text_model_id: str = ''
    map_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    ortho: OrthoFrame | None = None

    def renewed(self, **changes: Any) -> MapInfo:
        """The same, with changes, for another map."""
        return replace(self, map_id=uuid.uuid4().hex, **changes)

    def require_encoder(self, fingerprint: str, where: str = 'the map') -> None:
        """Refuse an encoder whose vectors can't be compared with the map's.

        Args:
            fingerprint: Of the encoder at hand.
            where: What is being opened, for the error.

        Raises:
            MapError: Naming the right encoder and both ways out.
        """
        if fingerprint != self.fingerprint:
            raise MapError(
                f'{where} was made by encoder {self.model_id!r} (fingerprint {self.fingerprint[:16]}…), this encoder '
                f'has fingerprint {fingerprint[:16]}…. Use encoder {self.model_id!r}, or write the map anew for this '
                'one: waymark map reencode (from its thumbnails or a recording) or waymark map translate.'
            )


class PlaceMap:
    """Keyframes by id, links between them and routes; grows and shrinks, while its pieces never change."""

    def __init__(
        self,
        info: MapInfo,
        keyframes: Iterable[Keyframe] = (),
        links: Iterable[Link] = (),
        routes: Iterable[Route] = (),
        next_id: int = 0,
    ) -> None:
        """Hold what is given.

        Args:
            info: What holds for all of it.
            keyframes: In ascending order of their ids.
            links: Between those keyframes.
            routes: Through those keyframes.
            next_id: Smallest id that was never used; ids of `keyframes` count as used.

        Raises:
            ValueError: Ids are not ascending, vectors differ in length, or a link or route names no keyframe.
        """
        self.info = info
        self._keyframes: dict[int, Keyframe] = {}
        self._links: dict[tuple[int, int], Link] = {}
        self._routes: dict[int, Route] = {}
        self._next_id = 0
        for keyframe in keyframes:
            self.add(keyframe)
        for link in links:
            self.link(link.first, link.second, link.inliers)
        for route in routes:
            self.put_route(route)
        self._next_id = max(self._next_id, next_id)

    def __len__(self) -> int:
        return len(self._keyframes)

    @property
    def keyframes(self) -> Mapping[int, Keyframe]:
        """By id, in ascending order of ids."""
        return MappingProxyType(self._keyframes)

    @property
    def links(self) -> tuple[Link, ...]:
        """Pairs of keyframes that show one place, in the order they were found."""
        return tuple(self._links.values())

    @property
    def routes(self) -> Mapping[int, Route]:
        """By id."""
        return MappingProxyType(self._routes)

    @property
    def next_id(self) -> int:
        """The id that a new keyframe gets."""
        return self._next_id

    @property
    def dim(self) -> int | None:
        """Length of the vectors, None without keyframes."""
        return next((len(k.vector) for k in self._keyframes.values()), None)

    @property
    def routed_ids(self) -> frozenset[int]:
        """Keyframes that a route needs: they can't be removed."""
        return frozenset(i for route in self._routes.values() for i in route.keyframe_ids)

    def vectors(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (N,) in ascending order and their vectors (N, D); (0,) and (0, 0) without keyframes."""
        ids = np.fromiter(self._keyframes, np.int64, len(self._keyframes))
        rows = [k.vector for k in self._keyframes.values()]
        return ids, np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    def text_vectors(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (N,) of the keyframes that have a text vector, and these (N, T); (0,) and (0, 0) without any."""
        found = {i: k.text_vector for i, k in self._keyframes.items() if k.text_vector is not None}
        ids = np.fromiter(found, np.int64, len(found))
        return ids, np.stack(list(found.values())) if found else np.zeros((0, 0), np.float32)

    def add(self, keyframe: Keyframe) -> None:
        """Append a keyframe.

        Raises:
            ValueError: Its id was used before, or its vector has another length than the map's.
        """
        if keyframe.keyframe_id < self._next_id:
            raise ValueError(f'keyframe_id: expected at least {self._next_id}, got {keyframe.keyframe_id}')
        self._require_dim(keyframe)
        self._keyframes[keyframe.keyframe_id] = keyframe
        self._next_id = keyframe.keyframe_id + 1

    def replace(self, keyframe: Keyframe) -> None:
        """Put another keyframe in the place of the one with its id (new labels, a pose found later).

        Raises:
            ValueError: There is no keyframe with this id, or its vector has another length than the map's.
        """
        self._require_known(keyframe.keyframe_id)
        self._require_dim(keyframe)
        self._keyframes[keyframe.keyframe_id] = keyframe

    def remove(self, keyframe_id: int) -> None:
        """Take a keyframe and its links out.

        Raises:
            MapError: A route needs it.
            ValueError: There is no such keyframe.
        """
        self._require_known(keyframe_id)
        needing = [r.name for r in self._routes.values() if keyframe_id in r.keyframe_ids]
        if needing:
            raise MapError(f'keyframe {keyframe_id} belongs to route {needing[0]!r}. Remove the route first.')
        del self._keyframes[keyframe_id]
        self._links = {pair: link for pair, link in self._links.items() if keyframe_id not in pair}

    def link(self, first: int, second: int, inliers: int) -> Link:
        """Note that two keyframes show one place; a second note of the same pair replaces the first.

        Raises:
            ValueError: One of them is not in the map, or they are the same.
        """
        self._require_known(first, second)
        if first == second:
            raise ValueError(f'link: keyframe {first} can not be linked to itself')
        link = Link(first, second, inliers)
        self._links[min(first, second), max(first, second)] = link
        return link

    def add_route(self, name: str, keyframe_ids: Sequence[int], relative: Sequence[Relative] = ()) -> Route:
        """Keep a way through the map (see Route).

        Raises:
            ValueError: A keyframe is not in the map, or `relative` has another length.
        """
        route = Route(max(self._routes, default=-1) + 1, name, tuple(keyframe_ids), tuple(relative))
        self.put_route(route)
        return route

    def put_route(self, route: Route) -> None:
        """Keep a route, in place of the one with its id.

        Raises:
            ValueError: A keyframe is not in the map.
        """
        self._require_known(*route.keyframe_ids)
        self._routes[route.route_id] = route

    def remove_route(self, route_id: int) -> None:
        """Forget a route; its keyframes stay.

        Raises:
            KeyError: There is no such route.
        """
        del self._routes[route_id]

    def _require_known(self, *keyframe_ids: int) -> None:
        unknown = [i for i in keyframe_ids if i not in self._keyframes]
        if unknown:
            raise ValueError(f'keyframe {unknown[0]} is not in the map')

    def _require_dim(self, keyframe: Keyframe) -> None:
        if self.dim not in (None, len(keyframe.vector)):
            raise ValueError(f'vector: expected shape ({self.dim},), got {keyframe.vector.shape}')
