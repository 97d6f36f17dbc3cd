# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waymark.similarity import (
    RunningCentre,
    centred_softmax,
    centred_softmax_cosine,
    cosine,
    log_softmax,
    softmax,
)

Z = np.log([[1.0, 2.0, 1.0], [4.0, 1.0, 3.0]])  # softmax: (1, 2, 1) / 4 and (4, 1, 3) / 8
PHI = np.array([[0.25, 0.5, 0.25], [0.5, 0.125, 0.375]])


def test_softmax_is_as_computed_by_hand():
    np.testing.assert_allclose(softmax(Z), PHI, atol=1e-12)
    np.testing.assert_allclose(softmax(Z[0], 0.5), np.array([1, 4, 1]) / 6, atol=1e-12)
    np.testing.assert_allclose(np.exp(log_softmax(Z, 0.5)), softmax(Z, 0.5), atol=1e-12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_softmax_sums_to_one_and_is_blind_to_an_offset(values, temperature, offset):
    z = np.array(values)
    assert softmax(z, temperature).sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(softmax(z + offset, temperature), softmax(z, temperature), atol=1e-6)


@pytest.mark.parametrize('temperature', [0, -1, np.nan])
def test_a_temperature_must_be_above_zero(temperature):
    with pytest.raises(ValueError, match='temperature: must be above 0'):
        softmax(Z, temperature)


def test_softmax_refuses_nothing_and_values_that_are_not_finite():
    with pytest.raises(ValueError, match='nothing to compare'):
        softmax([])
    with pytest.raises(ValueError, match='not finite'):
        softmax([1.0, np.nan])


def test_after_takes_the_mean_from_the_softmax():
    centre = PHI.mean(axis=0)
    np.testing.assert_allclose(centred_softmax(Z, centre, 1.0, 'after'), PHI - centre, atol=1e-12)
    assert centred_softmax_cosine(Z[0], Z[1], centre, 1.0) == pytest.approx(-1, abs=1e-12)
    other = np.array([0.25, 0.25, 0.5])
    expected = cosine(PHI[0] - other, PHI[1] - other)
    assert centred_softmax_cosine(Z[0], Z[1], other, 1.0, 'after') == pytest.approx(expected, abs=1e-12)


def test_before_takes_the_mean_from_the_outputs_as_the_teacher_of_dino_does():
    centre = np.log([1.0, 2.0, 1.0])
    # (Z[1] - centre) / 0.5 = 2 log(4, 1/2, 3): in proportion 16 : 1/4 : 9
    expected = np.array([16, 0.25, 9]) / 25.25
    np.testing.assert_allclose(centred_softmax(Z[1], centre, 0.5, 'before'), expected, atol=1e-12)
    score = centred_softmax_cosine(Z[0], Z[1], centre, 0.5, 'before')
    assert score == pytest.approx(cosine(np.ones(3), expected), abs=1e-12)


def test_an_image_equal_to_the_mean_is_like_nothing():
    assert centred_softmax_cosine(Z[0], Z[1], softmax(Z[0]), 1.0) == 0


@pytest.mark.parametrize('order', ['after', 'before'])
def test_a_batch_gives_what_its_items_give_and_a_mask_weighs_tokens(order):
    rng = np.random.default_rng(0)
    x, y, centre = rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 4)), softmax(rng.normal(size=4))
    scores = centred_softmax_cosine(x, y, centre, 0.1, order)
    one = [[centred_softmax_cosine(x[i, j], y[i, j], centre, 0.1, order) for j in range(5)] for i in range(2)]
    np.testing.assert_allclose(scores, one, atol=1e-12)
    mask = np.array([1, 0.5, 0, 0, 0])
    masked = centred_softmax_cosine(x, y, centre, 0.1, order, mask)
    np.testing.assert_allclose(masked, (scores[:, 0] + scores[:, 1] / 2) / 1.5, atol=1e-12)
    with pytest.raises(ValueError, match='leaves nothing'):
        centred_softmax_cosine(x, y, centre, 0.1, order, np.zeros(5))


def test_orders_and_centres_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r"order: expected one of \('after', 'before'\), got 'during'"):
        centred_softmax(Z, np.zeros(3), 1.0, 'during')
    with pytest.raises(ValueError, match=r'centre: expected shape \(..., 3\), got \(1,\)'):
        centred_softmax(Z, [0.0], 1.0)


@given(st.integers(0, 999), st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_the_exact_centre_is_the_mean_of_all_however_they_came(seed, sizes):
    rows = np.random.default_rng(seed).normal(size=(sum(sizes), 3))
    centre = RunningCentre()
    for end, size in zip(np.cumsum(sizes), sizes, strict=True):
        centre.update(rows[end - size : end])
    np.testing.assert_allclose(centre.mean, rows.mean(axis=0), atol=1e-12)


def test_a_centre_with_momentum_moves_towards_each_batch():
    centre = RunningCentre(0.9)
    assert centre.mean is None
    np.testing.assert_allclose(centre.update([1.0, 0.0]), [1, 0])
    np.testing.assert_allclose(centre.update([[0.0, 1.0], [0.0, 3.0]]), [0.9, 0.2])


def test_a_reset_begins_a_new_segment():
    centre = RunningCentre()
    centre.update([5.0, 5.0])
    centre.reset()
    assert centre.mean is None
    np.testing.assert_allclose(centre.update([1.0, 0.0]), [1, 0])


def test_a_centre_of_a_mask_sees_only_its_tokens():
    tokens = np.array([[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]])
    sky, ground = RunningCentre(), RunningCentre()
    np.testing.assert_allclose(sky.update(tokens, mask=[1, 0.5, 0]), [2 / 3, 1 / 3])
    np.testing.assert_allclose(ground.update(tokens, mask=[False, False, True]), [9, 9])
    np.testing.assert_allclose(sky.update(tokens, mask=np.zeros(3)), [2 / 3, 1 / 3])
    np.testing.assert_allclose(sky.update([1.0, 0.0], mask=0.5), [0.75, 0.25])


def test_a_centre_is_read_only_and_refuses_what_does_not_fit():
    centre = RunningCentre()
    centre.update([1.0, 2.0])
    with pytest.raises(ValueError, match='read-only'):
        centre.mean[0] = 3
    with pytest.raises(ValueError, match='vectors of length 2, got 3'):
        centre.update([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match='not finite'):
        centre.update([np.nan, 1.0])
    with pytest.raises(ValueError, match='momentum: must be at least 0 and below 1, got 1'):
        RunningCentre(1)
