# SPDX-License-Identifier: Apache-2.0
"""Logic of masks: product is a fuzzy AND, 1 - mask a fuzzy NOT."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape


def combined(*masks: NDArray[Any]) -> NDArray[np.float32]:
    """What all masks want: their product, which for masks of 0 and 1 is AND.

    Args:
        masks: At least one, each (H, W), 0 to 1 or bool.

    Returns:
        (H, W) float32, nowhere above any of the masks.

    Raises:
        ValueError: No mask, shapes that differ, or a value outside 0..1.
    """
    if not masks:
        raise ValueError('masks: expected at least one')
    product = np.ones(masks[0].shape, np.float32)
    for mask in masks:
        product *= _checked(mask, masks[0].shape)
    return product


def inverted(mask: NDArray[Any]) -> NDArray[np.float32]:
    """What a mask does not want: 1 - mask.

    Args:
        mask: (H, W), 0 to 1 or bool.

    Raises:
        ValueError: Not (H, W), or a value outside 0..1.
    """
    return np.asarray(1 - _checked(mask, mask.shape), np.float32)


def _checked(mask: NDArray[Any], shape_hw: tuple[int, ...]) -> NDArray[np.float32]:
    require_shape('mask', mask, ('H', 'W'))
    require_shape('mask', mask, shape_hw)
    values = np.asarray(mask, np.float32)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError('mask: values must lie between 0 and 1')
    return values
