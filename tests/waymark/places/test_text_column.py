# SPDX-License-Identifier: Apache-2.0
"""Text vectors of a live map, by a second encoder that answers when it likes."""

import numpy as np
import pytest

from waymark.errors import MapError
from waymark.maps import open_map
from waymark.places import LiveMap, PlacesConfig
from waymark.types import Frame, Header

EYE, TEXTS, SECOND_NS = 'f' * 64, 't' * 64, 1_000_000_000


def view(number, second):
    small = np.random.default_rng(number).integers(0, 256, (30, 40, 3), np.uint8)
    return Frame(Header(second * SECOND_NS), np.ascontiguousarray(small.repeat(8, 0).repeat(8, 1)))


def along(axis, size=8):
    return np.eye(size, dtype=np.float32)[axis]


def see(live, number, second):
    return live.observe(view(number, second), along(number), 'eye', EYE)


def describe(live, number, second, fingerprint=TEXTS):
    live.add_text_vector(second * SECOND_NS, along(number, 5), 'clip', fingerprint)


@pytest.fixture(params=[True, False], ids=['in a file', 'in memory'])
def live(request, tmp_path):
    path = str(tmp_path / 'm.wmap') if request.param else ''
    live = LiveMap(PlacesConfig(map=path, keyframe_similarity=1.0))
    yield live
    live.close()


def test_a_vector_meets_its_keyframe_whichever_comes_first(live):
    describe(live, 0, 1)
    see(live, 0, 1)
    see(live, 1, 2)
    see(live, 2, 3)
    describe(live, 2, 3)
    describe(live, 4, 99)  # of an image that never became a keyframe
    found = live.find_text(along(2, 5), TEXTS, 5)
    assert [(a.keyframe_id, a.similarity) for a in found] == [(2, 1.0), (0, 0.0)]


def test_vectors_of_a_third_encoder_are_refused_by_the_second_s_name(live):
    see(live, 0, 1)
    describe(live, 0, 1)
    with pytest.raises(MapError, match="text vectors are of encoder 'clip'.*reencode --text"):
        describe(live, 1, 2, fingerprint='z' * 64)


def test_they_are_in_the_file_with_the_name_of_their_encoder(tmp_path):
    path = tmp_path / 'm.wmap'
    live = LiveMap(PlacesConfig(map=str(path), keyframe_similarity=1.0))
    see(live, 0, 1)
    see(live, 1, 2)
    describe(live, 0, 1)
    live.close()
    with open_map(path) as stored:
        kept = stored.load()
        assert (kept.info.text_fingerprint, kept.info.text_model_id) == (TEXTS, 'clip')
        ids, vectors = kept.text_vectors()
    assert ids.tolist() == [0]
    np.testing.assert_array_equal(vectors, [along(0, 5)])


def test_a_finished_map_takes_none(tmp_path):
    path = str(tmp_path / 'm.wmap')
    live = LiveMap(PlacesConfig(map=path, keyframe_similarity=1.0))
    see(live, 0, 1)
    live.close()
    reading = LiveMap(PlacesConfig(map=path, mapping=False))
    describe(reading, 0, 1)
    reading.close()
    with open_map(tmp_path / 'm.wmap') as stored:
        assert stored.load().info.text_fingerprint == ''
