# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.maps.translation import fit_translation


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def vectors(count, dim, seed=0):
    return unit(np.random.default_rng(seed).standard_normal((count, dim)) + 0.5)


def test_a_rotation_is_found_from_fewer_pairs_than_dimensions_would_need():
    source = vectors(60, 40)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((40, 40)))[0]
    found = fit_translation(source, unit(source @ rotation))
    assert found.kind == 'procrustes'
    other = vectors(20, 40, seed=2)
    np.testing.assert_allclose(found.apply(other), unit(other @ rotation), atol=0.02)


def test_a_linear_map_to_another_length_is_found():
    source = vectors(400, 16)
    A = np.random.default_rng(1).standard_normal((16, 24)) * np.linspace(0.1, 2, 24)
    found = fit_translation(source, unit(source @ A))
    assert found.kind.startswith('ridge')
    other = vectors(50, 16, seed=2)
    cosines = (found.apply(other) * unit(other @ A)).sum(axis=1)
    assert cosines.min() > 0.98, 'but for the lengths that were made one'


def test_what_it_is_judged_by_is_of_other_groups_than_what_it_is_fitted_to():
    source = np.repeat(vectors(20, 30), 5, axis=0)  # five equal images each: alone, every damping would find itself
    target = np.repeat(vectors(20, 30, seed=3), 5, axis=0)
    damped = fit_translation(source, target, np.repeat(np.arange(20), 5))
    careless = fit_translation(source, target)
    assert careless.kind == 'ridge 0.0001' and damped.kind != careless.kind
    with pytest.raises(ValueError, match=r'groups: expected shape \(100,\), got \(20,\)'):
        fit_translation(source, target, np.arange(20))


def test_what_shows_nothing_stays_nothing():
    source = vectors(30, 8)
    found = fit_translation(source, source)
    moved = found.apply(np.vstack([source[:1], np.zeros((1, 8), np.float32)]))
    assert np.linalg.norm(moved[0]) == pytest.approx(1) and not moved[1].any()
    assert found.apply(np.zeros((0, 8), np.float32)).shape == (0, 8)


@pytest.mark.parametrize(
    ('source', 'target', 'said'),
    [
        (vectors(9, 4), vectors(9, 4), 'expected at least 10 vectors, got 9'),
        (vectors(12, 4), vectors(11, 4), r'target: expected shape \(12, D_to\), got \(11, 4\)'),
        (vectors(12, 4) * np.nan, vectors(12, 4), 'source: 48 of 48 values are not finite'),
    ],
)
def test_what_can_not_be_fitted_is_refused(source, target, said):
    with pytest.raises(ValueError, match=said):
        fit_translation(source, target)
