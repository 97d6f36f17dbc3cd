# SPDX-License-Identifier: Apache-2.0
"""From what a model gives for one image (or text) to one vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pool(output: NDArray[np.floating], pooling: str) -> NDArray[np.float32]:
    """Reduce a model's output for one image to one vector.

    Args:
        output: (1, D), (1, T, D) tokens, or (1, D, h, w) feature maps.
        pooling: 'none' keeps (1, D); 'cls' takes token 0; 'mean' averages tokens or places; 'gem' is the
            generalised mean with power 3 over them (Radenovic et al., TPAMI 2019), which needs values >= 0.

    Returns:
        (D,) float32, or another shape where the output has none of these.
    """
    values = np.asarray(output, np.float32)
    if values.ndim > 1 and len(values) != 1:
        return values
    values = values[0] if values.ndim > 1 else values
    if values.ndim == 3:
        values = values.reshape(len(values), -1).T
    if values.ndim != 2 or pooling == 'none':
        return values
    if pooling == 'cls':
        return np.asarray(values[0], np.float32)
    if pooling == 'mean':
        return np.asarray(values.mean(axis=0), np.float32)
    return np.asarray(np.cbrt((np.maximum(values, 1e-6) ** 3).mean(axis=0)), np.float32)
