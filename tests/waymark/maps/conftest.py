# SPDX-License-Identifier: Apache-2.0
"""Maps whose content is known: random, but the same at each run."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from waymark.image.features import Features
from waymark.maps import Keyframe, MapInfo, MapPose, PlaceMap, encode_thumbnail
from waymark.types import Header

FINGERPRINT = 'a1' * 32
MakeKeyframe = Callable[..., Keyframe]
MakeMap = Callable[..., PlaceMap]


@pytest.fixture(scope='session')
def keyframe() -> MakeKeyframe:
    """`keyframe(7)`: the seventh view, with 40 features and a thumbnail; fields can be given by name."""

    def make(number: int, dim: int = 16, **fields: object) -> Keyframe:
        rng = np.random.default_rng(number)
        vector = rng.standard_normal(dim).astype(np.float32)
        # Where a file keeps them exactly: in steps of 1/65535 of the sides.
        points = (rng.integers(0, 65536, (40, 2)) * (np.array([640, 480]) / 65535) - 0.5).astype(np.float32)
        features = Features(points, rng.integers(0, 256, (40, 32), np.uint8), (640, 480))
        picture = np.full((60, 80, 3), rng.integers(0, 256, 3), np.uint8)
        cv2.circle(picture, (int(rng.integers(10, 70)), 30), 9, (255, 255, 255), -1)
        facts = {
            'keyframe_id': number,
            'header': Header(1_000_000_000 + number * 500_000_000),
            'vector': vector / np.linalg.norm(vector),
            'features': features,
            'place_id': number,
            'thumbnail_jpeg': encode_thumbnail(picture),
        }
        return Keyframe(**(facts | fields))

    return make


@pytest.fixture
def make_map(keyframe: MakeKeyframe) -> MakeMap:
    """`make_map(9)`: nine keyframes, the last linked to the first, a route over 2, 3, 4, poses for even ids."""

    def make(count: int, dim: int = 16) -> PlaceMap:
        poses = {i: MapPose((float(i), 2.0, 0.5)) for i in range(0, count, 2)}
        views = [keyframe(i, dim, pose=poses.get(i), labels=('door',) if i == 1 else ()) for i in range(count)]
        place_map = PlaceMap(MapInfo(FINGERPRINT, 'random-16'), views)
        if count > 5:
            place_map.link(count - 1, 0, 57)
            place_map.add_route('patrol', [2, 3, 4], [np.diag([1.0, 1.0, 1.0]), MapPose((1.0, 0.0, 0.0))])
        return place_map

    return make


def contents(place_map: PlaceMap) -> dict[str, object]:
    """Everything in a map, exactly, in a form that can be compared."""
    views = [
        (
            k.keyframe_id,
            k.header,
            k.vector.tobytes(),
            k.place_id,
            k.thumbnail_jpeg,
            k.pose,
            k.labels,
            None if k.text_vector is None else k.text_vector.tobytes(),
            k.features.descriptors.tobytes(),
            k.features.size_wh,
            k.features.keypoints.tobytes(),
        )
        for k in place_map.keyframes.values()
    ]
    routes = [
        (
            r.route_id,
            r.name,
            r.keyframe_ids,
            [str(np.asarray(s)) if isinstance(s, np.ndarray) else s for s in r.relative],
        )
        for r in place_map.routes.values()
    ]
    map_id = place_map.info.map_id
    return {'views': views, 'links': place_map.links, 'routes': routes, 'next': place_map.next_id, 'map': map_id}


@pytest.fixture(scope='session')
def contents_of() -> Callable[[PlaceMap], dict[str, object]]:
    """`contents_of(place_map)` is equal for maps that hold the same."""
    return contents
