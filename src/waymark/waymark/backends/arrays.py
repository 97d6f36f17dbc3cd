# SPDX-License-Identifier: Apache-2.0
"""Arrays on their way into and out of a runtime: Waymark speaks float32 and int64, models speak what they like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ModelError


def as_wanted(array: NDArray[Any], dtype: np.dtype[Any], name: str, model: str) -> NDArray[Any]:
    """Make an input contiguous and of the model's type: floats to floats, whole numbers to any number.

    Args:
        array: The input.
        dtype: What the model takes.
        name: The input's name, for the error.
        model: The model file, for the error.

    Raises:
        ModelError: The model takes whole numbers where there are floats: it was quantised with its inputs.
    """
    if array.dtype.kind == 'f' and dtype.kind in 'iub':
        raise ModelError(
            f'model {model!r} takes {dtype.name} for {name!r}, Waymark gives {array.dtype.name}. '
            'Export it with float inputs; it may be quantised inside.'
        )
    return np.ascontiguousarray(array, dtype)


def from_model(outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Make outputs of 16-bit floats float32."""
    return {n: np.asarray(o, np.float32) if o.dtype == np.float16 else np.asarray(o) for n, o in outputs.items()}


def first_line(error: BaseException, limit: int = 200) -> str:
    """A runtime's message as one line of at most `limit` characters."""
    return ' '.join(str(error).split())[:limit]
