# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import bhattacharyya_distance, gaussians, probiou, probiou_matrix


def random_boxes(count, seed):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(0, 60, (count, 2)), rng.uniform(2, 50, (count, 2)), rng.uniform(-4, 4, count)])


def by_the_paper(a, b):
    """Llerena et al., eq. 4 to 10, with a, b, c the entries of the covariances."""
    (m1, c1), (m2, c2) = gaussians(a), gaussians(b)
    a1, b1, k1, a2, b2, k2 = c1[0, 0], c1[1, 1], c1[0, 1], c2[0, 0], c2[1, 1], c2[0, 1]
    (x1, y1), (x2, y2) = m1, m2
    det = (a1 + a2) * (b1 + b2) - (k1 + k2) ** 2
    first = ((a1 + a2) * (y1 - y2) ** 2 + (b1 + b2) * (x1 - x2) ** 2) / det / 4
    first += (k1 + k2) * (x2 - x1) * (y1 - y2) / det / 2
    second = np.log(det / (4 * np.sqrt((a1 * b1 - k1**2) * (a2 * b2 - k2**2)))) / 2
    return 1 - np.sqrt(1 - np.exp(-(first + second)))


def test_equals_the_closed_form_of_the_paper_on_random_pairs():
    a, b = random_boxes(1000, 0), random_boxes(1000, 1)
    expected = [by_the_paper(*pair) for pair in zip(a, b, strict=True)]
    np.testing.assert_allclose(probiou(a, b), expected, atol=1e-12)


def test_equals_the_overlap_of_the_densities_summed_over_the_plane():
    a, b = np.array([30, 30, 24, 10, 0.3]), np.array([34, 28, 18, 14, -0.6])
    y, x = np.mgrid[-20:80:0.25, -20:80:0.25]
    d = [np.stack([x - m[0], y - m[1]], -1) for m in (a, b)]
    cov = [gaussians(v)[1] for v in (a, b)]
    p, q = (
        np.exp(-0.5 * np.einsum('yxi,ij,yxj->yx', v, np.linalg.inv(c), v)) / (2 * np.pi * np.sqrt(np.linalg.det(c)))
        for v, c in zip(d, cov, strict=True)
    )
    coefficient = np.sqrt(p * q).sum() * 0.25**2
    assert probiou(a, b) == pytest.approx(1 - np.sqrt(1 - coefficient), abs=1e-9)


@pytest.mark.parametrize('theta', [0.0, 0.7, -np.pi / 2])
def test_a_box_agrees_fully_with_itself_however_its_angle_is_written(theta):
    box = (5, 6, 30, 10, theta)
    assert probiou(box, (5, 6, 30, 10, theta + np.pi)) == pytest.approx(1, abs=1e-7)
    assert probiou(box, (5, 6, 10, 30, theta - np.pi / 2)) == pytest.approx(1, abs=1e-7)


def test_squares_agree_at_any_angle():
    assert probiou((0, 0, 20, 20, 0), (0, 0, 20, 20, 0.6)) == pytest.approx(1, abs=1e-7)


def test_thin_boxes_lose_nothing_to_rounding():
    # Along one line at 45 degrees, one beside the other by d = 1e-2: B = d^2 / (8 h^2 / 12), h the thickness.
    step = 0.01 / np.sqrt(2)
    a, b = (0, 0, 1e5, 0.02, np.pi / 4), (-step, step, 1e5, 0.02, np.pi / 4)
    assert bhattacharyya_distance(a, b) == pytest.approx(12 * 0.01**2 / (8 * 0.02**2), rel=1e-6)


def test_boxes_without_area_give_numbers():
    line, point = (0, 0, 10, 0, 0.3), (0, 0, 0, 0, 0)
    assert probiou(line, line) == 1 and probiou(point, point) == 1
    assert 0 <= probiou(line, point) < 0.05
    assert probiou(point, (5, 0, 0, 0, 0)) == 0


def test_the_matrix_holds_every_pair():
    a, b = random_boxes(7, 2), random_boxes(5, 3)
    ious = probiou_matrix(a, b)
    assert ious.shape == (7, 5)
    assert ious[4, 2] == probiou(a[4], b[2])
    assert probiou_matrix(np.empty((0, 5)), b).shape == (0, 5)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match='a: expected shape'):
        probiou(np.ones(4), np.ones(5))
    with pytest.raises(ValueError, match='b: expected shape'):
        probiou_matrix(np.ones((2, 5)), np.ones(5))
