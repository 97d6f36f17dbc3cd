# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waymark.similarity import (
    aligned_cosine,
    clip_score,
    clip_score_distance,
    cosine,
    token_mask,
    unit,
    vit_recall_precision,
    vit_score,
)


def by_double_loop(x, y, mask_x=None, mask_y=None):
    """ViTScore's R, P and harmonic mean, token by token."""
    mask_x = np.ones(len(x)) if mask_x is None else mask_x
    mask_y = np.ones(len(y)) if mask_y is None else mask_y
    best_x = [max(cosine(a, b) for b, m in zip(y, mask_y, strict=True) if m > 0) for a in x]
    best_y = [max(cosine(a, b) for a, m in zip(x, mask_x, strict=True) if m > 0) for b in y]
    recall = sum(mask_x * best_x) / sum(mask_x)
    precision = sum(mask_y * best_y) / sum(mask_y)
    return recall, precision, 2 * recall * precision / (recall + precision)


@pytest.fixture(scope='module')
def tokens():
    rng = np.random.default_rng(0)
    return rng.normal(size=(20, 6)), rng.normal(size=(15, 6))


def test_vit_score_is_that_of_the_double_loop(tokens):
    recall, precision, score = by_double_loop(*tokens)
    np.testing.assert_allclose(vit_recall_precision(*tokens), (recall, precision), atol=1e-12)
    assert vit_score(*tokens) == pytest.approx(score, abs=1e-12)
    assert vit_score(unit(tokens[0]), unit(tokens[1]), are_unit=True) == pytest.approx(score, abs=1e-12)


def test_masked_vit_score_is_that_of_the_masked_double_loop(tokens):
    rng = np.random.default_rng(1)
    mask_x, mask_y = rng.random(20), (rng.random(15) > 0.5).astype(float)
    expected = by_double_loop(*tokens, mask_x, mask_y)[2]
    assert vit_score(*tokens, mask=(mask_x, mask_y)) == pytest.approx(expected, abs=1e-12)
    expected = by_double_loop(*tokens, mask_x, None)[2]
    assert vit_score(*tokens, mask=(mask_x, None)) == pytest.approx(expected, abs=1e-12)


def test_hidden_tokens_change_nothing(tokens):
    x, y = tokens[0].copy(), tokens[0][::-1].copy()
    mask = np.ones(20, bool)
    mask[:5] = False
    before = vit_score(x, y, mask=mask)
    x[:5], y[:5] = 100.0, -7.0
    assert vit_score(x, y, mask=mask) == before


def test_a_small_case_is_as_computed_by_hand():
    x = np.array([[1.0, 0.0], [0.0, 2.0]])
    y = np.array([[5.0, 0.0]])
    assert vit_recall_precision(x, y) == (0.5, 1.0)
    assert vit_score(x, y) == pytest.approx(2 / 3)


@pytest.mark.parametrize('shape', [(20, 6), (4, 20, 6)])
def test_batches_give_what_single_sets_give(tokens, shape):
    x = np.random.default_rng(2).normal(size=shape)
    many = np.random.default_rng(3).normal(size=(4, 15, 6))
    expected = [vit_score(x if x.ndim == 2 else x[i], many[i]) for i in range(4)]
    np.testing.assert_allclose(vit_score(x, many), expected, atol=1e-12)


def test_single_precision_stays_close_to_double(tokens):
    single = vit_score(*(t.astype(np.float32) for t in tokens))
    assert single == pytest.approx(vit_score(*tokens), abs=1e-6)


@pytest.mark.parametrize(
    ('x', 'y'),
    [
        ([[1.0, 0.0]], [[-1.0, 0.0]]),  # R = P = -1
        ([[1.0, 0.0]], [[0.0, 1.0]]),  # R = P = 0
        ([[1.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]]),  # R = 1, P = -1/3: no harmonic mean either
        ([[0.0, 0.0]], [[0.0, 0.0]]),
    ],
)
def test_where_there_is_no_harmonic_mean_the_score_is_zero(x, y):
    assert vit_score(x, y) == 0


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 999))
def test_vit_score_is_symmetric_bounded_and_one_for_the_same_tokens_in_any_order(n, m, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    assert 0 <= vit_score(x, y) <= 1 + 1e-12
    assert vit_score(x, y) == pytest.approx(vit_score(y, x), abs=1e-12)
    assert vit_score(x, 3 * rng.permutation(x)) == pytest.approx(1, abs=1e-12)


def test_aligned_cosine_is_strict_about_places_where_vit_score_is_not():
    x = np.eye(3)
    moved = x[[1, 2, 0]]
    assert vit_score(x, moved) == 1 and aligned_cosine(x, moved) == 0
    moved[0] = x[0]
    assert aligned_cosine(x, moved) == pytest.approx(1 / 3)
    assert aligned_cosine(x, moved, mask=[1, 0.5, 0.5]) == pytest.approx(1 / 2)


def test_clip_score_cuts_off_what_points_away():
    x = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    y = np.array([[3.0, 4.0], [-1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_allclose(clip_score(x, y), [2.5 * 0.6, 0, 0], atol=1e-12)
    np.testing.assert_allclose(clip_score_distance(x, y), [0.4, 1, 1], atol=1e-12)


def test_a_mask_of_pixels_becomes_shares_of_patches():
    mask = np.zeros((4, 6), bool)
    mask[:2, :3] = True
    mask[2, 5] = True
    np.testing.assert_allclose(token_mask(mask, (2, 2)), [1, 0, 0, 1 / 6], atol=1e-12)
    with pytest.raises(ValueError, match='smaller than the grid'):
        token_mask(mask, (8, 8))


@pytest.mark.parametrize(
    ('x', 'y', 'mask', 'message'),
    [
        (np.ones((2, 3)), np.ones((2, 4)), None, 'tokens of length 3'),
        (np.ones(3), np.ones((2, 3)), None, 'x: expected at least 2 axes'),
        (np.ones((0, 3)), np.ones((2, 3)), None, 'x: nothing to compare'),
        (np.full((2, 3), np.nan), np.ones((2, 3)), None, 'not finite'),
        (np.ones((2, 3)), np.full((2, 3), np.inf), None, 'not finite'),
        (np.ones((2, 3)), np.ones((4, 3)), np.ones(2), "mask: shape .* does not fit y's tokens"),
        (np.ones((2, 3)), np.ones((2, 3)), np.zeros(2), 'leaves nothing to compare'),
    ],
)
def test_what_can_not_be_compared_is_refused(x, y, mask, message):
    with pytest.raises(ValueError, match=message), np.errstate(invalid='ignore'):
        vit_score(x, y, mask)
