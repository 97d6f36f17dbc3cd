# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.encoding import Embedding
from waymark.errors import ConfigError, MapError
from waymark.image.features import Features
from waymark.mapping.translating import Pairs, judge, pairs_of_recording, pairs_of_thumbnails, translate
from waymark.maps import Keyframe, MapInfo, PlaceMap
from waymark.types import Header

NOTHING = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), (160, 120))


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class Tiny:
    """Encodes coarse gray, turned by a matrix: another space in which nothing is lost."""

    model_id, fingerprint, dim = 'tiny', 'e2' * 32, 48

    def __init__(self, turn=None):
        self._turn = np.eye(48) if turn is None else turn

    def encode(self, rgb):
        small = rgb.mean(axis=2).reshape(6, rgb.shape[0] // 6, 8, -1).mean(axis=(1, 3)).ravel()
        small = (small - small.mean()) @ self._turn
        return Embedding((small / max(np.linalg.norm(small), 1e-9)).astype(np.float32), 1.0)

    def encode_batch(self, images):
        return [self.encode(rgb) for rgb in images]


@pytest.fixture(scope='module')
def pictures(texture):
    return [np.repeat(texture(seed, (160, 120))[..., None], 3, axis=2) for seed in range(90)]


def pairs(pictures, old, new):
    source, target = (np.array([e.encode(p).vector for p in pictures]) for e in (old, new))
    return Pairs(pictures, source, target, np.arange(len(pictures)), neighbours=0)


def test_a_turned_space_is_translated_without_loss_and_the_map_with_it(pictures):
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((48, 48)))[0]
    old, new = Tiny(), Tiny(turn)
    found = pairs(pictures, old, new)
    said = judge(found, new)
    assert said.fall == 0 and said.recall_own > 0.8
    assert (said.fitted, said.held_out) == (60, 30)
    said.require_fall(0.0)

    views = [Keyframe(i, Header(i + 1), v, NOTHING, i) for i, v in enumerate(found.source)]
    place_map = PlaceMap(MapInfo('old', 'o'), views)
    place_map.add_route('r', [3, 4])
    moved = translate(place_map, said.translation, new)
    np.testing.assert_allclose(moved.vectors()[1], found.target, atol=2e-3)
    assert (moved.info.fingerprint, moved.info.model_id) == (new.fingerprint, 'tiny')
    assert moved.routes[0].keyframe_ids == (3, 4)


def test_changed_views_by_both_encoders_make_the_fit_better(pictures):
    old, new = Tiny(), Tiny(np.random.default_rng(0).standard_normal((48, 48)))  # no rotation: more to be found
    few, unseen = pairs(pictures[:42], old, new), pairs(pictures[60:], old, new)
    plain = judge(few, new)
    better = judge(Pairs(few.pictures, few.source, few.target, few.places, 0, old), new, most_views=4)
    assert (plain.fitted, plain.views, better.fitted, better.views) == (28, 0, 28, 112)
    assert plain.fall > better.fall == 0 and better.recall_own == plain.recall_own
    cosines = [(said.translation.apply(unseen.source) * unseen.target).sum(axis=1).mean() for said in (plain, better)]
    assert cosines[0] < 0.95 < 0.98 < cosines[1]
    assert better.translation.kind.endswith('with changed views')


def test_spaces_that_have_nothing_in_common_are_refused_with_the_numbers(pictures):
    new = Tiny()
    found = pairs(pictures, Tiny(), new)
    noise = unit(np.random.default_rng(1).standard_normal(found.source.shape))
    said = judge(Pairs(pictures, noise, found.target, found.places, 0), new)
    assert said.fall > 0.5
    with pytest.raises(
        MapError, match=r'was not translated: .*recall at 1 falls by 0\.\d+, allowed are 0\.05.*reencode'
    ):
        said.require_fall(0.05)
    said.require_fall(1.0)


def test_too_few_images_are_refused(pictures):
    with pytest.raises(MapError, match='needs at least 40 images .*, there are 12'):
        judge(pairs(pictures[:12], Tiny(), Tiny()), Tiny())


def test_pairs_of_a_map_are_its_keyframes_with_thumbnails(mapped, place):
    found = pairs_of_thumbnails(mapped, place)
    assert found.source.shape == (6, mapped.dim) and found.target.shape == (6, place.dim)
    np.testing.assert_array_equal(found.source, mapped.vectors()[1])


def test_a_long_recording_is_thinned_out_evenly(recording, hog):
    found = pairs_of_recording(str(recording), hog, hog, most=5)
    np.testing.assert_array_equal(found.source, found.target)
    assert len(found.pictures) == 3, 'frames 0, 4, 8'


def test_a_live_source_is_refused(hog):
    with pytest.raises(ConfigError, match='is live. Record it first'):
        pairs_of_recording('/dev/video0', hog, hog)
