# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from waymark.masks import combined, inverted

MASKS = hnp.arrays(np.float32, (3, 4), elements=st.floats(0, 1, width=32))


@given(a=MASKS, b=MASKS)
def test_the_combination_is_nowhere_above_a_mask_and_does_not_care_about_order(a, b):
    both = combined(a, b)
    assert both.dtype == np.float32
    assert (both <= np.minimum(a, b)).all() and (both >= 0).all()
    np.testing.assert_array_equal(both, combined(b, a))


@given(a=hnp.arrays(np.bool_, (3, 4)), b=hnp.arrays(np.bool_, (3, 4)))
def test_truth_values_are_combined_as_and_and_inverted_as_not(a, b):
    np.testing.assert_array_equal(combined(a, b) == 1, a & b)
    np.testing.assert_array_equal(inverted(a) == 1, ~a)


def test_one_mask_stays_itself_and_is_not_changed():
    mask = np.full((2, 2), 0.5, np.float32)
    combined(mask, mask)[:] = 9
    assert combined(mask).tolist() == mask.tolist() == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    ('masks', 'message'),
    [
        ((), 'expected at least one'),
        ((np.ones((2, 2)), np.ones((2, 3))), r'mask: expected shape \(2, 2\), got \(2, 3\)'),
        ((np.ones(3),), r'mask: expected shape \(H, W\)'),
        ((np.full((2, 2), 1.01),), 'between 0 and 1'),
        ((np.full((2, 2), np.nan),), 'between 0 and 1'),
    ],
)
def test_what_is_no_mask_is_refused(masks, message):
    with pytest.raises(ValueError, match=message):
        combined(*masks)
