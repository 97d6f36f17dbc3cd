# SPDX-License-Identifier: Apache-2.0
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from waymark.tracking.scratch import planes


def test_planes_have_the_shape_and_do_not_overlap():
    first, second = planes(2, (3, 5))
    first[:], second[:] = 1, 2
    assert first.shape == second.shape == (3, 5) and first.dtype == np.float32
    assert (first == 1).all() and (second == 2).all()


def test_a_thread_lends_its_memory_again_and_no_other_thread_has_it():
    (mine,) = planes(1, (40, 50))
    assert np.shares_memory(mine, planes(2, (10, 10))[0])
    with ThreadPoolExecutor(1) as other:
        assert not np.shares_memory(mine, other.submit(planes, 1, (40, 50)).result()[0])
