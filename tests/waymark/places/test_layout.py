# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.places.layout import CHANNELS, GRID_HW, LayoutStore, describe_layout


@pytest.fixture
def pictures(texture):
    return [np.dstack([texture(seed), texture(seed + 50), texture(seed + 90)]) for seed in range(6)]


def store_of(pictures):
    store = LayoutStore()
    for key, picture in enumerate(pictures):
        store.add(key, describe_layout(picture))
    return store


def test_a_layout_has_ten_numbers_per_cell_whatever_the_size(pictures):
    for picture in (pictures[0], pictures[0][:33, :41], np.ascontiguousarray(pictures[0].transpose(1, 0, 2))):
        layout = describe_layout(picture)
        assert layout.shape == (*GRID_HW, CHANNELS) and layout.dtype == np.float16
        assert np.isfinite(layout).all()


def test_a_picture_fits_itself_best(pictures):
    store = store_of(pictures)
    for key, picture in enumerate(pictures):
        scores = store.compare(describe_layout(picture), list(range(6)))
        assert scores.argmax() == key and scores[key] > 0.7


def test_a_picture_moved_by_two_cells_still_fits_itself_best(pictures):
    store = store_of(pictures)
    height, width = pictures[0].shape[:2]
    moved = np.roll(pictures[3], (height // GRID_HW[0] * 2, -width // GRID_HW[1] * 2), axis=(0, 1))
    assert store.compare(describe_layout(moved), list(range(6))).argmax() == 3


def test_what_all_pictures_share_does_not_count(pictures):
    # A lens hood or a part of the robot, half of each picture.
    for picture in pictures:
        picture[:, : picture.shape[1] // 2] = pictures[0][:, : picture.shape[1] // 2]
    scores = store_of(pictures).compare(describe_layout(pictures[4]), list(range(6)))
    assert scores.argmax() == 4 and scores[4] > 1.4 * np.delete(scores, 4).max()


def test_a_darker_picture_fits_itself(pictures):
    darker = (pictures[2] * 0.5).astype(np.uint8)
    assert store_of(pictures).compare(describe_layout(darker), list(range(6))).argmax() == 2


def test_a_keyframe_without_a_layout_gets_the_mean_score(pictures):
    store = store_of(pictures[:3])
    scores = store.compare(describe_layout(pictures[0]), [0, 7, 2])
    assert scores[1] == pytest.approx(scores[[0, 2]].mean())


def test_a_removed_layout_leaves_no_trace(pictures):
    store, fresh = store_of(pictures), store_of(pictures[:5])
    store.remove(5)
    store.remove(77)
    view = describe_layout(pictures[1])
    np.testing.assert_allclose(store.compare(view, [0, 1]), fresh.compare(view, [0, 1]), atol=1e-6)


def test_nothing_to_compare_with_gives_no_scores(pictures):
    assert LayoutStore().compare(describe_layout(pictures[0]), []).shape == (0,)
    assert LayoutStore().compare(describe_layout(pictures[0]), [3]).tolist() == [0.0]


def test_a_gray_image_is_refused():
    with pytest.raises(ValueError, match='rgb'):
        describe_layout(np.zeros((9, 9), np.uint8))
