# SPDX-License-Identifier: Apache-2.0
"""Memory for intermediate results that is used again for each image.

Planes of 100 kB that come and go make the allocator give memory back to the system and fetch it anew, page by page:
that took as long as the arithmetic.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray


class _Held(threading.local):
    """One buffer per thread, as large as was ever needed."""

    def __init__(self) -> None:
        self.values: NDArray[np.float32] = np.zeros(0, np.float32)


_held = _Held()


def planes(count: int, shape_hw: tuple[int, ...]) -> tuple[NDArray[np.float32], ...]:
    """Lend (H, W) float32 planes with anything in them; the next call in this thread lends the same memory again."""
    size = shape_hw[0] * shape_hw[1]
    if len(_held.values) < count * size:
        _held.values = np.zeros(count * size, np.float32)
    return tuple(_held.values[: count * size].reshape(count, *shape_hw))
