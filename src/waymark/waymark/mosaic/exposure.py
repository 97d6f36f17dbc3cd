# SPDX-License-Identifier: Apache-2.0
"""Brightness, tint and vignetting that make frames agree where they show the same ground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import image_corners
from waymark.mosaic.poses import Floats, Poses, ground_of, pixels_of, straight_view, units_of
from waymark.mosaic.view import View

_GRID = 12  # samples along each side of a frame
_DARK, _BRIGHT = 6.0, 249.0  # grey levels outside of these say nothing about light
_GAIN_DOUBT, _VIGNETTE_DOUBT = 0.3, 0.5  # of logarithms
_AGREE = 0.05  # logarithms of brightness that differ by more than this count less
_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Exposure:
    """What frames are multiplied by.

    Attributes:
        log_gain: (N, 3) of red, green, blue.
        vignette: (2,) factors of r^2 and r^4 of its logarithm, r in half diagonals from the middle.
    """

    log_gain: Floats
    vignette: Floats

    def factor(self, i: int, r2: NDArray[np.float32]) -> NDArray[np.float32]:
        """(H, W, 3) factors of frame i where r^2 is (H, W)."""
        shading = r2 * np.float32(self.vignette[0]) + r2 * r2 * np.float32(self.vignette[1])
        return np.asarray(np.exp(shading[..., None] + self.log_gain[i].astype(np.float32)), np.float32)


def no_exposure(count: int) -> Exposure:
    """Leave all frames as they are."""
    return Exposure(np.zeros((count, 3)), np.zeros(2))


def balance(views: list[View], poses: Poses, links: list[tuple[int, int]]) -> Exposure:
    """Fit gains and vignetting to what linked frames show of the same ground.

    Args:
        views: The placed ones.
        poses: Theirs.
        links: Which of them overlap, as positions in `views`.

    Returns:
        Gains around 1: their logarithms weigh against a doubt of 0.3, so that a long flight does not fade.
    """
    if not links:
        return no_exposure(len(views))
    rows = [r for a, b in links if len(r := _samples(views, poses, a, b))]
    if not rows:
        return no_exposure(len(views))
    table = np.concatenate(rows)
    ends, r2, logs = table[:, :2].astype(np.intp), table[:, 2:4], table[:, 4:10].reshape(-1, 2, 3)
    difference = logs[:, 0] - logs[:, 1]
    shading = np.column_stack([r2[:, 0] - r2[:, 1], r2[:, 0] ** 2 - r2[:, 1] ** 2])
    _, vignette = _fit(ends, difference.mean(axis=1), shading, len(views))
    flat = difference + (shading @ vignette)[:, None]
    gains = [_fit(ends, flat[:, k], np.zeros((len(flat), 0)), len(views))[0] for k in range(3)]
    return Exposure(np.stack(gains, axis=1), vignette)


def _samples(views: list[View], poses: Poses, a: int, b: int) -> Floats:
    """Rows (a, b, r2 in a, r2 in b, log RGB in a, log RGB in b) of points that both frames show."""
    corners = image_corners(views[a].size_wh)
    axes = (np.linspace(corners[0, k], corners[2, k], _GRID + 2)[1:-1] for k in (0, 1))
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    ground = ground_of(poses, np.array([a]), units_of(views[a], points)[None])
    other = pixels_of(views[b], float(poses.k1[b]), straight_view(poses, np.array([b]), ground)[0])
    with np.errstate(invalid='ignore'):
        inside = ((other > 0) & (other < np.array(views[b].size_wh) - 1)).all(axis=1)
    colours = [_at(views[i], p[inside]) for i, p in ((a, points), (b, other))]
    sound = np.all([(c > _DARK).all(axis=1) & (c < _BRIGHT).all(axis=1) for c in colours], axis=0)
    radii = [_r2(p[inside], views[i].size_wh) for i, p in ((a, points), (b, other))]
    table = np.column_stack([np.full(len(sound), a), np.full(len(sound), b), *radii, *map(np.log, colours)])
    return np.asarray(table[sound])


def _at(view: View, points_px: Floats) -> Floats:
    """Colour around pixels of the whole frame, from its thumbnail."""
    scale = np.array(view.thumbnail.shape[1::-1]) / np.array(view.size_wh)
    soft = cv2.blur(view.thumbnail, (5, 5))
    places = np.asarray((points_px + 0.5) * scale - 0.5, np.float32)[:, None]
    if len(places) == 0:
        return np.zeros((0, 3))
    found = cv2.remap(soft, places, np.zeros(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.maximum(np.asarray(found, np.float64).reshape(-1, 3), 1e-3)


def _r2(points_px: Floats, size_wh: tuple[int, int]) -> Floats:
    middle = (np.array(size_wh) - 1) / 2
    return np.asarray((((points_px - middle) ** 2).sum(axis=1)) / (middle**2).sum())


def _fit(ends: NDArray[np.intp], difference: Floats, shading: Floats, count: int) -> tuple[Floats, Floats]:
    """Gains g and shading v with difference + g_a - g_b + shading v near 0; weights make it least absolute."""
    size = count + shading.shape[1]
    values, weight = np.zeros(size), np.ones(len(difference))
    prior = np.r_[np.full(count, _GAIN_DOUBT**-2), np.full(size - count, _VIGNETTE_DOUBT**-2)]
    # A frame has some hundred samples: one prior weighs as much as one of them at a doubt of _AGREE.
    for _ in range(_ROUNDS):
        normal, right = np.diag(prior * _AGREE**2), np.zeros(size)
        for i, s in ((0, 1.0), (1, -1.0)):
            np.add.at(normal, (ends[:, i], ends[:, i]), weight)
            np.add.at(normal, (ends[:, i], ends[:, 1 - i]), -weight)
            np.add.at(right, ends[:, i], -s * weight * difference)
            for k in range(shading.shape[1]):
                np.add.at(normal, (ends[:, i], np.full(len(ends), count + k)), s * weight * shading[:, k])
                np.add.at(normal, (np.full(len(ends), count + k), ends[:, i]), s * weight * shading[:, k])
        normal[count:, count:] += (shading * weight[:, None]).T @ shading
        right[count:] -= (shading * weight[:, None]).T @ difference
        values = np.linalg.solve(normal, right)
        off = difference + values[ends[:, 0]] - values[ends[:, 1]] + shading @ values[count:]
        weight = 1 / np.maximum(np.abs(off) / _AGREE, 1.0)
    return values[:count], values[count:]
