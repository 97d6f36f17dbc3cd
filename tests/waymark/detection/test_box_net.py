# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.detection.decoders import DECODERS, Wanted
from waymark.errors import ModelError

WANTED = Wanted('m', (64, 96), 2, 0.25)


def empty_outputs():
    outputs = [np.zeros((1, 8, 96 // s, 64 // s), np.float32) for s in (8, 16, 32)]
    for output in outputs:
        output[:, :2] = -20
    return outputs


def decode(outputs, wanted=WANTED):
    raw = DECODERS['box_net'].decode(outputs, wanted)
    return np.column_stack([raw.boxes, raw.scores, raw.classes])


def test_a_cell_answers_with_the_box_around_its_middle():
    outputs = empty_outputs()
    outputs[0][0, :, 3, 2] = (-20, np.log(9), 0.5, -0.25, np.log(2), np.log(0.5), np.cos(0.8), np.sin(0.8))
    outputs[2][0, :, 2, 1] = (0, -20, 0, 0, 0, 0, -1, 0)
    expected = [(24, 26, 64, 16, 0.4, 0.9, 1), (48, 80, 128, 128, np.pi / 2, 0.5, 0)]
    np.testing.assert_allclose(decode(outputs), expected, rtol=1e-6)


def test_the_order_of_outputs_does_not_matter():
    outputs = empty_outputs()
    outputs[1][0, :, 1, 3] = (5, -20, 0, 0, 0, 0, 1, 0)
    np.testing.assert_array_equal(decode(outputs[::-1]), decode(outputs))


def test_least_scores_of_zero_and_one_take_all_and_none():
    outputs = empty_outputs()
    cells = 12 * 8 + 6 * 4 + 3 * 2
    assert len(decode(outputs, Wanted('m', (64, 96), 2, 0.0))) == cells
    assert len(decode(outputs, Wanted('m', (64, 96), 2, 1.0))) == 0


def test_scores_that_are_no_numbers_are_refused():
    outputs = empty_outputs()
    outputs[1][0, :2, 0, 0] = np.nan
    with pytest.raises(ModelError, match=r"'m' gave 1 of 24 scores that are not finite"):
        decode(outputs)


def test_outputs_of_another_model_are_refused_with_what_was_expected():
    with pytest.raises(ModelError, match=r'expected one \(1, classes \+ 6, 12, 8\) for stride 8'):
        decode([np.zeros((1, 20, 1000), np.float32)])


def test_another_number_of_classes_is_refused():
    with pytest.raises(ModelError, match='has 2 classes, its manifest names 3'):
        decode(empty_outputs(), Wanted('m', (64, 96), 3, 0.25))
