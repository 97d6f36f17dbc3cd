# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waymark.similarity import (
    RunningCentre,
    contrastive_score,
    cosine,
    cpc_infonce,
    dino_cross_entropy,
    dino_loss,
    generalized_cross_entropy,
    ibot_patch_loss,
    simcse_loss,
    softmax,
)

RNG = np.random.default_rng(0)
T, S = RNG.normal(size=(2, 3, 5)), RNG.normal(size=(4, 3, 5))  # views, images, kinds


def entropy(t, s, centre, tau_t=0.04, tau_s=0.1):
    """H(t, s) by its definition."""
    p, q = np.exp((t - centre) / tau_t), np.exp(s / tau_s)
    return -sum(p / p.sum() * np.log(q / q.sum()))


def test_dino_centres_only_the_teacher():
    centre = RNG.normal(size=5)
    got = dino_cross_entropy(T[0], S[0], centre)
    np.testing.assert_allclose(got, [entropy(T[0, i], S[0, i], centre) for i in range(3)], atol=1e-12)
    # An even teacher against the student's softmax (1, 3) / 4.
    by_hand = -0.5 * np.log(1 / 4) - 0.5 * np.log(3 / 4)
    assert dino_cross_entropy([7.0, 9.0], [0.0, np.log(3)], [7.0, 9.0], 0.04, 1.0) == pytest.approx(by_hand, abs=1e-12)


def test_dino_loss_pairs_different_views_and_updates_the_centre_afterwards():
    centre = RunningCentre(0.9)
    centre.update(np.ones(5))
    expected = [entropy(T[v, i], S[w, i], np.ones(5)) for v in range(2) for w in range(4) if v != w for i in range(3)]
    assert dino_loss(T, S, centre) == pytest.approx(np.mean(expected), abs=1e-12)
    np.testing.assert_allclose(centre.mean, 0.9 + 0.1 * T.mean(axis=(0, 1)), atol=1e-12)


def test_the_first_dino_loss_is_that_without_a_centre():
    centre = RunningCentre()
    expected = [entropy(T[0, i], S[1, i], 0) for i in range(3)]
    assert dino_loss(T[:1], S[:2], centre) == pytest.approx(np.mean(expected), abs=1e-12)
    np.testing.assert_allclose(centre.mean, T[0].mean(axis=0), atol=1e-12)


def test_dino_loss_refuses_batches_that_do_not_fit():
    with pytest.raises(ValueError, match=r'student: expected shape \(W, 3, 5\)'):
        dino_loss(T, S[:, :2], RunningCentre())
    with pytest.raises(ValueError, match='at least 2 views'):
        dino_loss(T[:1], S[:1], RunningCentre())
    with pytest.raises(ValueError, match=r'student: expected shape \(..., 5\)'):
        dino_cross_entropy(T[0], S[0, :, :4], np.zeros(5))


def test_ibot_averages_over_the_hidden_patches_only():
    mask = np.array([[1, 0, 1], [0, 1, 0]])
    each = [[entropy(T[i, j], S[i, j], 0) for j in range(3)] for i in range(2)]
    expected = [(each[0][0] + each[0][2]) / 2, each[1][1]]
    np.testing.assert_allclose(ibot_patch_loss(T, S[:2], np.zeros(5), mask), expected, atol=1e-12)
    with pytest.raises(ValueError, match='leaves nothing'):
        ibot_patch_loss(T, S[:2], np.zeros(5), np.zeros((2, 3)))


@pytest.mark.parametrize(
    ('tau', 'expected'),
    [
        (1, np.log(4)),  # softmax cross-entropy of p = 1/4
        (2, 3 / 4),  # mean absolute error 1 - p
        (0, 3),  # sum of exponentials, u = 1/p - 1
        (1.5, 2 * (1 - 0.5)),  # (1 - p^q) / q, q = 1/2
        (0.5, 2 * (2 - 1)),
        (3, (1 - 1 / 16) / 2),
    ],
)
def test_generalized_cross_entropy_has_its_known_special_cases(tau, expected):
    z = np.log([1.0, 2.0, 1.0])
    assert generalized_cross_entropy(z, 2, tau) == pytest.approx(expected, abs=1e-12)


@given(st.floats(0, 3), st.integers(0, 999))
def test_generalized_cross_entropy_is_the_formula_of_its_source(tau, seed):
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(4, 5)), rng.integers(0, 5, 4)
    u = np.array([sum(np.exp(z[i, k] - z[i, y]) for k in range(5) if k != y) for i, y in enumerate(labels)])
    near_one = abs(1 - tau) < 1e-6
    expected = np.log1p(u) if near_one else ((1 + u) ** (1 - tau) - 1) / (1 - tau)
    np.testing.assert_allclose(generalized_cross_entropy(z, labels, tau), expected, rtol=1e-4 if near_one else 1e-9)


def test_generalized_cross_entropy_is_continuous_at_one():
    values = [generalized_cross_entropy([1.0, 2.0], 0, tau) for tau in (1 - 1e-9, 1, 1 + 1e-9)]
    np.testing.assert_allclose(values, values[1], atol=1e-8)


@pytest.mark.parametrize(('labels', 'tau'), [([0, 3], 1), ([0, -1], 1), ([0], 1), ([0.0, 1.0], 1), ([0, 1], -0.1)])
def test_generalized_cross_entropy_refuses_wrong_labels_and_tau(labels, tau):
    with pytest.raises(ValueError, match='labels|tau'):
        generalized_cross_entropy(np.zeros((2, 3)), labels, tau)


def test_simcse_is_the_cross_entropy_of_each_rows_own_partner():
    x, y, others = RNG.normal(size=(4, 6)), RNG.normal(size=(4, 6)), RNG.normal(size=(2, 6))
    own = [-np.log(softmax([cosine(x[i], y[j]) for j in range(4)], 0.05)[i]) for i in range(4)]
    np.testing.assert_allclose(simcse_loss(x, y), own, atol=1e-12)
    more = [-np.log(softmax([cosine(x[i], z) for z in (*y, *others)], 0.2)[i]) for i in range(4)]
    np.testing.assert_allclose(simcse_loss(x, y, 0.2, others), more, atol=1e-12)
    assert simcse_loss(x[:1], y[:1]) == 0  # nothing to be confused with
    with pytest.raises(ValueError, match='y: expected 4 rows'):
        simcse_loss(x, y[:3])


def test_cpc_scores_by_a_bilinear_form():
    context, future, W = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 6)), RNG.normal(size=(6, 3))
    scores = [[future[j] @ W @ context[i] for j in range(4)] for i in range(4)]
    own = [-np.log(softmax(scores[i])[i]) for i in range(4)]
    np.testing.assert_allclose(cpc_infonce(context, future, W), own, atol=1e-12)
    np.testing.assert_allclose(cpc_infonce(future, future), cpc_infonce(future, future, np.eye(6)), atol=1e-12)
    with pytest.raises(ValueError, match='future: expected shape'):
        cpc_infonce(context, future)


def test_contrastive_score_is_the_share_of_the_own_partner():
    x, y, others = RNG.normal(size=(4, 6)), RNG.normal(size=(4, 6)), RNG.normal(size=(3, 6))
    expected = [softmax([cosine(x[i], z) for z in (y[i], *others)], 0.1)[0] for i in range(4)]
    np.testing.assert_allclose(contrastive_score(x, y, others, 0.1), expected, atol=1e-12)
    assert contrastive_score(x[0], y[0], others, 0.1) == pytest.approx(expected[0], abs=1e-12)
    assert contrastive_score(x[0], x[0], x[:1]) == pytest.approx(0.5)


@pytest.mark.parametrize('function', [simcse_loss, cpc_infonce])
def test_contrastive_losses_refuse_nothing_and_values_that_are_not_finite(function):
    with pytest.raises(ValueError, match='nothing to compare'):
        function(np.ones((0, 3)), np.ones((0, 3)))
    with pytest.raises(ValueError, match='not finite'):
        function(np.full((2, 3), np.nan), np.ones((2, 3)))
