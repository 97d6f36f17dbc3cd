# SPDX-License-Identifier: Apache-2.0
"""A loop that numba compiles where it is installed (`pip install waymark[fast]`): the same numbers in fewer passes.

To halve an image, part its colours and make floats of them are three OpenCV calls, each of which goes through memory
that the network has meanwhile pushed out of the caches. numba costs 150 MB of memory and a second at start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

Halve = Callable[[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]], None]

log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def compiled_halving() -> Halve | None:
    """`halve_into_planes` as machine code; None where numba is not installed, or does not work: the log says why."""
    if find_spec('numba') is None:
        return None
    try:
        import numba
        from numba import types

        pixels = types.Array(types.uint8, 2, 'C', readonly=True)
        signature = types.void(pixels, types.float32[:, :, :], types.float32[:, ::1])
        compiled: Halve = numba.njit(signature, nogil=True)(halve_into_planes)
    except Exception as error:  # noqa: BLE001 - whatever an import raises: numba refuses a NumPy it does not know so
        log.warning('numba is installed but does not work, images are prepared without it: %s', error)
        return None
    return compiled


def halve_into_planes(pixels: NDArray[np.uint8], planes: NDArray[np.float32], table: NDArray[np.float32]) -> None:
    """Means of 2 x 2 pixels, rounded as OpenCV's INTER_AREA does, colour by colour, as what a table says of them.

    Args:
        pixels: (2 h, 6 w), rows of an RGB image.
        planes: (3, h, w), written.
        table: (3, 256), of each plane and mean.
    """
    height, width = planes.shape[1:]
    means = np.empty(6 * width - 3, np.uint8)  # of all neighbours, half of them unused: that goes in wide steps
    for y in range(height):
        upper, lower = pixels[2 * y], pixels[2 * y + 1]
        for k in range(len(means)):
            left, right = np.uint16(upper[k]) + np.uint16(lower[k]), np.uint16(upper[k + 3]) + np.uint16(lower[k + 3])
            means[k] = np.uint8((left + right + np.uint16(2)) >> np.uint16(2))
        for c in range(3):
            for x in range(width):
                planes[c, y, x] = table[c, means[6 * x + c]]
