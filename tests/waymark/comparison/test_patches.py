# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.comparison.patches import hog_patches, match_patches


def test_each_patch_finds_the_place_its_twin_moved_to():
    rng = np.random.default_rng(0)
    tokens = rng.normal(size=(3, 4, 16)).astype(np.float32)
    order = rng.permutation(12)
    moved = np.empty((12, 16), np.float32)
    moved[order] = tokens.reshape(12, 16) * 2  # length does not count
    found = match_patches(tokens, moved.reshape(2, 6, 16))
    assert found.index.tolist() == order.reshape(3, 4).tolist()
    assert found.grid_b_hw == (2, 6)
    np.testing.assert_allclose(found.cosine, 1, atol=1e-6)


def test_a_patch_without_anything_in_it_is_like_no_other():
    found = match_patches(np.zeros((1, 2, 4), np.float32), np.ones((1, 1, 4), np.float32))
    assert found.cosine.tolist() == [[0, 0]]


def test_patches_of_edges_follow_a_picture_that_moved_by_whole_patches(scene):
    wide = np.tile(scene, (1, 1, 1))[:, :256]
    tokens = hog_patches(np.ascontiguousarray(wide))
    assert tokens.shape[2] == 128
    np.testing.assert_allclose(np.linalg.norm(tokens, axis=2), 1, atol=1e-5)
    moved = hog_patches(np.roll(wide, 32, axis=1))
    found = match_patches(tokens, moved)
    columns = found.index % tokens.shape[1]
    expected = np.arange(tokens.shape[1]) + 2
    inner = slice(1, tokens.shape[1] - 4)
    assert (columns[:, inner] == expected[inner]).mean() > 0.95


@pytest.mark.parametrize('shape', [(1, 1), (3, 500), (2000, 700)])
def test_any_size_has_patches_and_even_ones_are_nought(shape):
    tokens = hog_patches(np.full((*shape, 3), 80, np.uint8))
    assert min(tokens.shape) >= 1
    assert not tokens.any()
