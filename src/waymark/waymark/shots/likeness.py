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

WORK_WH = (64, 36)
_SIGMA_PX = 3.0  # of the neighbourhood that contrast is measured in
_LEAST_CONTRAST = 2.5  # grey levels: below, there is only noise to see
_COARSE_SIGMA_PX, _COARSE_CONTRAST, _NOISE_PX = 5.0, 0.8, 2.0
_LEAST_TEXTURED = 0.25  # share of a picture that must have contrast for it to be recognised by its structure
_MOSTLY_PLAIN = 0.5  # share of a picture that has contrast, such as a title's
_LEAST_HUE, _LEAST_SATURATION = 2.0, 0.1  # grey levels between channels, and as a share of the brightness
_LEAST_OVERLAP = 0.3
_UNLIKE = 0.17  # correlation below which a smaller overlap can hardly be alike
_HOPELESS = 0.2  # correlation from which no affine fit finds its way
_LIKELY = 0.35  # correlation of coarse views from which it may be worth while
_LEAST_SEEN = 0.4  # share of a picture
_MOST_STRETCH = 1.5  # of the affine fit
_FROM_A = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_BLACK, _WHITE = 8.0, 250.0
_COLOUR_STEP = 40.0  # levels of 255 between plain pictures that count as wholly different


@dataclass(frozen=True, eq=False)
class View:
    """A small picture, ready to be compared.

    Attributes:
        rgb: (36, 64, 3) uint8.
        structure: (36, 64) float32, contrast with the neighbourhood, in its own unit: about -2..2.
        seen: (36, 64) float32, 1 where there is contrast; 0 where not, or where it is too dark or too bright.
        textured: Share of the picture that is seen.
    """

    rgb: NDArray[np.uint8]
    structure: NDArray[np.float32]
    seen: NDArray[np.float32]
    textured: float

    @cached_property
    def spectrum(self) -> NDArray[Any]:
        """Of the structure."""
        return _spectrum(self.structure)

    @cached_property
    def energy(self) -> float:
        """Sum of the structure's squares."""
        return float(cv2.norm(self.structure, cv2.NORM_L2SQR))

    @cached_property
    def masks(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Spectra of the structure's square, and of what is seen."""
        return _spectrum(self.structure**2), _spectrum(self.seen)


def view_of(rgb: NDArray[np.uint8], coarse: bool = False) -> View:
    """Free a picture (36, 64, 3) uint8 of its light, and if it is to be `coarse` of noise and fine detail as well."""
    require_shape('rgb', rgb, (WORK_WH[1], WORK_WH[0], 3))
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    shown = _shown(gray)
    sigma_px, least = (_SIGMA_PX, _LEAST_CONTRAST) if not coarse else (_COARSE_SIGMA_PX, _COARSE_CONTRAST)
    least *= 0.4 + 0.6 * float(gray.mean()) / 128
    if coarse:
        gray = _mean(gray, shown, _NOISE_PX)
    detail = gray - _mean(gray, shown, sigma_px)
    detail = detail if shown is None else detail * shown
    contrast = np.sqrt(_mean(detail * detail, shown, sigma_px))
    seen = np.asarray(contrast > least, np.float32)
    seen = seen if shown is None else seen * shown
    return View(rgb, np.asarray(seen * detail / (contrast + least), np.float32), seen, float(seen.mean()))


def _shown(gray: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """0 at the bars of a film and the rim of a fisheye, which stay whatever is shown, and where all is blown out.

    None where there is nothing of these.
    """
    hidden = (gray < min(_BLACK, 0.1 * float(gray.mean()) + 1)) | (gray > _WHITE)
    if not hidden.any():
        return None
    spots = cv2.morphologyEx(hidden.astype(np.float32), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return np.asarray(1.0 - cv2.dilate(spots, np.ones((3, 3), np.uint8)), np.float32)


def _mean(image: NDArray[Any], shown: NDArray[Any] | None, sigma_px: float) -> NDArray[Any]:
    """Mean of the neighbourhood, of what is shown there."""
    if shown is None:
        return _blurred(image, sigma_px)
    return np.asarray(_blurred(image * shown, sigma_px) / np.maximum(_blurred(shown, sigma_px), 0.05))


def _blurred(image: NDArray[Any], sigma_px: float) -> NDArray[Any]:
    side = 2 * round(2 * sigma_px) + 1
    return np.asarray(cv2.GaussianBlur(image, (side, side), sigma_px))


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
    structure = _correlation(a.spectrum, b.spectrum)
    rough = cv2.minMaxLoc(structure)[1] / max(float(np.sqrt(a.energy * b.energy)), 1.0)
    if rough < _UNLIKE or rough >= enough:
        return rough
    found, shift = _best_shift(a, b)
    if found >= enough or found < _HOPELESS:
        return found
    return max(found, _fitted(a, b, _shifted(shift)))


def coarse_likeness(a: View, b: View) -> float:
    """The same for coarse views, where scenes are more alike: different ones up to 0.6."""
    if min(a.textured, b.textured) < _LEAST_TEXTURED:
        return _likeness_of_colours(a, b)
    return _best_shift(a, b)[0]


def best_shift(a: View, b: View) -> tuple[int, int]:
    """Where b lies in a, px: (x, y); no shift where there is too little structure, or it has too little in common."""
    if min(a.textured, b.textured) < _LEAST_TEXTURED:
        return 0, 0
    found, shift = _best_shift(a, b)
    return shift if found >= _HOPELESS else (0, 0)


def hue_agreement(a: View, b: View) -> float | None:
    """Whether two mostly plain pictures have one hue, whatever is written on both: no light makes another of it.

    Returns:
        The cosine of their hues, -1..1; None where a picture has structure, or is grey.
    """
    if max(a.textured, b.textured) >= _MOSTLY_PLAIN:
        return None
    hues = []
    for red, green, blue in (_plain_colour(view) for view in (a, b)):
        hues.append(np.array([red - green, 0.5 * (red + green) - blue]))
        if np.linalg.norm(hues[-1]) < max(_LEAST_HUE, _LEAST_SATURATION * (red + green + blue) / 3):
            return None
    return float(hues[0] @ hues[1]) / float(np.linalg.norm(hues[0]) * np.linalg.norm(hues[1]))


def _plain_colour(view: View) -> tuple[float, float, float]:
    """Mean RGB of where nothing is seen."""
    red, green, blue, _ = cv2.mean(view.rgb, np.asarray(1 - view.seen, np.uint8))
    return red, green, blue


def _likeness_of_colours(a: View, b: View) -> float:
    if abs(a.textured - b.textured) > 2 * _LEAST_TEXTURED:
        return 0.0
    return max(0.0, 1.0 - float(cv2.norm(a.rgb, b.rgb, cv2.NORM_L1)) / a.rgb.size / _COLOUR_STEP)


def _spectrum(image: NDArray[np.float32]) -> NDArray[Any]:
    padded = np.zeros((2 * WORK_WH[1], 2 * WORK_WH[0]), np.float32)
    padded[: WORK_WH[1], : WORK_WH[0]] = image
    return np.asarray(cv2.dft(padded, nonzeroRows=WORK_WH[1]))


def _correlation(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    product = cv2.mulSpectrums(a, b, 0, conjB=True)
    return np.asarray(cv2.idft(product, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT))


def _best_shift(a: View, b: View) -> tuple[float, tuple[int, int]]:
    """Correlate at all shifts; the best, weighted by overlap, and where a pixel of b lies in a: (x, y)."""
    (square_a, seen_a), (square_b, seen_b) = a.masks, b.masks
    energy = np.maximum(_correlation(square_a, seen_b), 1.0) * np.maximum(_correlation(seen_a, square_b), 1.0)
    covered = _correlation(seen_a, seen_b) * (1.0 / (a.seen.size * _least_seen(a, b)))
    _, overlap = cv2.threshold(covered, _LEAST_OVERLAP, 0, cv2.THRESH_TOZERO)
    # A small overlap fits by chance: its correlation counts less.
    weighted = _correlation(a.spectrum, b.spectrum) * cv2.sqrt(overlap / energy)
    row, column = divmod(int(weighted.argmax()), weighted.shape[1])
    y, x = (v - n if v > n // 2 else v for v, n in zip((row, column), weighted.shape, strict=True))
    return float(weighted[row, column]), (x, y)


def _least_seen(a: View, b: View) -> float:
    return max(min(float(a.seen.mean()), float(b.seen.mean())), _LEAST_SEEN)


def turned_likeness(fine: tuple[View, View], coarse: tuple[View, View]) -> float:
    """Likeness of two fine views where the camera may have turned or come closer, which only coarse ones forgive.

    Args:
        fine: Of either picture.
        coarse: Likewise; they say where the affine fit begins.
    """
    if min(view.textured for view in (*fine, *coarse)) < _LEAST_TEXTURED:
        return 0.0
    found, shift = _best_shift(*coarse)
    M = _aligned(*coarse, _shifted(shift)) if found >= _LIKELY else None
    return _fitted(*fine, M) if M is not None else 0.0


def _shifted(shift: tuple[int, int]) -> NDArray[Any]:
    return np.array([[1, 0, -shift[0]], [0, 1, -shift[1]]], np.float32)


def _aligned(a: View, b: View, M: NDArray[Any]) -> NDArray[Any] | None:
    """Improve an affine map from a to b; None where it does not converge, or stretches more than a camera would."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 2e-3)
    try:
        seen_b = b.seen.astype(np.uint8)
        M = np.asarray(cv2.findTransformECC(a.structure, b.structure, M, cv2.MOTION_AFFINE, criteria, seen_b, 5)[1])
    except cv2.error:  # it wandered off
        return None
    stretches = np.linalg.svd(M[:, :2], compute_uv=False)
    return M if stretches[0] <= _MOST_STRETCH and stretches[1] >= 1 / _MOST_STRETCH else None


def _fitted(a: View, b: View, M: NDArray[Any]) -> float:
    """Correlation after an affine fit that begins at that map; 0 where it does not converge."""
    fit = _aligned(a, b, M)
    if fit is None:
        return 0.0
    structure, seen = (cv2.warpAffine(x, fit, WORK_WH, flags=_FROM_A) for x in (b.structure, b.seen))
    energy = float((a.structure**2 * seen).sum()) * float((structure**2 * a.seen).sum())
    overlap = float((seen * a.seen).mean()) / _least_seen(a, b)
    if overlap < _LEAST_OVERLAP:
        return 0.0
    return float((a.structure * structure).sum()) * float(np.sqrt(overlap / max(energy, 1.0)))
