# SPDX-License-Identifier: Apache-2.0
"""Structural similarity (SSIM) of images. Shapes, batches and masks: see waymark.similarity.images.

Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli: Image quality assessment: from error visibility to structural similarity,
IEEE Transactions on Image Processing 13(4), 2004. With means mu, variances and covariance sigma over one window, each
divided by the sum of weights (1/n, not 1/(n - 1)), C1 = (k1 L)^2, C2 = (k2 L)^2, C3 = C2 / 2:

    l = (2 mu_a mu_b + C1) / (mu_a^2 + mu_b^2 + C1)          luminance
    c = (2 sigma_a sigma_b + C2) / (sigma_a^2 + sigma_b^2 + C2)  contrast
    s = (sigma_ab + C3) / (sigma_a sigma_b + C3)             structure
    SSIM = l^alpha c^beta s^gamma

s can be negative. Where gamma is not 1 a power of it has no meaning, so it is clamped at 0 first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.similarity.images import Image, Weights, data_range_of, pair_images
from waymark.similarity.windows import (
    GAUSSIAN,
    Constants,
    Exponents,
    Window,
    channels,
    local_map,
    local_strips,
    similarity_of,
)


@dataclass(frozen=True)
class SsimOptions:
    """The numbers of SSIM; the defaults are Wang's.

    Attributes:
        k1: Keeps the luminance of dark windows stable.
        k2: Keeps the contrast of even windows stable.
        exponents: alpha, beta and gamma.
        window: Gaussian or uniform weights, side and sigma in px. scikit-image's own default is Window('uniform', 7).
    """

    k1: float = 0.01
    k2: float = 0.03
    exponents: Exponents = field(default_factory=Exponents)
    window: Window = GAUSSIAN

    def __post_init__(self) -> None:
        if not (self.k1 > 0 and self.k2 > 0):
            raise ValueError(f'k1 and k2: expected numbers above 0, got {self.k1} and {self.k2}')

    def constants(self, data_range: float) -> Constants:
        """C1 and C2 for images whose values span `data_range`."""
        return Constants((self.k1 * data_range) ** 2, (self.k2 * data_range) ** 2)


WANG = SsimOptions()


def mean_ssim(
    a: Image,
    b: Image,
    *,
    data_range: float | None = None,
    mask: NDArray[Any] | None = None,
    options: SsimOptions = WANG,
) -> NDArray[np.float64]:
    """Mean of SSIM over all windows that lie inside the image, and over channels: what is usually called SSIM.

    float64 images agree with scikit-image (gaussian_weights=True, use_sample_covariance=False) to 1e-12; others run in
    float32, three times as fast, within 2e-6 of that (a single window within 2e-4). Equal images give exactly 1, and
    the order of the images changes no bit.

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C), no side shorter than the window.
        b: Same shape.
        data_range: L, the span of possible values; must be said for floats.
        mask: (H, W) or (N, H, W) weights 0..1 of the windows, by the pixel at their centre.
        options: Constants, exponents and window.

    Returns:
        -1..1: one number, or (N,) for a batch.

    Raises:
        ValueError: As images.pair_images and data_range_of; images smaller than the window; a mask that weighs only
            the border, where no whole window fits.
    """
    constants = options.constants(data_range_of(a, b, data_range))
    pairs = pair_images(a, b, mask)
    options.window.require_fits(pairs.a.shape[1:3])

    def score(x: Image, y: Image, weights: Weights | None) -> float:
        return pooled(x, y, weights, constants, options.exponents, options.window)

    return pairs.scores(score)


def pooled(
    a: Image, b: Image, weights: Weights | None, constants: Constants, exponents: Exponents, window: Window
) -> float:
    """Weighted mean over windows and channels of l^alpha c^beta s^gamma; see mean_ssim.

    Args:
        a: (H, W, C).
        b: (H, W, C).
        weights: (H, W) or None.
        constants: C1 and C2.
        exponents: alpha, beta, gamma; alpha 0 leaves luminance out.
        window: Weights of a window.

    Raises:
        ValueError: All whole windows have weight 0.
    """
    inner = None if weights is None else window.inner(weights)
    total = np.prod([side - 2 * window.margin for side in a.shape[:2]]) if inner is None else inner.sum()
    if total == 0:
        raise ValueError('mask: it leaves nothing to compare: no whole window fits where it weighs')
    found = 0.0
    for x, y in channels(a, b):
        for rows, values in local_strips(x, y, constants, exponents, window):
            found += cv2.sumElems(values)[0] if inner is None else np.einsum('hw,hw->', inner[rows], values)
    return float(found / (total * a.shape[2]))


def ssim_map(
    a: Image, b: Image, *, data_range: float | None = None, options: SsimOptions = WANG
) -> NDArray[np.floating[Any]]:
    """SSIM of the window around each pixel; at the border the image is mirrored, the edge pixel included.

    Args:
        a: (H, W) or (H, W, C), no side shorter than the window.
        b: Same shape.
        data_range: L, the span of possible values; must be said for floats.
        options: Constants, exponents and window.

    Returns:
        Shape of `a`, -1..1; float64 for float64 images, else float32.

    Raises:
        ValueError: As mean_ssim.
    """
    constants = options.constants(data_range_of(a, b, data_range))
    pairs = pair_images(a, b, None)
    if pairs.is_batch:
        raise ValueError(f'a: expected one image, (H, W) or (H, W, C), got a batch {a.shape}')
    options.window.require_fits(pairs.a.shape[1:3])
    margin = options.window.margin
    maps = []
    for x, y in channels(pairs.a[0], pairs.b[0]):
        wide = [cv2.copyMakeBorder(p, margin, margin, margin, margin, cv2.BORDER_REFLECT) for p in (x, y)]
        maps.append(local_map(wide[0], wide[1], constants, options.exponents, options.window))
    return maps[0] if a.ndim == 2 else np.stack(maps, axis=-1)


def global_ssim(
    a: Image,
    b: Image,
    *,
    data_range: float | None = None,
    mask: NDArray[Any] | None = None,
    options: SsimOptions = WANG,
) -> NDArray[np.float64]:
    """SSIM of the whole image as one window, mean over channels: Wang's formula with 1/n moments over all pixels.

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C).
        b: Same shape.
        data_range: L, the span of possible values; must be said for floats.
        mask: (H, W) or (N, H, W) weights 0..1 of the pixels in the moments.
        options: Constants and exponents; the window plays no part.

    Returns:
        -1..1: one number, or (N,) for a batch; always computed in float64.

    Raises:
        ValueError: As images.pair_images and data_range_of.
    """
    constants = options.constants(data_range_of(a, b, data_range))

    def score(x: Image, y: Image, weights: Weights | None) -> float:
        share = np.ones(x.shape[:2]) if weights is None else weights
        share = share / share.sum()
        found = []
        for p, q in channels(np.asarray(x, np.float64), np.asarray(y, np.float64)):
            mean_p, mean_q = _moment(share, p), _moment(share, q)
            p, q = p - mean_p, q - mean_q
            variances = _moment(share, p, p), _moment(share, q, q), _moment(share, p, q)
            found.append(similarity_of(mean_p, mean_q, *variances, constants, options.exponents))
        return float(np.mean(found))

    return pair_images(a, b, mask).scores(score)


def _moment(share: Weights, *planes: NDArray[Any]) -> NDArray[np.float64]:
    """Weighted sum of the product of planes, a 0-d array."""
    return np.asarray(np.einsum(','.join(['hw'] * (len(planes) + 1)) + '->', share, *planes))
