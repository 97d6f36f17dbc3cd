# SPDX-License-Identifier: Apache-2.0
"""Moments of two images in the window around each pixel, and the similarity that they give (see structure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.similarity.images import Image, Weights

Map = NDArray[np.floating[Any]]
# Pixels that are worked on at a time: what one step writes is still in the cache for the next.
_STRIP_PIXELS = {4: 1 << 16, 8: 1 << 15}


@dataclass(frozen=True)
class Constants:
    """C1 and C2 of SSIM, grey levels squared; C3 is C2 / 2."""

    c1: float
    c2: float


@dataclass(frozen=True)
class Exponents:
    """Of luminance, contrast and structure; 0 leaves one out."""

    alpha: float = 1.0
    beta: float = 1.0
    gamma: float = 1.0

    def __post_init__(self) -> None:
        if not all(np.isfinite(e) and e >= 0 for e in (self.alpha, self.beta, self.gamma)):
            raise ValueError(f'exponents: expected numbers from 0, got {self.alpha}, {self.beta}, {self.gamma}')

    @property
    def largest(self) -> float:
        """The largest of the three."""
        return max(self.alpha, self.beta, self.gamma)


@dataclass(frozen=True)
class Window:
    """Weights of the pixels around one, the same in x and y.

    Attributes:
        shape: 'gaussian' or 'uniform'.
        size_px: Side, odd.
        sigma_px: Of the Gaussian.
    """

    shape: str = 'gaussian'
    size_px: int = 11
    sigma_px: float = 1.5

    def __post_init__(self) -> None:
        if self.shape not in ('gaussian', 'uniform'):
            raise ValueError(f'window: expected gaussian or uniform, got {self.shape!r}')
        if self.size_px < 3 or self.size_px % 2 == 0 or self.sigma_px <= 0:
            raise ValueError(f'window: expected an odd side from 3 and sigma above 0, got {self}')

    @property
    def margin(self) -> int:
        """Pixels from the centre to the edge."""
        return self.size_px // 2

    def inner(self, image: NDArray[Any]) -> NDArray[Any]:
        """The pixels of (H, W, ...) around which a whole window fits."""
        return image[self.margin : image.shape[0] - self.margin, self.margin : image.shape[1] - self.margin]

    def require_fits(self, shape_hw: tuple[int, ...]) -> None:
        """Refuse images smaller than one window.

        Raises:
            ValueError: `image 8x6 is smaller than the window of 11 px`.
        """
        if min(shape_hw) < self.size_px:
            raise ValueError(f'image {shape_hw[1]}x{shape_hw[0]} is smaller than the window of {self.size_px} px')


GAUSSIAN = Window()


def channels(a: Image, b: Image) -> Iterator[tuple[Map, Map]]:
    """Planes (H, W) of two (H, W, C) images, as they are or contiguous."""
    for c in range(a.shape[2]):
        yield np.ascontiguousarray(a[..., c]), np.ascontiguousarray(b[..., c])


def local_map(a: Image, b: Image, constants: Constants, exponents: Exponents, window: Window) -> Map:
    """Similarity of all whole windows: local_strips put together, (H - 2 margin, W - 2 margin)."""
    return np.concatenate([strip for _, strip in local_strips(a, b, constants, exponents, window)])


def local_strips(
    a: Image, b: Image, constants: Constants, exponents: Exponents, window: Window
) -> Iterator[tuple[slice, Map]]:
    """Similarity of all whole windows, a few rows at a time.

    Args:
        a: (H, W).
        b: (H, W), the same dtype.
        constants: C1 and C2.
        exponents: alpha 0 or 1 with beta = gamma = 1 is the fast path.
        window: Weights.

    Yields:
        Which of the H - 2 margin rows, and (rows, W - 2 margin) values: float64 where the images are float64 or the
        exponents need it, else float32.
    """
    is_plain = exponents.beta == exponents.gamma == 1 and exponents.alpha in (0, 1)
    dtype = np.dtype(np.float32 if is_plain and a.dtype != np.float64 else np.float64)
    means = cv2.mean(a)[0], cv2.mean(b)[0]
    if a.dtype.kind != 'f':  # whole numbers about a whole number: exact until they are weighed
        means = float(round(means[0])), float(round(means[1]))
    height, width = a.shape[0] - 2 * window.margin, a.shape[1] - 2 * window.margin
    step = max(_STRIP_PIXELS[dtype.itemsize] // a.shape[1], 16)
    for top in range(0, height, step):
        rows = slice(top, min(top + step, height))
        needed = slice(rows.start, rows.stop + 2 * window.margin)
        x, y = a[needed], b[needed]
        if is_plain:
            values = _plain(x, y, means, constants, exponents.alpha == 1, window, dtype)
        else:
            values = _powered(x, y, means, constants, exponents, window)
        yield rows, values[:, window.margin : window.margin + width]


def similarity_of(
    mean_a: Map, mean_b: Map, var_a: Map, var_b: Map, cov: Map, constants: Constants, exponents: Exponents
) -> Map:
    """l^alpha c^beta s^gamma of moments (see structure), any shape; structure is clamped at 0 where gamma is not 1."""
    c1, c2 = constants.c1, constants.c2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    if exponents.beta == exponents.gamma == 1:
        return np.asarray(luminance**exponents.alpha * (2 * cov + c2) / (var_a + var_b + c2))
    both = np.sqrt(np.maximum(var_a, 0) * np.maximum(var_b, 0))
    contrast = (2 * both + c2) / (var_a + var_b + c2)
    structure = (cov + c2 / 2) / (both + c2 / 2)
    structure = structure if exponents.gamma == 1 else np.maximum(structure, 0) ** exponents.gamma
    return np.asarray(luminance**exponents.alpha * contrast**exponents.beta * structure)


def _plain(
    a: Image,
    b: Image,
    means: tuple[float, float],
    constants: Constants,
    has_luminance: bool,
    window: Window,
    dtype: np.dtype[Any],
) -> Map:
    """All exponents 1 (or without l): four filters, on the sum s and the difference d of the images.

    c s = (2 cov + C2) / (var_a + var_b + C2) = 1 - 2 var_d / (var_s + var_d + 2 C2)
    l = 1 - 2 mu_d^2 / (mu_s^2 + mu_d^2 + 2 C1)

    What images share cancels in d before anything is rounded: where they are alike, float32 is good to 1e-7. Moments
    are about the images' means, for they lose fewer digits than moments about 0.
    """
    mean_s, mean_d = means[0] + means[1], means[0] - means[1]
    mu_s, var_s = _moments(_combined(a, b, 1, mean_s, dtype), window, 2 * constants.c2)
    mu_d, var_d = _moments(_combined(a, b, -1, mean_d, dtype), window)
    var_s += var_d
    found = _one_minus_twice(var_d, var_s)
    if has_luminance:
        mu_s += dtype.type(mean_s)
        mu_d += dtype.type(mean_d)
        mu_s *= mu_s
        mu_d *= mu_d
        mu_s += mu_d
        mu_s += dtype.type(2 * constants.c1)
        found *= _one_minus_twice(mu_d, mu_s)
    return found


def _combined(a: Image, b: Image, sign: int, centre: float, dtype: np.dtype[Any]) -> Map:
    """A + sign * b - centre."""
    if a.dtype in (np.uint8, np.uint16):  # one pass instead of two
        kind = cv2.CV_32F if dtype == np.float32 else cv2.CV_64F
        return np.asarray(cv2.addWeighted(a, 1, b, sign, -centre, dtype=kind))
    plane = np.add(a, b, dtype=dtype) if sign == 1 else np.subtract(a, b, dtype=dtype)
    plane -= dtype.type(centre)
    return plane


def _moments(plane: Map, window: Window, offset: float = 0.0) -> tuple[Map, Map]:
    """Mean, and variance plus `offset`, of each window. The plane's memory is used up."""
    mean = _smooth(plane, window)
    plane *= plane
    variance = _smooth(plane, window, offset)
    variance -= np.multiply(mean, mean, out=plane[: len(mean)])
    return mean, variance


def _one_minus_twice(part: Map, whole: Map) -> Map:
    """1 - 2 part / whole, in the memory of `part`."""
    cv2.divide(part, whole, dst=part, scale=-2)
    part += part.dtype.type(1)
    return part


def _powered(
    a: Image, b: Image, means: tuple[float, float], constants: Constants, exponents: Exponents, window: Window
) -> Map:
    """Any exponents: variances apart, five filters, float64."""
    x, y = np.subtract(a, means[0], dtype=np.float64), np.subtract(b, means[1], dtype=np.float64)
    mu_x, mu_y = _smooth(x, window), _smooth(y, window)
    var_x = _smooth(x * x, window) - mu_x**2
    var_y = _smooth(y * y, window) - mu_y**2
    cov = _smooth(x * y, window) - mu_x * mu_y
    return similarity_of(mu_x + means[0], mu_y + means[1], var_x, var_y, cov, constants, exponents)


def _smooth(plane: Map, window: Window, offset: float = 0.0) -> Map:
    """Weighted mean over each window, plus `offset`; all columns, rows with whole windows only.

    The border columns are left for later: rows without gaps are twice as fast to work on.
    """
    taps = _taps(window, plane.dtype.name)
    filtered = cv2.sepFilter2D(plane, -1, taps, taps, delta=offset, borderType=cv2.BORDER_REFLECT)
    return np.asarray(filtered, plane.dtype)[window.margin : len(plane) - window.margin]


@lru_cache(maxsize=16)
def _taps(window: Window, dtype: str) -> Weights:
    """Weights along one axis, (size,), that sum to 1 even after rounding to `dtype`."""
    offsets = np.arange(window.size_px) - window.margin
    width = window.sigma_px if window.shape == 'gaussian' else np.inf
    taps = np.exp(-(offsets**2) / (2 * width**2))
    rounded: Weights = (taps / taps.sum()).astype(dtype)
    # In float32 they miss 1 by some 1e-8, which times a mean squared is a false variance. The outer taps are the
    # smallest, with the finest steps: they take up the rest.
    rest = 1.0 - rounded.astype(np.float64).sum()
    rounded[[0, -1]] += np.asarray(rest / 2, dtype)
    return rounded
