# SPDX-License-Identifier: Apache-2.0
"""Weights of antialiased resampling along one axis.

The kernels and where they sit are Pillow's (Resample.c, `precompute_coeffs`), since that is what the authors of vision
models resized with: output i looks at source coordinate (i + 1/2) * scale, and a kernel that shrinks is as many times
wider. 'area' is the share of each source pixel that the output pixel covers (OpenCV's INTER_AREA).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# How alike neighbouring pixels of a small photograph are; those of a large one are that much closer together.
_CORRELATION = 0.55


def _triangle(x: Array) -> Array:
    return np.asarray(np.maximum(1 - np.abs(x), 0), np.float64)


def _keys(x: Array) -> Array:
    """Cubic convolution with a = -1/2 (Keys, IEEE ASSP 1981)."""
    x = np.abs(x)
    inner = (1.5 * x - 2.5) * x * x + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))


def _lanczos(x: Array) -> Array:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


# How far each kernel reaches at scale 1, and its shape.
_KERNELS: dict[str, tuple[float, Callable[[Array], Array]]] = {
    'bilinear': (1.0, _triangle),
    'bicubic': (2.0, _keys),
    'lanczos': (3.0, _lanczos),
}
INTERPOLATIONS = ('area', *_KERNELS)


def reach(scale: float, interpolation: str) -> float:
    """Half the width of the kernel in source pixels.

    Raises:
        ValueError: There is no such interpolation.
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f'interpolation: expected one of {INTERPOLATIONS}, got {interpolation!r}')
    if interpolation == 'area':
        return max(scale / 2, 1.0)
    return _KERNELS[interpolation][0] * max(scale, 1.0)


def kernel_rows(outputs: NDArray[np.int64], pixels: NDArray[np.int64], scale: float, interpolation: str) -> Array:
    """How much each output pixel takes from each source pixel.

    Args:
        outputs: (R,) indices of output pixels.
        pixels: (N,) indices of source pixels: those within `reach` of the outputs, as far as they exist.
        scale: Source pixels per output pixel.
        interpolation: One that `reach` knows.

    Returns:
        (R, N); each row sums to 1, so that the kernel is cut off at the border and made whole again.
    """
    centres = (outputs[:, None] + 0.5) * scale
    if interpolation == 'area' and scale > 1:
        left = np.maximum(centres - scale / 2, pixels)
        rows = np.clip(np.minimum(centres + scale / 2, pixels + 1) - left, 0, 1)
    else:  # averaging has nothing to say when it enlarges: bilinear, as OpenCV does
        kernel = _KERNELS['bilinear' if interpolation == 'area' else interpolation][1]
        rows = kernel((pixels + 0.5 - centres) / max(scale, 1.0))
    return np.asarray(rows / rows.sum(axis=1, keepdims=True), np.float64)


def covariance(count: int, scale: float) -> Array:
    """(N, N) covariance of the pixels in a row of a photograph, unit variance: a first-order Markov chain.

    Args:
        count: Pixels.
        scale: Pixels per output pixel, between which the correlation is the same at every size of the photograph.
    """
    distance = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    return np.asarray(_CORRELATION ** (distance / scale), np.float64)


def decimated_rows(rows: Array, factor: int, scale: float) -> Array:
    """Weights for means of `factor` pixels that come closest to weights for the pixels themselves.

    The best linear estimate of the wanted sum from the means, for pixels with `covariance`
    (W' = W C A^T (A C A^T)^-1, the Wiener solution): the error of plainly adding up weights is three times larger.

    Args:
        rows: (R, N) weights per pixel, from a multiple of `factor` on; what N leaves over has no mean.
        factor: Pixels per mean.
        scale: Pixels per output pixel.

    Returns:
        (R, N // factor); each row sums to 1.
    """
    count = rows.shape[1] // factor
    means = np.zeros((count, rows.shape[1]))
    for k in range(factor):
        means[np.arange(count), np.arange(count) * factor + k] = 1 / factor
    shared = means @ covariance(rows.shape[1], scale)
    best = np.linalg.solve(shared @ means.T, shared @ rows.T).T
    return np.asarray(best / best.sum(axis=1, keepdims=True), np.float64)
