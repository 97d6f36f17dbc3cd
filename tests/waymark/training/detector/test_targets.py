# SPDX-License-Identifier: Apache-2.0
import numpy as np

from waymark.training.detector.samples import Crop
from waymark.training.detector.targets import assign, cell_centres

SIZE = 128
STARTS = (0, 256, 256 + 64)  # of strides 8, 16, 32


def crop_with(*boxes, ignored=()):
    rows = np.array(boxes, np.float64).reshape(-1, 5)
    hidden = np.isin(np.arange(len(rows)), ignored)
    return Crop(np.zeros((SIZE, SIZE, 3), np.uint8), rows, np.arange(len(rows)), hidden)


def test_cells_lie_in_the_middle_of_their_squares():
    centres, strides = cell_centres(SIZE)
    assert len(centres) == 256 + 64 + 16
    np.testing.assert_array_equal(centres[[0, 17, 256, 320]], [(3.5, 3.5), (11.5, 11.5), (7.5, 7.5), (15.5, 15.5)])
    np.testing.assert_array_equal(strides[[0, 255, 256, 320]], [8, 8, 16, 32])


def test_a_small_box_has_the_fine_cell_of_its_middle():
    targets = assign([crop_with((43.5, 27.5, 20, 6, 0.2))], SIZE)
    assert 3 * 16 + 5 in targets.cells
    assert (targets.cells < 256).all()
    np.testing.assert_allclose(targets.boxes, [(43.5, 27.5, 20, 6, 0.2)] * len(targets.cells), rtol=1e-6)


def test_a_large_box_has_coarse_cells_only():
    targets = assign([crop_with((64, 64, 190, 80, 1.0))], SIZE)
    assert len(targets.cells) > 0
    assert (targets.cells >= STARTS[2]).all()


def test_of_two_boxes_a_cell_takes_the_nearer():
    targets = assign([crop_with((40, 43.5, 14, 9, 0), (48, 43.5, 14, 9, 0))], SIZE)
    owners = dict(zip(targets.cells.tolist(), targets.classes.tolist(), strict=True))
    assert owners[5 * 16 + 4] == 0  # middle at 35.5
    assert owners[5 * 16 + 6] == 1  # middle at 51.5


def test_cells_in_an_ignored_box_do_not_matter_and_belong_to_no_box():
    targets = assign([crop_with((60, 60, 30, 30, 0), ignored=[0])], SIZE)
    assert len(targets.cells) == 0
    centres, _ = cell_centres(SIZE)
    inside = (np.abs(centres - 60) <= 15).all(axis=1)
    np.testing.assert_array_equal(np.sort(targets.ignored), np.flatnonzero(inside))


def test_the_second_picture_s_cells_are_counted_on():
    targets = assign([crop_with(), crop_with((43.5, 27.5, 20, 6, 0))], SIZE)
    assert 336 + 3 * 16 + 5 in targets.cells
