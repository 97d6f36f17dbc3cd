# SPDX-License-Identifier: Apache-2.0
"""The same ground months later: other colours, shadows that fall elsewhere, and a tenth of it changed."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.ground import Ground

_SHADE = 0.55  # brightness in a shadow
_DARK = 0.62  # of the brightness around it: what is darker counts as a shadow
_AROUND_M, _LENGTH_M = 8.0, 2.0
_PATCH_M = 6.0  # of what changed


def another_season(ground: Ground, seed: int, changed: float = 0.1) -> Ground:
    """Recolour a ground, turn its shadows, and replace patches of it by others of its own.

    Args:
        ground: Stays as it is.
        seed: Decides colours, the sun and the patches.
        changed: Share of the known ground that is replaced.
    """
    rng = np.random.default_rng((seed, 14))
    rgb = _patched(ground, rng, changed)
    rgb = _shadows_turned(rgb, ground.metres_per_pixel, rng.uniform(0, 2 * math.pi))
    return Ground(_recoloured(rgb, rng), ground.metres_per_pixel, ground.known)


def _patched(ground: Ground, rng: np.random.Generator, changed: float) -> NDArray[np.uint8]:
    """Copy round patches from elsewhere until the share is reached."""
    rgb, known = ground.rgb.copy(), ground.known
    radius = max(round(_PATCH_M / 2 / ground.metres_per_pixel), 2)
    side = 2 * radius + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(bool)
    rows, columns = (n - side for n in known.shape)
    if rows < 1 or columns < 1:
        return rgb
    is_changed = np.zeros_like(known)
    wanted = changed * np.count_nonzero(known)
    while np.count_nonzero(is_changed) < wanted:
        for _ in range(20):
            (r, c), (from_r, from_c) = rng.integers(0, (rows, columns), (2, 2))
            there = np.s_[r : r + side, c : c + side]
            if not (known[there].all() and known[from_r : from_r + side, from_c : from_c + side].all()):
                continue
            rgb[there][disc] = ground.rgb[from_r : from_r + side, from_c : from_c + side][disc]
            is_changed[there] |= disc
    return rgb


def _shadows_turned(rgb: NDArray[np.uint8], metres_per_pixel: float, sun_rad: float) -> NDArray[np.uint8]:
    """Lighten what is much darker than what is around it, and darken the same shape on another side."""
    value = rgb.max(axis=2).astype(np.float32)
    side = 2 * round(_AROUND_M / 2 / metres_per_pixel) + 1
    around = cv2.blur(value, (side, side))
    shadow = (value < _DARK * around).astype(np.float32)
    small = max(round(0.3 / metres_per_pixel), 1)
    shadow = cv2.blur(cv2.morphologyEx(shadow, cv2.MORPH_OPEN, np.ones((small, small))), (small, small))
    reach = _LENGTH_M / metres_per_pixel
    move = np.array([[1.0, 0.0, reach * math.cos(sun_rad)], [0.0, 1.0, reach * math.sin(sun_rad)]])
    turned = cv2.warpAffine(shadow, move, (rgb.shape[1], rgb.shape[0]))
    light = 1.0 + shadow * (1.0 / _SHADE - 1.0)  # out of the old shadows
    dark = 1.0 - turned * (1.0 - _SHADE)
    return np.clip(rgb * (light * dark)[:, :, None], 0, 255).astype(np.uint8)


def _recoloured(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn green towards brown or brown towards green, and bend the brightness."""
    mix = np.eye(3) + rng.uniform(-0.25, 0.25, (3, 3))
    mix /= mix.sum(axis=1, keepdims=True)
    coloured = cv2.transform(rgb.astype(np.float32) / 255.0, mix)
    gamma = rng.uniform(0.75, 1.3)
    return np.asarray(np.clip(255 * np.clip(coloured, 0, 1) ** gamma, 0, 255), np.uint8)
