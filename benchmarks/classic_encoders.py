# SPDX-License-Identifier: Apache-2.0
"""Encoders without a network: layouts of edges and colours, spline pyramids, VLAD over local descriptors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Encode = Callable[[NDArray[np.uint8]], Floats]
Describe = Callable[[NDArray[np.uint8]], Floats]  # (N, D) local descriptors


def unit(x: Floats) -> Floats:
    """Make a vector one long; (almost) nothing stays nothing."""
    norm = np.linalg.norm(x)
    return x / norm if norm > 1e-6 else x * 0


def edge_colour_layout(
    rgb: NDArray[np.uint8], size_px: int = 96, cells: int = 12, colour_weight: float = 1.0
) -> Floats:
    """Histograms of directions in a grid beside a small CIELAB picture, each less its mean over the grid."""
    small = cv2.resize(rgb, (size_px, size_px), interpolation=cv2.INTER_AREA)
    histograms = _sampled(directions(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)), cells) ** 0.5
    lab = _sampled(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), 8)
    edges, colours = (unit((grid - grid.mean((0, 1))).ravel()) for grid in (histograms, lab))
    return unit(np.concatenate([edges, colour_weight * colours]))


def directions(gray: Floats, bins: int = 8) -> Floats:
    """Gradient strength shared by the two directions nearest to it, (H, W, bins)."""
    dx = cv2.Sobel(gray, cv2.CV_32F, 1, 0, ksize=1)
    dy = cv2.Sobel(gray, cv2.CV_32F, 0, 1, ksize=1)
    return _by_direction(dx, dy, bins)


def spline_pyramid(rgb: NDArray[np.uint8], degree: int = 3, levels: Sequence[int] = (12, 6), bins: int = 8) -> Floats:
    """Colours in a Bernstein basis, and cubic B-spline derivatives by direction, pooled on grids of several sizes.

    The basis is that of a Kolmogorov spline network's edge functions, without their SiLU.
    """
    small = cv2.resize(rgb, (96, 96), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = np.clip(lab / (100, 100, 100) + (0, 0.5, 0.5), 0, 1).astype(np.float32)
    colours = bernstein(lab, degree).reshape(96, 96, -1)
    light, parts = lab[..., 0], []
    difference, smooth = np.array([-0.5, 0, 0.5], np.float32), np.array([1, 4, 1], np.float32) / 6
    for level, cells in enumerate(levels):
        light = cv2.pyrDown(light) if level else light
        dx = cv2.sepFilter2D(light, cv2.CV_32F, difference, smooth)
        dy = cv2.sepFilter2D(light, cv2.CV_32F, smooth, difference)
        for grid in (_averaged(_by_direction(dx, dy, bins), cells) ** 0.5, _averaged(colours, cells)):
            parts.append(unit((grid - grid.mean((0, 1))).ravel()))
    return unit(np.concatenate(parts))


def bernstein(x: Floats, degree: int) -> Floats:
    """Bernstein polynomials of values in 0..1: one more axis of degree + 1 weights that sum to one."""
    k = np.arange(degree + 1)
    return np.array([comb(degree, i) for i in k]) * x[..., None] ** k * (1 - x[..., None]) ** (degree - k)


def hog_cells(rgb: NDArray[np.uint8]) -> Floats:
    """(N, 128) descriptors of 4 x 4 neighbouring cells."""
    gray = cv2.cvtColor(cv2.resize(rgb, (128, 96), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    cells = _averaged(directions(gray), 24, 32)
    blocks = np.lib.stride_tricks.sliding_window_view(cells, (4, 4), axis=(0, 1)).reshape(-1, 128)
    return np.sqrt(blocks / np.maximum(blocks.sum(1, keepdims=True), 1e-6))


def root_sift(rgb: NDArray[np.uint8]) -> Floats:
    """(N, 128) SIFT on a grid in two sizes, square-rooted (Arandjelovic and Zisserman, CVPR 2012)."""
    gray = cv2.cvtColor(cv2.resize(rgb, (160, 120), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    points = [cv2.KeyPoint(x, y, s) for s in (12, 24) for y in range(8, 116, 8) for x in range(8, 156, 8)]
    _, found = cv2.SIFT_create().compute(gray, points)
    return np.sqrt(found / np.maximum(found.sum(1, keepdims=True), 1e-6))


def akaze(rgb: NDArray[np.uint8]) -> Floats:
    """(N, 488) bits of AKAZE keypoints as +-1; (0, 488) where there are none."""
    gray = cv2.cvtColor(cv2.resize(rgb, (320, 240)), cv2.COLOR_RGB2GRAY)
    _, found = cv2.AKAZE_create(threshold=1e-4).detectAndCompute(gray, None)
    if found is None:
        return np.zeros((0, 488), np.float32)
    return np.unpackbits(found, axis=1).astype(np.float32) * 2 - 1


def fit_vlad(describe: Describe, pictures: Sequence[NDArray[np.uint8]], words: int = 64, seed: int = 0) -> Encode:
    """VLAD with intra-normalisation (Arandjelovic and Zisserman, CVPR 2013) and a vocabulary from `pictures`."""
    rng = np.random.default_rng(seed)
    pool = np.concatenate([describe(picture) for picture in pictures]).astype(np.float32)
    pool = pool[rng.permutation(len(pool))[:30000]]
    cv2.setRNGSeed(seed + 1)
    _, _, vocabulary = cv2.kmeans(pool, words, None, (3, 20, 1e-3), 1, cv2.KMEANS_PP_CENTERS)

    def encode(rgb: NDArray[np.uint8]) -> Floats:
        found = describe(rgb)
        nearest = (found @ vocabulary.T - 0.5 * (vocabulary**2).sum(1)).argmax(1)
        sums = np.zeros_like(vocabulary)
        np.add.at(sums, nearest, found - vocabulary[nearest])
        return unit((sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)).ravel())

    return encode


def fit_pca(encode: Encode, views: Sequence[NDArray[np.uint8]], dim: int = 256, whiten: float = 0.0) -> Encode:
    """Project on the first components of `views`; `whiten` 1 divides by their standard deviation, 0 does not."""
    x = np.stack([encode(view) for view in views])
    mean = x.mean(0)
    _, s, v = np.linalg.svd(x - mean, full_matrices=False)
    P = v[:dim] / (s[:dim, None] / np.sqrt(len(x)) + 1e-3) ** whiten
    return lambda rgb: unit(P @ (encode(rgb) - mean))


def fit_lda(
    encode: Encode, places: Sequence[Sequence[NDArray[np.uint8]]], dim: int = 256, ridge: float = 3e-4
) -> Encode:
    """Weigh down what changes between views of one place (half whitening of the within-place covariance)."""
    x = np.stack([[encode(view) for view in views] for views in places])
    mean = x.mean((0, 1))
    within = (x - x.mean(1, keepdims=True)).reshape(-1, x.shape[-1])
    w, v = np.linalg.eigh(within.T @ within / len(within) + ridge * np.eye(x.shape[-1]))
    calm = (v * w**-0.25) @ v.T
    _, _, axes = np.linalg.svd((x.mean(1) - mean) @ calm, full_matrices=False)
    P = axes[:dim] @ calm
    return lambda rgb: unit(P @ (encode(rgb) - mean))


def _by_direction(dx: Floats, dy: Floats, bins: int) -> Floats:
    strength, angle = cv2.cartToPolar(dx, dy)
    apart = np.abs((angle % np.pi)[..., None] * (bins / np.pi) - np.arange(bins))
    return strength[..., None] * np.maximum(1 - np.minimum(apart, bins - apart), 0)


def _sampled(channels: Floats, cells: int) -> Floats:
    """Blur by half a cell, then take the cells' centres."""
    side = channels.shape[0]
    blurred = cv2.GaussianBlur(channels, (0, 0), 0.5 * side / cells)
    at = ((np.arange(cells) + 0.5) * side / cells).astype(int)
    return blurred[at][:, at]


def _averaged(channels: Floats, rows: int, columns: int = 0) -> Floats:
    h, w, c = channels.shape
    columns = columns or rows
    return channels.reshape(rows, h // rows, columns, w // columns, c).mean((1, 3))
