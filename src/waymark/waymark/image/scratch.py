# SPDX-License-Identifier: Apache-2.0
"""Memory for results between two steps, kept per thread.

A temporary image of some hundred kilobytes may cost more to get from the operating system, page by page, than to fill.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray


class _Kept(threading.local):
    def __init__(self) -> None:
        self.lent: dict[str, NDArray[Any]] = {}


_KEPT = _Kept()


def scratch(name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """Borrow an array of any content, contiguous.

    Args:
        name: What it is for; the next call with this name on this thread gets the same memory.
        shape: Of the array.
        dtype: Of the array.
    """
    lent = _KEPT.lent.get(name)
    if lent is not None and lent.shape == shape and lent.dtype == dtype:
        return lent
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = None if lent is None else lent.base
    if memory is None or memory.nbytes < size:
        memory = np.empty(size, np.uint8)
    _KEPT.lent[name] = memory[:size].view(dtype).reshape(shape)
    return _KEPT.lent[name]
