# SPDX-License-Identifier: Apache-2.0
"""Found, followed and named: what a user of a stream of objects sees."""

import numpy as np
import pytest

from waymark.classification import LabelledExamples, save_examples
from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError, ModelError

STEP = 100_000_000
RED, GREEN, BLUE = (60.0, 60.0, 60.0, 24.0, 0.4), (200.0, 60.0, 50.0, 20.0, -0.6), (120.0, 180.0, 70.0, 30.0, 1.2)


def look(stream, *images, first=1):
    """What is seen in successive images."""
    return [stream.follow(i, stream.find(i), (first + k) * STEP) for k, i in enumerate(images)]


def test_boxes_are_found_and_carry_the_ids_of_their_tracks(stream, scene):
    first, second = look(stream(), *[scene(red=RED, green=GREEN)] * 2)
    assert set(first.detections.names) == {'red', 'green'} and first.track_ids == (None, None)
    ids = dict(zip(second.detections.names, second.track_ids, strict=True))
    tracks = {t.class_name: t for t in second.tracks}
    assert ids == {name: t.track_id for name, t in tracks.items()} and sorted(ids.values()) == [1, 2]
    assert tracks['red'].box == pytest.approx(RED, abs=0.5)


def test_without_following_there_are_boxes_alone(stream, scene):
    seen = look(stream(follow=False), *[scene(red=RED)] * 3)[-1]
    assert (len(seen.detections), seen.track_ids, seen.tracks, seen.motion) == (1, (None,), (), 'not followed')


def test_of_many_boxes_the_best_are_followed(stream, scene):
    small = (200.0, 60.0, 6.0, 5.0, 0.0)  # 30 pixels: a score of .6, the large one's is .9
    seen = look(stream(max_tracked=1), *[scene(red=RED, green=small)] * 2)[-1]
    ids = dict(zip(seen.detections.names, seen.track_ids, strict=True))
    assert ids == {'red': 1, 'green': None}


def test_what_the_camera_did_is_taken_out_where_it_is_known(stream, scene):
    following, H = stream(), np.array([[1.0, 0, 150], [0, 1, 90], [0, 0, 1]])
    look(following, *[scene(red=RED)] * 2)
    following.add_motion(2 * STEP, 3 * STEP, H)
    [seen] = look(following, scene(red=(RED[0] + 150, RED[1] + 90, *RED[2:])), first=3)
    assert (seen.track_ids, seen.motion) == ((1,), 'compensated')
    [seen] = look(following, scene(red=RED), first=4)
    assert seen.track_ids == (None,) and seen.motion.startswith('uncompensated: no ego_homography leads')
    following.reset()
    [seen] = look(following, scene(red=RED), first=1)
    assert (seen.tracks, seen.motion) == ((), 'first image')


def test_without_an_encoder_classes_choose_among_those_of_the_model(stream, scene):
    following = stream(classes=('blue', 'red'))
    assert following.labels == ('blue', 'red')
    image = scene(red=RED, green=GREEN, blue=BLUE)
    assert set(following.find(image).names) == {'red', 'blue'}
    with pytest.raises(ConfigError, match=r"'tree' is none of the model 'rectangles' \(red, green, blue\)"):
        following.set_classes(['tree'])
    with pytest.raises(ConfigError, match="'red' stands twice"):
        following.set_classes(['red', 'red'])
    assert following.labels == ('blue', 'red')  # all stays as it was
    assert following.set_classes([]) == ('red', 'green', 'blue')
    assert len(following.find(image)) == 3


def test_any_words_name_boxes_by_what_their_crops_show(stream, scene, colours):
    words = ('a red thing', 'a blue thing')
    following = stream(encoder=colours, templates=('{}',), classes=words, threshold=0.6)
    assert following.labels == (*words, 'unknown')
    seen = look(following, *[scene(red=RED, green=GREEN, blue=BLUE)] * 2)[-1]
    boxes = {round(float(x)): name for x, name in zip(seen.detections.boxes[:, 0], seen.detections.names, strict=True)}
    assert boxes == {60: 'a red thing', 200: 'unknown', 120: 'a blue thing'}
    assert {t.class_name for t in seen.tracks} == set(following.labels)
    assert (seen.detections.scores <= 0.9).all() and len(set(seen.track_ids)) == 3
    unknown = seen.detections.names.index('unknown')
    assert {name for name, _ in seen.others[unknown]} == set(words)  # what it may be nevertheless
    assert [len(o) for o in seen.others].count(1) == 2
    track_ids = seen.track_ids
    assert following.set_classes(['green', 'red']) == ('green', 'red', 'unknown')  # tracks go on
    [seen] = look(following, scene(red=RED, green=GREEN, blue=BLUE), first=3)
    assert seen.track_ids == track_ids and 'green' in seen.detections.names
    assert following.set_classes([]) == ('red', 'green', 'blue')


def test_where_too_many_wait_the_ones_that_waited_longest_are_next(stream, scene, colours):
    following = stream(encoder=colours, templates=('{}',), classes=('red', 'green', 'blue'), max_crops=1)
    image = scene(red=RED, green=GREEN, blue=BLUE)
    names = [s.detections.names for s in look(following, *[image] * 4)]
    assert following.unnamed == 2
    assert [sum(n != 'unknown' for n in row) for row in names] == [1, 1, 2, 3]  # tracks begin with the second image
    assert sorted(names[-1]) == ['blue', 'green', 'red']


def test_labelled_examples_name_boxes_too(stream, scene, colours, tmp_path):
    encoder = load_encoder(EncoderConfig(encoder=colours, text=False))
    vectors = np.array([(1, 0, 0), (0, 0, 1)], np.float32)
    facts = ('warm', 'cold'), ('a', 'b'), encoder.model_id, encoder.fingerprint
    save_examples(tmp_path / 'x.npz', LabelledExamples(vectors, np.array([0, 1]), np.array([0, 1]), *facts))
    parameters = {'encoder': colours, 'neighbours': 1, 'min_similarity': -1.0}
    following = stream(examples=str(tmp_path / 'x.npz'), **parameters)
    seen = look(following, scene(red=RED, blue=BLUE))[0]
    assert sorted(seen.detections.names) == ['cold', 'warm']
    strange = LabelledExamples(vectors, np.array([0, 1]), np.array([0, 1]), *facts[:2], 'other', 'f' * 64)
    save_examples(tmp_path / 'y.npz', strange)
    with pytest.raises(ModelError, match=r"the classes were encoded by 'other' \(ffff"):
        stream(examples=str(tmp_path / 'y.npz'), **parameters)


def test_what_can_not_name_boxes_is_refused_at_the_start(stream, colours):
    with pytest.raises(ModelError, match="encoder 'waymark-place-1' takes none"):
        stream(encoder='waymark-place-1')
    with pytest.raises(ConfigError, match='examples: they need the encoder'):
        stream(examples='x.npz')
    with pytest.raises(ConfigError, match="'red' alone would fit every image"):
        stream(encoder=colours, classes=('red',))
