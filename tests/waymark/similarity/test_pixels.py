# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from waymark.similarity import mae, mse, psnr, sad

A = np.array([[0, 10], [20, 255]], np.uint8)
B = np.array([[3, 10], [16, 0]], np.uint8)  # differences -3, 0, 4, 255: unsigned subtraction would wrap around
IMAGES = hnp.arrays(np.uint8, (5, 4, 3))


def test_differences_of_unsigned_images_do_not_wrap_around():
    assert sad(A, B) == 3 + 0 + 4 + 255
    assert mae(A, B) == 262 / 4
    assert mse(A, B) == (9 + 0 + 16 + 255**2) / 4


def test_a_mask_weighs_pixels_and_all_their_channels():
    mask = np.array([[1.0, 0.5], [0.25, 0]])
    colour_a, colour_b = np.dstack([A, A, A]), np.dstack([B, B, B])
    for a, b, channels in ((A, B, 1), (colour_a, colour_b, 3)):
        assert sad(a, b, mask=mask) == channels * (3 + 0.25 * 4)
        assert mae(a, b, mask=mask) == (3 + 0.25 * 4) / 1.75
        assert mse(a, b, mask=mask) == (9 + 0.25 * 16) / 1.75


def test_a_mask_of_truth_values_keeps_what_is_true():
    assert mse(A, B, mask=A == 20) == 16


def test_equal_images_have_infinite_psnr():
    assert psnr(A, A) == np.inf
    assert np.isinf(psnr(A.astype(float), A.astype(float), data_range=255))


def test_psnr_is_the_ratio_of_the_range_to_the_error_in_decibels():
    a, b = np.zeros((4, 4)), np.full((4, 4), 0.1)
    assert psnr(a, b, data_range=1.0) == pytest.approx(20, abs=1e-12)
    assert psnr(a, b, data_range=10.0) == pytest.approx(40, abs=1e-12)


def test_the_range_of_floats_must_be_said():
    with pytest.raises(ValueError, match='data_range: say it for float64'):
        psnr(A.astype(float), B.astype(float))
    with pytest.raises(ValueError, match='data_range: expected a number above 0, got 0'):
        psnr(A, B, data_range=0)


def test_sixteen_bits_have_their_own_range():
    wide_a, wide_b = (np.asarray(x, np.uint16) * 257 for x in (A, B))
    assert psnr(wide_a, wide_b) == pytest.approx(float(psnr(A, B)), abs=1e-12)


def test_a_batch_gives_one_score_per_pair():
    batch_a, batch_b = np.stack([A, B])[..., None], np.stack([B, B])[..., None]
    assert mse(batch_a, batch_b).tolist() == [float(mse(A, B)), 0.0]
    assert psnr(batch_a, batch_b).tolist() == [float(psnr(A, B)), np.inf]


def test_one_image_goes_with_a_batch_of_many():
    many = np.stack([A, B, A])[..., None]
    assert sad(many, B[None, ..., None]).tolist() == [float(sad(A, B)), 0.0, float(sad(A, B))]


def test_each_pair_of_a_batch_may_have_its_own_mask():
    batch_a, batch_b = np.stack([A, A])[..., None], np.stack([B, B])[..., None]
    masks = np.stack([A == 0, A == 20])
    assert mse(batch_a, batch_b, mask=masks).tolist() == [9, 16]


@pytest.mark.parametrize(
    ('a', 'b', 'mask', 'message'),
    [
        (A, B[:1], None, r'b: expected the shape of a, \(2, 2\), got \(1, 2\)'),
        (A, B[..., None], None, 'b: expected the shape of a'),
        (A[None, ..., None].repeat(2, 0), B[None, ..., None].repeat(3, 0), None, 'b: expected the shape of a'),
        (A[:0], B[:0], None, 'a: the image is empty'),
        (A[0], B[0], None, r'a: expected shape \(H, W\)'),
        (A.astype(np.int64), B, None, 'a: expected dtype'),
        (A, B * np.nan, None, 'b: the image holds values that are not finite'),
        (A, B, np.zeros((2, 2)), 'mask: it leaves nothing to compare'),
        (A, B, np.ones((3, 2)), r'mask: expected shape \(2, 2\)'),
        (A, B, np.full((2, 2), 2.0), 'mask: weights must lie between 0 and 1'),
        (A, B, np.full((2, 2), np.nan), 'mask: weights must lie between 0 and 1'),
    ],
)
def test_what_can_not_be_compared_is_refused(a, b, mask, message):
    with pytest.raises(ValueError, match=message):
        mse(a, b, mask=mask)


@settings(max_examples=50, deadline=None)
@given(a=IMAGES, b=IMAGES)
def test_pixel_metrics_equal_their_definition_and_do_not_care_about_order(a, b):
    difference = a.astype(np.int64) - b.astype(np.int64)
    assert mse(a, b) == mse(b, a) == (difference**2).sum() / difference.size
    assert sad(a, b) == sad(b, a) == np.abs(difference).sum()


@settings(max_examples=50, deadline=None)
@given(a=IMAGES, b=IMAGES, c=IMAGES)
def test_sad_is_a_distance(a, b, c):
    assert sad(a, c) <= sad(a, b) + sad(b, c)


@settings(max_examples=50, deadline=None)
@given(a=IMAGES, b=IMAGES, weight=st.floats(0.01, 1))
def test_an_even_mask_changes_no_mean(a, b, weight):
    mask = np.full((5, 4), weight)
    assert mse(a, b, mask=mask) == pytest.approx(float(mse(a, b)), rel=1e-12)
    assert mae(a, b, mask=mask) == pytest.approx(float(mae(a, b)), rel=1e-12)
