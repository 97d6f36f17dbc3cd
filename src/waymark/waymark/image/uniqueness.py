# SPDX-License-Identifier: Apache-2.0
"""Whether another place on the plane would do as well: walls of equal windows, tiles, stripes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.rectification import scaling, seen_through, shown

_SIDE_PX = 96  # longer side at which the pictures are compared
_LIGHT_PX = 15  # side of the square whose mean and contrast are taken off
_CONTRAST = 3.0  # grey levels that count as no contrast
_HOME_PX = 1.5  # displacement that the exact homography may still be off
_ELSEWHERE_PX = 5.0  # displacement from which on another peak is another place
_OVERLAP = 0.3  # least share of the common part that a displaced one must keep

Plane = NDArray[np.float32]


def rivalry(reference: NDArray[np.uint8], current: NDArray[np.uint8], H_cur_ref: NDArray[np.float64]) -> float:
    """Compare how well the pictures correlate through a homography and anywhere beside it.

    Both are reduced to 96 px, freed of light, and correlated at all displacements that leave them enough in common
    (masked normalised cross-correlation by Fourier transform: Padfield, IEEE Trans. Image Processing 2012).

    Args:
        reference: (H, W) uint8.
        current: (H', W') uint8.
        H_cur_ref: (3, 3), reference px to current px, invertible.

    Returns:
        The best correlation elsewhere over that at home: near 1 and above where another place would do as well, .3 to
        .7 for most pictures; infinite where nothing correlates at home.
    """
    size_wh = (reference.shape[1], reference.shape[0])
    factor = min(_SIDE_PX / max(size_wh), 1.0)
    view_wh = (max(round(size_wh[0] * factor), 1), max(round(size_wh[1] * factor), 1))
    H_ref_view = scaling(view_wh, size_wh)
    visible = shown(H_cur_ref @ H_ref_view, view_wh, (current.shape[1], current.shape[0]))
    here = _freed_of_light(seen_through(reference, H_ref_view, view_wh))
    there = _freed_of_light(seen_through(current, H_cur_ref @ H_ref_view, view_wh))
    correlation, overlap = _correlate(here, there, visible.astype(np.float32))
    y, x = (np.fft.fftfreq(n, 1 / n) for n in correlation.shape)
    distance = np.hypot(*np.meshgrid(x, y))
    home = float(correlation[distance <= _HOME_PX].max())
    elsewhere = (distance >= _ELSEWHERE_PX) & (overlap >= _OVERLAP * visible.sum())
    if home <= 0 or not elsewhere.any():
        return float('inf')
    return float(correlation[elsewhere].max()) / home


def _freed_of_light(gray: NDArray[np.uint8]) -> Plane:
    plane = gray.astype(np.float32)
    side = (_LIGHT_PX, _LIGHT_PX)
    mean = cv2.blur(plane, side)
    spread = np.sqrt(np.maximum(cv2.blur(plane * plane, side) - mean * mean, 0))
    return np.asarray((plane - mean) / (spread + _CONTRAST), np.float32)


def _correlate(a: Plane, b: Plane, visible: Plane) -> tuple[Plane, Plane]:
    """Normalised correlation of `a` with `b` (visible where 1) at all displacements, and what they share there."""
    shape = tuple(cv2.getOptimalDFTSize(2 * n) for n in a.shape)

    def spectrum(plane: Plane) -> NDArray[np.complex128]:
        return np.fft.rfft2(plane, shape)

    def product(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> Plane:
        return np.asarray(np.fft.irfft2(one.conj() * other, shape), np.float32)

    seen = b * visible
    mask, everywhere = spectrum(visible), spectrum(np.ones_like(a))
    overlap = product(everywhere, mask)
    shared = product(spectrum(a), spectrum(seen))
    energy = product(spectrum(a * a), mask) * product(everywhere, spectrum(seen * seen))
    return shared / np.sqrt(np.maximum(energy, 1e-3 * float(energy.max()) + 1e-9)), overlap
