# SPDX-License-Identifier: Apache-2.0
"""Whether two small pictures show one scene, however the light, and within limits the camera, changed in between.

Both are freed of light by dividing by their local contrast, then laid over each other at every shift (normalized
correlation under masks: Padfield, "Masked object registration in the Fourier domain", IEEE TIP 2012) and fitted by an
affine map from there (Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient
maximization", IEEE TPAMI 2008). Where a picture is too plain for that, its colours decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape

WORK_WH = (64, 48)
_SIGMA_PX = 3.0  # of the neighbourhood that contrast is measured in
_LEAST_CONTRAST = 2.5  # grey levels: below, there is only noise to see
_LEAST_TEXTURED = 0.25  # share of a picture that must have contrast for it to be recognised by its structure
_LEAST_OVERLAP = 0.3
_HOPELESS = 0.2  # correlation from which no affine fit finds its way
_BLACK = 8.0
_COLOUR_STEP = 40.0  # levels of 255 between plain pictures that count as wholly different


@dataclass(frozen=True, eq=False)
class View:
    """A small picture, ready to be compared.

    Attributes:
        rgb: (48, 64, 3) uint8.
        structure: (48, 64) float32, contrast with the neighbourhood, in its own unit: about -2..2.
        textured: Share of the picture that has contrast.
    """

    rgb: NDArray[np.uint8]
    structure: NDArray[np.float32]
    textured: float

    @cached_property
    def spectrum(self) -> NDArray[Any]:
        """Of the structure."""
        return _spectrum(self.structure)

    @cached_property
    def energy(self) -> NDArray[Any]:
        """Of the part of this structure that lies on another picture, for all shifts of that one."""
        return _correlation(_spectrum(self.structure**2), _MASK)

    @cached_property
    def energy_as_second(self) -> NDArray[Any]:
        """Likewise where this is the picture that is shifted."""
        return _correlation(_MASK, _spectrum(self.structure**2))


def view_of(rgb: NDArray[np.uint8]) -> View:
    """Free a picture (48, 64, 3) uint8 of its light."""
    require_shape('rgb', rgb, (WORK_WH[1], WORK_WH[0], 3))
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = gray - cv2.GaussianBlur(gray, (0, 0), _SIGMA_PX)
    contrast = cv2.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _SIGMA_PX))
    least = _LEAST_CONTRAST * (0.4 + 0.6 * float(gray.mean()) / 128)
    structure = detail / (contrast + least)
    # Bars of a film, the rim of a fisheye: they stay whatever is shown.
    unlit = (gray < min(_BLACK, 0.1 * float(gray.mean()) + 1)).astype(np.uint8)
    structure[cv2.dilate(unlit, np.ones((5, 5), np.uint8)) > 0] = 0
    return View(rgb, structure, float((contrast > least).mean()))


def likeness(a: View, b: View, enough: float = 1.0) -> float:
    """How alike two pictures are: about 0 for two scenes, 1 for one.

    Args:
        a: One.
        b: The other.
        enough: When the first look finds this much, there is no closer one.

    Returns:
        The best correlation of their structure over all shifts, less for a smaller overlap; for pictures without
        structure 1 less the difference of their colours.
    """
    if min(a.textured, b.textured) < _LEAST_TEXTURED:
        return _likeness_of_colours(a, b)
    found, shift = _best_shift(a, b)
    if found >= enough or found < _HOPELESS:
        return found
    return max(found, _fitted(a.structure, b.structure, shift))


def _likeness_of_colours(a: View, b: View) -> float:
    if abs(a.textured - b.textured) > 2 * _LEAST_TEXTURED:
        return 0.0
    return max(0.0, 1.0 - float(cv2.norm(a.rgb, b.rgb, cv2.NORM_L1)) / a.rgb.size / _COLOUR_STEP)


def _spectrum(image: NDArray[np.float32]) -> NDArray[Any]:
    padded = np.zeros((2 * WORK_WH[1], 2 * WORK_WH[0]), np.float32)
    padded[: WORK_WH[1], : WORK_WH[0]] = image
    return np.asarray(cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT, nonzeroRows=WORK_WH[1]))


def _correlation(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    product = cv2.mulSpectrums(a, b, 0, conjB=True)
    return np.asarray(cv2.idft(product, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT))


_MASK = _spectrum(np.ones((WORK_WH[1], WORK_WH[0]), np.float32))
_OVERLAP = np.maximum(_correlation(_MASK, _MASK) / (WORK_WH[0] * WORK_WH[1]), 0.0)
# A small overlap fits by chance: its correlation counts less.
_WEIGHT = np.where(_OVERLAP >= _LEAST_OVERLAP, np.sqrt(_OVERLAP), 0.0)


def _best_shift(a: View, b: View) -> tuple[float, tuple[int, int]]:
    """Correlate at all shifts; the best, weighted by overlap, and where a pixel of b lies in a: (x, y)."""
    joint = _correlation(a.spectrum, b.spectrum)
    weighted = joint * _WEIGHT / np.sqrt(np.maximum(a.energy * b.energy_as_second, 1.0))
    row, column = divmod(int(weighted.argmax()), weighted.shape[1])
    y, x = (v - n if v > n // 2 else v for v, n in zip((row, column), weighted.shape, strict=True))
    return float(weighted[row, column]), (x, y)


def _fitted(a: NDArray[np.float32], b: NDArray[np.float32], shift: tuple[int, int]) -> float:
    """Correlation after an affine fit that begins at that shift; 0 where it does not converge."""
    M = np.array([[1, 0, -shift[0]], [0, 1, -shift[1]]], np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-3)
    try:
        found, M = cv2.findTransformECC(a, b, M, cv2.MOTION_AFFINE, criteria, None, 5)
    except cv2.error:  # it wandered off
        return 0.0
    det = float(np.linalg.det(M[:, :2]))
    if not 0.5 < det < 2.0:
        return 0.0
    covered = cv2.warpAffine(np.ones_like(b), M, WORK_WH, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP).mean()
    return float(found * np.sqrt(covered)) if covered >= _LEAST_OVERLAP else 0.0
