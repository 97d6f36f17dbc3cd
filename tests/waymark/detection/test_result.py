# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.detection import Detections


def test_boxes_are_canonical_and_nothing_can_be_changed():
    found = Detections([(1, 2, 4, 10, 0)], [0.5], [1], ('car', 'ship'))
    np.testing.assert_allclose(found.boxes, [(1, 2, 10, 4, -np.pi / 2)])
    assert found.names == ('ship',) and len(found) == 1
    assert not any(v.flags.writeable for v in (found.boxes, found.scores, found.classes))


def test_some_can_be_chosen_by_place_or_by_mask():
    found = Detections(np.ones((3, 5)), [0.5, 0.6, 0.7], [0, 1, 0], ('car', 'ship'))
    assert found.chosen([2, 0]).scores.tolist() == [0.7, 0.5]
    assert found.chosen(found.classes == 1).scores.tolist() == [0.6]
    assert len(found.chosen([])) == 0


@pytest.mark.parametrize(
    ('boxes', 'scores', 'classes', 'message'),
    [
        (np.ones((1, 4)), [1], [0], r'expected shape \(..., 5\)'),
        (np.ones((2, 5)), [1], [0, 0], 'scores: expected shape'),
        (np.ones((1, 5)), [np.nan], [0], 'scores: 1 of 1 values are not finite'),
        (np.ones((1, 5)), [1], [1], 'classes: expected 0 to 0, got 1 to 1'),
    ],
)
def test_what_does_not_fit_together_is_refused(boxes, scores, classes, message):
    with pytest.raises(ValueError, match=message):
        Detections(boxes, scores, classes, ('car',))
