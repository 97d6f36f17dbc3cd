# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from waymark.similarity import Exponents, SsimOptions, Window, global_ssim, mean_ssim, ssim_map

IMAGES = hnp.arrays(np.uint8, (16, 20))
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@pytest.fixture(scope='module')
def pair(texture, degrade):
    image = texture(3)
    return image, degrade(image)


def by_definition(a, b, row, column, alpha, beta, gamma):
    """SSIM of one window of 11 x 11 from the textbook formulas."""
    offsets = np.arange(-5, 6)
    g = np.exp(-(offsets**2) / (2 * 1.5**2))
    weights = np.outer(g, g) / g.sum() ** 2
    p, q = (x[row - 5 : row + 6, column - 5 : column + 6].astype(np.float64) for x in (a, b))
    mp, mq = (weights * p).sum(), (weights * q).sum()
    vp, vq = (weights * (p - mp) ** 2).sum(), (weights * (q - mq) ** 2).sum()
    cov, both = (weights * (p - mp) * (q - mq)).sum(), np.sqrt(vp * vq)
    luminance = (2 * mp * mq + C1) / (mp**2 + mq**2 + C1)
    contrast = (2 * both + C2) / (vp + vq + C2)
    structure = (cov + C2 / 2) / (both + C2 / 2)
    structure = structure if gamma == 1 else max(structure, 0)
    return luminance**alpha * contrast**beta * structure**gamma


@pytest.mark.parametrize('exponents', [(1, 1, 1), (0, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 2, 0.7)])
def test_each_window_follows_the_definition(pair, exponents):
    a, b = (x.astype(np.float64) for x in pair)
    found = ssim_map(a, b, data_range=255, options=SsimOptions(exponents=Exponents(*exponents)))
    for row, column in ((5, 5), (100, 37), (234, 314)):
        expected = by_definition(a, b, row, column, *exponents)
        # The root of a variance that is 0 but for rounding, 1e-12, is 1e-6: over C2 that shows.
        assert found[row, column] == pytest.approx(expected, abs=1e-11 if exponents[1] == exponents[2] == 1 else 1e-7)


def test_the_mean_is_over_windows_inside_the_image(pair):
    a, b = (x.astype(np.float64) for x in pair)
    found = ssim_map(a, b, data_range=255)
    assert found.shape == a.shape
    assert mean_ssim(a, b, data_range=255) == pytest.approx(found[5:-5, 5:-5].mean(), abs=1e-12)


def test_eight_bits_in_float32_stay_within_a_millionth_of_float64(pair):
    a, b = pair
    exact = mean_ssim(a.astype(np.float64), b.astype(np.float64), data_range=255)
    assert mean_ssim(a, b) == pytest.approx(float(exact), abs=1e-6)
    assert ssim_map(a, b).dtype == np.float32


def test_floats_of_another_range_score_alike(pair):
    a, b = (x.astype(np.float32) / 255 for x in pair)
    assert mean_ssim(a, b, data_range=1.0) == pytest.approx(float(mean_ssim(*pair)), abs=2e-6)


@settings(max_examples=30, deadline=None)
@given(a=IMAGES, b=IMAGES)
def test_ssim_is_one_for_equal_images_at_most_one_for_others_and_symmetric(a, b):
    assert mean_ssim(a, a) == 1.0
    assert global_ssim(a, a) == pytest.approx(1.0, abs=1e-12)
    assert mean_ssim(a, b) == mean_ssim(b, a)
    assert -1 <= mean_ssim(a, b) <= 1 + 1e-4
    assert -1 <= global_ssim(a, b) <= 1 + 1e-12


def test_the_channels_of_a_colour_image_are_averaged(pair):
    a, b = pair
    colour_a, colour_b = np.dstack([a, b, a]), np.dstack([b, b, b])
    assert mean_ssim(colour_a, colour_b) == pytest.approx((2 * float(mean_ssim(a, b)) + 1) / 3, abs=1e-12)
    assert ssim_map(colour_a, colour_b).shape == colour_a.shape
    np.testing.assert_array_equal(ssim_map(colour_a, colour_b)[..., 0], ssim_map(a, b))


def test_a_batch_scores_each_pair_as_alone(pair):
    a, b = pair
    scores = mean_ssim(np.stack([a, b])[..., None], b[None, ..., None])
    assert scores.tolist() == [float(mean_ssim(a, b)), 1.0]


def test_a_mask_weighs_windows_by_their_centre(pair):
    a, b = (x.astype(np.float64) for x in pair)
    mask = np.zeros(a.shape)
    mask[100:120, 50:90], mask[7, 7] = 1.0, 0.5
    found = ssim_map(a, b, data_range=255)
    assert mean_ssim(a, b, data_range=255, mask=mask) == pytest.approx((found * mask).sum() / mask.sum(), abs=1e-12)


def test_a_mask_where_no_whole_window_fits_is_refused(pair):
    mask = np.zeros(pair[0].shape)
    mask[:5] = 1
    with pytest.raises(ValueError, match='mask: it leaves nothing to compare: no whole window'):
        mean_ssim(*pair, mask=mask)


def test_a_uniform_window_takes_plain_means(pair):
    a, b = (x.astype(np.float64) for x in pair)
    found = ssim_map(a, b, data_range=255, options=SsimOptions(window=Window('uniform', 7)))
    p, q = a[50:57, 60:67], b[50:57, 60:67]
    cov = ((p - p.mean()) * (q - q.mean())).mean()
    light = (2 * p.mean() * q.mean() + C1) / (p.mean() ** 2 + q.mean() ** 2 + C1)
    assert found[53, 63] == pytest.approx(light * (2 * cov + C2) / (p.var() + q.var() + C2), abs=1e-12)


def test_the_whole_image_as_one_window_has_moments_over_n(pair):
    a, b = (x.astype(np.float64) for x in pair)
    cov = ((a - a.mean()) * (b - b.mean())).mean()
    light = (2 * a.mean() * b.mean() + C1) / (a.mean() ** 2 + b.mean() ** 2 + C1)
    expected = light * (2 * cov + C2) / (a.var() + b.var() + C2)
    assert global_ssim(a, b, data_range=255) == pytest.approx(expected, abs=1e-12)
    assert global_ssim(*pair) == pytest.approx(expected, abs=1e-12)


def test_the_whole_image_under_a_mask_is_the_masked_part(pair):
    mask = np.zeros(pair[0].shape)
    mask[40:80, 30:100] = 1
    parts = (x[40:80, 30:100] for x in pair)
    assert global_ssim(*pair, mask=mask) == pytest.approx(float(global_ssim(*parts)), abs=1e-12)


def test_an_inverted_image_has_negative_structure_and_other_powers_of_it_are_clamped(pair):
    a = pair[0].astype(np.float64)
    assert global_ssim(a, 255 - a, data_range=255) < -0.5
    clamped = SsimOptions(exponents=Exponents(1, 1, 2))
    assert global_ssim(a, 255 - a, data_range=255, options=clamped) == 0


def test_even_images_differ_in_luminance_alone():
    a, b = np.full((20, 20), 100, np.uint8), np.full((20, 20), 50, np.uint8)
    expected = (2 * 100 * 50 + C1) / (100**2 + 50**2 + C1)
    assert mean_ssim(a, b) == pytest.approx(expected, abs=1e-6)
    assert mean_ssim(a, b, options=SsimOptions(exponents=Exponents(alpha=0))) == pytest.approx(1, abs=1e-6)


def test_wrong_arguments_are_refused_by_name():
    small = np.zeros((10, 20), np.uint8)
    with pytest.raises(ValueError, match='image 20x10 is smaller than the window of 11 px'):
        mean_ssim(small, small)
    with pytest.raises(ValueError, match='expected one image'):
        ssim_map(small[None, ..., None], small[None, ..., None])
    for wrong in (lambda: Window('round'), lambda: Window('uniform', 8), lambda: Window(sigma_px=0)):
        with pytest.raises(ValueError, match='window'):
            wrong()
    with pytest.raises(ValueError, match='exponents'):
        Exponents(gamma=-1)
    with pytest.raises(ValueError, match='k1 and k2'):
        SsimOptions(k2=0)


def test_noncontiguous_images_are_compared_as_they_look(pair):
    a, b = (cv2.cvtColor(x, cv2.COLOR_GRAY2RGB)[:, ::2, ::-1] for x in pair)
    assert mean_ssim(a, b) == mean_ssim(a.copy(), b.copy())
