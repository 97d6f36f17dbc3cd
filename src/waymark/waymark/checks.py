# SPDX-License-Identifier: Apache-2.0
"""Argument checks with one wording for all of Waymark. They raise ValueError: a wrong shape is a caller's bug."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def require_shape(name: str, array: NDArray[Any], shape: Sequence[int | str]) -> None:
    """Refuse an array of another shape.

    Args:
        name: The argument's name, as the caller knows it.
        array: Any array.
        shape: Expected sizes; a string such as 'N' stands for any size.

    Raises:
        ValueError: `points_cur: expected shape (60, 2), got (59, 2)`.
    """
    got = np.shape(array)
    fits = len(got) == len(shape)
    for wanted_size, size in zip(shape, got, strict=False):  # a loop: this runs before every small computation
        fits = fits and (wanted_size == size or isinstance(wanted_size, str))
    if not fits:
        wanted = ', '.join(str(s) for s in shape) + (',' if len(shape) == 1 else '')
        raise ValueError(f'{name}: expected shape ({wanted}), got {tuple(got)}')


def require_dtype(name: str, array: NDArray[Any], *dtypes: Any) -> None:
    """Refuse an array whose dtype is none of `dtypes`.

    Raises:
        ValueError: `image: expected dtype uint8, got float32`.
    """
    if not any(array.dtype == np.dtype(d) for d in dtypes):
        wanted = ' or '.join(np.dtype(d).name for d in dtypes)
        raise ValueError(f'{name}: expected dtype {wanted}, got {array.dtype.name}')


def require_finite(name: str, array: NDArray[Any]) -> None:
    """Refuse NaN and infinity.

    Raises:
        ValueError: `embedding: 3 of 256 values are not finite`.
    """
    bad = int(np.size(array) - np.count_nonzero(np.isfinite(array)))
    if bad:
        raise ValueError(f'{name}: {bad} of {np.size(array)} values are not finite')


def require_rgb(name: str, image: NDArray[Any]) -> None:
    """Refuse anything but a non-empty RGB uint8 image (H, W, 3)."""
    require_shape(name, image, ('H', 'W', 3))
    require_dtype(name, image, np.uint8)
    if image.size == 0:
        raise ValueError(f'{name}: the image is empty {image.shape}')


def require_gray(name: str, image: NDArray[Any]) -> None:
    """Refuse anything but a non-empty gray uint8 image (H, W)."""
    require_shape(name, image, ('H', 'W'))
    require_dtype(name, image, np.uint8)
    if image.size == 0:
        raise ValueError(f'{name}: the image is empty {image.shape}')
