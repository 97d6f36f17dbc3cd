# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.mapping.building import build_map
from waymark.mapping.linking import link_places
from waymark.maps import Keyframe, MapInfo, PlaceMap, encode_thumbnail, open_map
from waymark.maps.merging import merge
from waymark.places import PlacesConfig
from waymark.places.finder import view_of
from waymark.types import Frame, Header

SHIFT = np.array([[1.02, 0.01, 4], [-0.01, 1.02, -3], [0, 0, 1]])


def seen(pictures):
    """A map of pictures without summaries; the vector is a coarse copy of the picture."""
    views = []
    for i, gray in enumerate(pictures):
        vector = cv2.resize(gray, (8, 8), interpolation=cv2.INTER_AREA).ravel().astype(np.float32)
        vector -= vector.mean()
        frame = Frame(Header((i + 1) * 10**9), np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)))
        view = view_of(frame, vector / np.linalg.norm(vector), PlacesConfig())
        views.append(Keyframe(i, frame.header, view.vector, view.features, i, encode_thumbnail(frame.rgb)))
    return PlaceMap(MapInfo('f', 'm'), views)


def again(picture):
    return cv2.warpPerspective(picture, SHIFT, picture.shape[::-1], borderMode=cv2.BORDER_REFLECT)


def test_places_seen_in_both_maps_are_linked_and_become_one(texture):
    first = seen([texture(s) for s in range(6)])
    second = seen([texture(77), again(texture(3)), again(texture(4)), texture(78)])
    merged = merge(first, second)
    told = []
    links = link_places(merged, 6, PlacesConfig(), lambda done, total: told.append((done, total)))
    assert [(k.first, k.second) for k in links] == [(7, 3), (8, 4)]
    assert all(k.inliers >= 20 for k in links) and merged.links == tuple(links)
    assert [k.place_id for k in merged.keyframes.values()] == [0, 1, 2, 3, 4, 5, 6, 3, 4, 9]
    assert told[-1] == (4, 4)


@pytest.mark.parametrize('start', [0, 9])
def test_where_one_map_is_empty_nothing_is_linked(texture, start):
    assert link_places(seen([texture(1), texture(2)]), start, PlacesConfig()) == []


@pytest.mark.slow
def test_a_corridor_of_tiny_images_is_linked_to_itself_seen_again(shared_data, tmp_path):
    folder = shared_data('vpr_corridor')
    encoder = load_encoder(EncoderConfig())
    for name in ('ref', 'query'):
        build_map(str(folder / name), tmp_path / name, encoder, PlacesConfig(keyframe_similarity=1))
    with open_map(tmp_path / 'ref') as first, open_map(tmp_path / 'query') as second:
        merged = merge(first.load(), second.load())
        links = link_places(merged, 111, PlacesConfig())
    truth = json.loads((folder / 'truth.json').read_text())['query_to_references']
    apart = [min(abs(k.second - right) for right in truth[str(k.first - 111)]) for k in links]
    assert len(links) >= 15 and apart.count(0) >= 0.85 * len(links)
    assert max(apart) <= 2, 'what is wrong is the next frame but one'
