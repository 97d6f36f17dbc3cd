# SPDX-License-Identifier: Apache-2.0
import math

import cv2
import numpy as np
import pytest

from waymark.similarity import Exponents, MsSsimOptions, SsimOptions, mean_ssim, ms_ssim, ms_ssim_log

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
CONTRAST_STRUCTURE = SsimOptions(exponents=Exponents(alpha=0))


@pytest.fixture(scope='module')
def pair(texture, degrade):
    image = texture(5)
    return image.astype(np.float64), degrade(image).astype(np.float64)


def halved(image):
    return image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2).mean(axis=(1, 3))


def test_each_scale_enters_with_its_exponent_and_luminance_once_at_the_coarsest(pair):
    a, b = pair
    expected = 0.0
    for k, weight in enumerate(WEIGHTS):
        options = CONTRAST_STRUCTURE if k < 4 else SsimOptions()
        expected -= weight * math.log(float(mean_ssim(a, b, data_range=255, options=options)))
        if k < 4:
            a, b = halved(a), halved(b)
    assert ms_ssim_log(*pair, data_range=255) == pytest.approx(expected, abs=1e-12)
    assert ms_ssim(*pair, data_range=255) == pytest.approx(math.exp(-expected), abs=1e-12)


def test_contrast_structure_and_luminance_have_exponents_of_their_own(pair):
    a, b = pair
    options = MsSsimOptions(alpha=0.2, beta=(0.3, 0.0), gamma=(0.0, 0.5))
    contrast = mean_ssim(a, b, data_range=255, options=SsimOptions(exponents=Exponents(0, 1, 0)))
    shares = SsimOptions(exponents=Exponents(0.2 / 0.5, 0, 1))
    coarse = mean_ssim(halved(a), halved(b), data_range=255, options=shares)
    expected = float(contrast) ** 0.3 * float(coarse) ** 0.5
    assert ms_ssim(a, b, data_range=255, options=options) == pytest.approx(expected, abs=1e-12)


def test_equal_beta_and_gamma_are_where_both_ways_to_compute_meet(pair):
    near = tuple(w + 1e-9 for w in WEIGHTS)
    apart = ms_ssim(*pair, data_range=255, options=MsSsimOptions(gamma=near))
    assert apart == pytest.approx(float(ms_ssim(*pair, data_range=255)), abs=1e-7)


def test_equal_images_are_at_distance_nought(pair):
    assert ms_ssim(pair[0], pair[0], data_range=255) == 1
    assert ms_ssim_log(pair[0], pair[0], data_range=255) == 0


def test_an_inverted_image_is_clamped_to_nought_at_an_infinite_distance(pair):
    assert ms_ssim(pair[0], 255 - pair[0], data_range=255) == 0
    assert ms_ssim_log(pair[0], 255 - pair[0], data_range=255) == math.inf


def test_eight_bits_in_float32_stay_within_a_millionth_of_float64(pair):
    a, b = (x.astype(np.uint8) for x in pair)
    assert ms_ssim(a, b) == pytest.approx(float(ms_ssim(*pair, data_range=255)), abs=1e-6)


def test_channels_are_averaged_and_their_logs_too(pair):
    a, b = pair
    colour_a, colour_b = np.dstack([a, a]), np.dstack([b, a])
    score = float(ms_ssim(a, b, data_range=255))
    assert ms_ssim(colour_a, colour_b, data_range=255) == pytest.approx((score + 1) / 2, abs=1e-12)
    assert ms_ssim_log(colour_a, colour_b, data_range=255) == pytest.approx(-math.log(score) / 2, abs=1e-12)


def test_a_batch_scores_each_pair_as_alone(pair):
    a, b = pair
    scores = ms_ssim(np.stack([a, b])[..., None], np.stack([b, b])[..., None], data_range=255)
    assert scores.tolist() == [float(ms_ssim(a, b, data_range=255)), 1.0]


def test_a_mask_is_halved_with_the_image_and_hides_what_it_should(pair):
    a, b = pair[0], pair[0].copy()
    b[:, 240:] = 255 - b[:, 240:]
    mask = np.zeros(a.shape)
    mask[:, :160] = 1  # at the coarsest scale a window reaches 80 px
    assert ms_ssim(a, b, data_range=255, mask=mask) == pytest.approx(1, abs=1e-12)
    assert ms_ssim(a, b, data_range=255) < 0.8
    mask[:, :] = 1
    assert ms_ssim(*pair, data_range=255, mask=mask) == pytest.approx(float(ms_ssim(*pair, data_range=255)), abs=1e-12)


def test_a_mask_at_the_border_is_refused_where_no_whole_window_fits(pair):
    mask = np.zeros(pair[0].shape)
    mask[:, :40] = 1
    with pytest.raises(ValueError, match='no whole window fits'):
        ms_ssim(*pair, data_range=255, mask=mask)


def test_an_odd_last_row_and_column_are_doubled(pair):
    a, b = (x[:199, :257] for x in pair)
    wide = [cv2.copyMakeBorder(x, 0, 1, 0, 1, cv2.BORDER_REPLICATE) for x in (a, b)]
    fine = float(mean_ssim(a, b, data_range=255, options=CONTRAST_STRUCTURE))
    coarse = float(mean_ssim(halved(wide[0]), halved(wide[1]), data_range=255))
    options = MsSsimOptions(0.5, (0.5, 0.5), (0.5, 0.5))
    assert ms_ssim(a, b, data_range=255, options=options) == pytest.approx((fine * coarse) ** 0.5, abs=1e-12)


def test_the_smallest_image_for_five_scales_has_161_pixels_a_side(texture):
    image = texture(1, (161, 161))
    assert ms_ssim(image, image) == 1
    with pytest.raises(ValueError, match='image 161x160 is too small for 5 scales.*161 px'):
        ms_ssim(image[:160], image[:160])


def test_exponents_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match='one each per scale'):
        MsSsimOptions(beta=(1.0,), gamma=(1.0, 1.0))
    with pytest.raises(ValueError, match='a scale where all are 0'):
        MsSsimOptions(beta=(0.0, 1.0), gamma=(0.0, 1.0))
