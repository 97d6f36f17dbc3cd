# SPDX-License-Identifier: Apache-2.0
"""Multi-scale structural similarity (MS-SSIM). Shapes, batches and masks: see waymark.similarity.images.

Z. Wang, E. Simoncelli, A. Bovik: Multiscale structural similarity for image quality assessment, Asilomar 2003, eq. 7:

    MS-SSIM = l_M^alpha  prod_k c_k^beta_k s_k^gamma_k        k = 1 (full size) .. M (coarsest)

Luminance enters once, at the coarsest scale. As in the authors' code, the exponents act on means over windows. With
independent exponents the mean of scale k is of c^(beta_k / w_k) s^(gamma_k / w_k), w_k = max(beta_k, gamma_k) (and
alpha at the coarsest), and has weight w_k: for beta_k = gamma_k = w_k that is the usual (mean of c s)^w_k, and each
exponent alone gives what its name says. A scale is half the one before, by the mean of 2 x 2 pixels; an odd last row
or column is doubled first (the authors' symmetric border, TensorFlow's too; pytorch-msssim pads with zeros there).

The mean of a scale can be negative (contrast-structure of inverted images). It is clamped at 0: MS-SSIM is then 0, and
its -log infinite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.similarity.images import Image, Weights, data_range_of, pair_images
from waymark.similarity.structure import WANG, SsimOptions, pooled
from waymark.similarity.windows import Constants, Exponents, channels

WANG_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@dataclass(frozen=True)
class MsSsimOptions:
    """The numbers of MS-SSIM; the defaults are Wang's.

    Attributes:
        alpha: Exponent of luminance at the coarsest scale.
        beta: Exponents of contrast, full size first.
        gamma: Exponents of structure, full size first.
        ssim: Constants and window; its own exponents play no part.
    """

    alpha: float = WANG_WEIGHTS[-1]
    beta: tuple[float, ...] = WANG_WEIGHTS
    gamma: tuple[float, ...] = WANG_WEIGHTS
    ssim: SsimOptions = WANG

    def __post_init__(self) -> None:
        if not self.beta or len(self.beta) != len(self.gamma):
            raise ValueError(f'beta and gamma: expected one each per scale, got {self.beta} and {self.gamma}')
        if any(e.largest == 0 for e in self.exponents()):
            raise ValueError('exponents: a scale where all are 0 says nothing, leave it out')

    def exponents(self) -> list[Exponents]:
        """Of each scale, full size first; alpha is 0 but at the last."""
        last = len(self.beta) - 1
        pairs = zip(self.beta, self.gamma, strict=True)
        return [Exponents(self.alpha if k == last else 0.0, b, g) for k, (b, g) in enumerate(pairs)]

    @property
    def smallest_px(self) -> int:
        """Shortest side of an image whose coarsest scale still holds one window (161 for five scales of 11 px)."""
        return int((self.ssim.window.size_px - 1) * 2 ** (len(self.beta) - 1) + 1)


STANDARD = MsSsimOptions()


def ms_ssim(
    a: Image,
    b: Image,
    *,
    data_range: float | None = None,
    mask: NDArray[Any] | None = None,
    options: MsSsimOptions = STANDARD,
) -> NDArray[np.float64]:
    """MS-SSIM (see above), mean over channels at each scale.

    float64 images agree with pytorch-msssim in float64 to 1e-12 where no scale has an odd side; others run in float32
    within 2e-6 of that.

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C), no side shorter than options.smallest_px.
        b: Same shape.
        data_range: L, the span of possible values; must be said for floats.
        mask: (H, W) or (N, H, W) weights 0..1 of the windows by their centre, halved in size with the image.
        options: Exponents, constants, window.

    Returns:
        0..1: one number, or (N,) for a batch; several channels are one product per channel, then their mean.

    Raises:
        ValueError: As mean_ssim; a mask that weighs only the border (5 px at each scale, 80 px of the full image at
            the coarsest of five), where no whole window fits.
    """
    constants = options.ssim.constants(data_range_of(a, b, data_range))
    pairs = pair_images(a, b, mask)
    _require_size(pairs.a.shape[1:3], options)

    return pairs.scores(lambda x, y, w: float(np.exp(-_minus_logs(x, y, w, constants, options)).mean()))


def ms_ssim_log(
    a: Image,
    b: Image,
    *,
    data_range: float | None = None,
    mask: NDArray[Any] | None = None,
    options: MsSsimOptions = STANDARD,
) -> NDArray[np.float64]:
    """-log MS-SSIM as a weighted sum, sum over scales of w_k (-log mean_k): a distance that adds up.

    For one channel it is exactly -log(ms_ssim); of several channels it is the mean of their sums, the -log of their
    geometric mean.

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C), no side shorter than options.smallest_px.
        b: Same shape.
        data_range: L, the span of possible values; must be said for floats.
        mask: See ms_ssim.
        options: Exponents, constants, window.

    Returns:
        0 for equal images, infinite where a scale is clamped at 0: one number, or (N,) for a batch.

    Raises:
        ValueError: As ms_ssim.
    """
    constants = options.ssim.constants(data_range_of(a, b, data_range))
    pairs = pair_images(a, b, mask)
    _require_size(pairs.a.shape[1:3], options)
    return pairs.scores(lambda x, y, w: float(_minus_logs(x, y, w, constants, options).mean()))


def _minus_logs(a: Image, b: Image, weights: Weights | None, constants: Constants, options: MsSsimOptions) -> Weights:
    """-log MS-SSIM of each channel of two (H, W, C) images, (C,)."""
    planes = channels(_real(a), _real(b))
    return np.array([_minus_log(x[..., None], y[..., None], weights, constants, options) for x, y in planes])


def _minus_log(a: Image, b: Image, weights: Weights | None, constants: Constants, options: MsSsimOptions) -> float:
    """-log MS-SSIM of two (H, W, 1) images."""
    total = 0.0
    for k, exponents in enumerate(options.exponents()):
        if k:
            a, b = _halved(a), _halved(b)
            weights = None if weights is None else _halved(weights)
        largest = exponents.largest
        shares = Exponents(*(e / largest for e in (exponents.alpha, exponents.beta, exponents.gamma)))
        mean = pooled(a, b, weights, constants, shares, options.ssim.window)
        total += largest * (-math.log(mean) if mean > 0 else math.inf)
    return total


def _real(image: Image) -> Image:
    """Averages of pixels need fractions; float64 stays."""
    return image if image.dtype == np.float64 else np.asarray(image, np.float32)


def _halved(image: NDArray[Any]) -> NDArray[Any]:
    """Mean of 2 x 2 pixels of (H, W) or (H, W, 1), an odd last row or column doubled first."""
    height, width = image.shape[:2]
    plane = image.reshape(height, width)
    if height % 2 or width % 2:
        plane = cv2.copyMakeBorder(plane, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = np.asarray(cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return half.reshape(*half.shape[:2], *image.shape[2:])


def _require_size(shape_hw: tuple[int, ...], options: MsSsimOptions) -> None:
    if min(shape_hw) < options.smallest_px:
        raise ValueError(
            f'image {shape_hw[1]}x{shape_hw[0]} is too small for {len(options.beta)} scales: no side may be shorter '
            f'than {options.smallest_px} px'
        )
