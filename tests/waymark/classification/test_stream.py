# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.classification import (
    UNKNOWN,
    ClassifierConfig,
    LabelledExamples,
    NeighbourClassifier,
    NeighbourOptions,
    StreamClassifier,
)
from waymark.errors import ConfigError, ModelError

EAST, NORTH, UP = np.eye(3)
NOTHING = np.zeros(3)
STEP_NS = 100_000_000
NUMBERS = np.array([0, 1])
KNOWN = LabelledExamples(
    np.eye(3, dtype=np.float32)[:2], NUMBERS, NUMBERS, ('east', 'north'), ('s', 't'), 'tiny', 'a' * 64
)


def stream(**values) -> StreamClassifier:
    """One in which even right angles do not begin another scene, unless told."""
    nearest = NeighbourClassifier(KNOWN, NeighbourOptions(1, min_similarity=0.5))
    return StreamClassifier(nearest, ClassifierConfig(**{'scene_similarity': -1.0} | values))


def labels(classifier, vectors, start_ns=10**9) -> list[str]:
    return [classifier.observe(v, start_ns + i * STEP_NS).label for i, v in enumerate(vectors)]


def test_each_image_by_itself_flickers_where_all_that_came_before_holds_the_label():
    seen = [EAST, EAST, NORTH, EAST, EAST]

    assert labels(stream(mix=1.0), seen) == ['east', 'east', 'north', 'east', 'east']
    assert labels(stream(mix=0.4), seen) == ['east'] * 5


def test_scores_are_the_recursive_mix_of_all_or_of_the_image_before():
    seen = [EAST, NORTH, NORTH]
    every, last = stream(mix=0.3, threshold=0.0), stream(mix=0.3, threshold=0.0, memory='previous')

    found = [[dict(s.observe(v, 10**9 + i).ranking)['north'] for i, v in enumerate(seen)] for s in (every, last)]

    np.testing.assert_allclose(found, [[0, 0.3, 0.51], [0, 0.3, 1.0]], atol=1e-12)


def test_a_label_that_is_neither_the_old_one_nor_the_new_one_yet_is_unknown():
    assert labels(stream(mix=0.4, threshold=0.62), [EAST, NORTH, NORTH]) == ['east', UNKNOWN, 'north']


def test_what_came_before_is_forgotten_after_a_gap_when_time_goes_back_and_when_told():
    for forget in ('gap', 'back', 'clear'):
        classifier = stream(mix=0.1, max_gap_s=1.0)
        assert classifier.observe(EAST, 10 * STEP_NS).label == 'east'
        assert classifier.observe(NORTH, 20 * STEP_NS).label == 'east'  # 1 s later: not yet a gap
        if forget == 'clear':
            classifier.clear()
        stamp_ns = {'gap': 30 * STEP_NS + 1, 'back': 5 * STEP_NS, 'clear': 21 * STEP_NS}[forget]
        assert classifier.observe(NORTH, stamp_ns).label == 'north'


def test_a_hard_cut_begins_anew_and_a_turn_does_not():
    turned = np.array([0.3, 0.91**0.5, 0.0])  # nearest to north, still 0.3 of east
    for second, found in ((NORTH, 'north'), (turned, 'east')):
        assert labels(stream(mix=0.3, scene_similarity=0.2), [EAST, second]) == ['east', found]


def test_an_image_without_structure_is_unknown_and_changes_no_past():
    assert labels(stream(mix=0.4), [EAST, NOTHING, NORTH, NORTH]) == ['east', UNKNOWN, 'east', 'north']


def test_one_unfamiliar_image_does_not_end_a_label_but_several_do():
    assert labels(stream(mix=0.3), [EAST, UP, UP, UP]) == ['east', 'east', UNKNOWN, UNKNOWN]


def test_tracks_have_their_own_past_under_their_ids_in_any_order():
    classifier = stream(mix=0.4)
    first = classifier.observe_all([EAST, NORTH], ['7', '9'], 10**9)
    second = classifier.observe_all([EAST, NORTH, NORTH], ['9', '7', '8'], 10**9 + STEP_NS)

    assert [(f.track_id, f.label) for f in first] == [('7', 'east'), ('9', 'north')]
    assert [(f.track_id, f.label) for f in second] == [('9', 'north'), ('7', 'east'), ('8', 'north')]
    assert second[0].score == pytest.approx(0.6)


def test_no_boxes_and_boxes_after_none_are_fine():
    classifier = stream()
    assert classifier.observe_all(np.zeros((0, 3)), [], 10**9) == []
    assert classifier.observe_all([UP], ['1'], 10**9)[0].label == UNKNOWN


def test_foreign_embeddings_are_refused_by_name():
    stream().require_fingerprint('a' * 64, 'renamed')
    with pytest.raises(ModelError, match=r"encoded by 'tiny' \(aaaaaaaaaaaaaaaa…\), this embedding by 'clip' \(ffff"):
        stream().require_fingerprint('f' * 64, 'clip')


def test_wrong_shapes_doubled_ids_and_values_that_are_not_finite_are_a_callers_bug():
    for vectors, ids, message in [
        ([EAST], ['1', '2'], r'vectors: expected shape \(2, 3\), got \(1, 3\)'),
        ([EAST, EAST], ['1', '1'], 'one stands twice'),
        ([[np.nan, 0, 0]], ['1'], 'not finite'),
    ]:
        with pytest.raises(ValueError, match=message):
            stream().observe_all(vectors, ids, 10**9)


def test_classes_and_examples_together_are_refused():
    with pytest.raises(ConfigError, match='Leave one out'):
        ClassifierConfig(classes=('a', 'b'), examples='e.npz')
