# SPDX-License-Identifier: Apache-2.0
"""One picture from above with its labels; equal seeds, equal pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.boxes import from_corners
from waymark_sim.aerial import clutter, look_alikes
from waymark_sim.aerial.backdrops import behind
from waymark_sim.aerial.layouts import LAYOUTS
from waymark_sim.aerial.oblique import View
from waymark_sim.aerial.plan import Plan, is_water
from waymark_sim.aerial.sheet import Laid, Sheet, Sun
from waymark_sim.aerial.thing import Polygon

# How often a layout is painted when none is named.
_SHARES = {'parking': 0.15, 'street': 0.16, 'marina': 0.18, 'sea': 0.08, 'apron': 0.12, 'yard': 0.1}
_SHARES |= {'field': 0.09, 'town': 0.06, 'park': 0.06}
# The names of DOTA where it has the class.
CLASS_NAMES = ('plane', 'ship', 'small vehicle', 'large vehicle', 'container', 'landing pad')
_MOST_HIDDEN = 0.5
_MOST_BEHIND_SKY = 0.3
# Scale in m/px, from and to: cars of about 12 to 130 px, planes that still fit.
_SCALES = {'apron': (0.09, 0.55), 'sea': (0.07, 0.6), 'marina': (0.05, 0.35), 'field': (0.03, 0.3)}
_SCALE = (0.04, 0.33)
_LEAST_AHEAD = 0.06  # at the far side

Maker = Callable[[Sheet, float, float, float, np.random.Generator], object]

# Materials kept for measuring, and what takes their place in scenes to learn from; and the other way round.
_TAUGHT = {'snow': 'sand', 'rock': 'gravel', 'paving': 'concrete'}
_UNSEEN = {'grass': 'rock', 'forest': 'rock', 'gravel': 'rock', 'sand': 'snow', 'dry grass': 'snow', 'soil': 'paving'}
_UNSEEN |= {'asphalt': 'paving', 'concrete': 'paving'}


@dataclass(frozen=True, eq=False)
class AerialScene:
    """A picture and what is to be found in it.

    Attributes:
        rgb: (S, S, 3) uint8.
        boxes: (N, 5) cx, cy, w, h in px, theta in rad, canonical; integers are pixel centres; may reach beyond the rim.
        classes: (N,) indices into CLASS_NAMES.
        layout: Name of its kind.
        metres_per_pixel: Scale.
    """

    rgb: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    layout: str
    metres_per_pixel: float


def make_scene(
    seed: int,
    size_px: int = 640,
    layout: str | None = None,
    unseen: bool = False,
    oblique: bool = False,
    ahead: bool = False,
) -> AerialScene:
    """Paint a scene.

    Args:
        seed: Decides everything.
        size_px: Width and height.
        layout: One of LAYOUTS; None: the seed decides for one that is not odd.
        unseen: On rock, snow and paving, which no detector was taught on; else on everything but these.
        oblique: Seen from the side, 20 to 60 degrees from straight down; boxes lie around all of a thing that shows.
        ahead: Seen in perspective, 50 to 72 degrees from straight down, sky and ridges above it.
    """
    rng = np.random.default_rng((seed, 83))
    name = layout or str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    low, high = _SCALES.get(name, _SCALE)
    low = max(low, _LEAST_AHEAD) if ahead else low
    scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    view = _view_ahead(seed) if ahead else _view(seed) if oblique else None
    sheet = Sheet(size_px, scale, _sun(rng), _UNSEEN if unseen else _TAUGHT, view)
    plan = Plan(sheet, rng)
    LAYOUTS[name](plan)
    if name not in ('eye level', 'roadside'):
        _scatter(sheet, name, rng)
    laid = sheet.seen(_MOST_HIDDEN)
    if ahead:
        laid = [t for thing in laid if _is_below_sky(thing.corners) and (t := _above_rim(thing, sheet.size_m))]
    around = [sheet.view.rectangle_around(thing.corners, sheet.size_m) for thing in laid]
    corners = np.array(around).reshape(-1, 4, 2) / scale - 0.5
    classes = np.array([CLASS_NAMES.index(thing.kind) for thing in laid], np.int64)
    shows = ((corners.max(axis=1) > -0.5) & (corners.min(axis=1) < size_px - 0.5)).all(axis=1)
    picture = sheet.picture()
    if ahead:
        behind(picture, math.ceil(sheet.view.sky * size_px), np.random.default_rng((seed, 86)))
    rgb = _light(picture, rng)
    return AerialScene(rgb, np.asarray(from_corners(corners[shows])), classes[shows], name, scale)


def _view(seed: int) -> View:
    tilt, azimuth = np.random.default_rng((seed, 84)).uniform((math.radians(20), 0.0), (math.radians(60), 2 * math.pi))
    return View(float(tilt), float(azimuth))


def _view_ahead(seed: int) -> View:
    tilt, near = np.random.default_rng((seed, 85)).uniform((math.radians(50), 0.25), (math.radians(72), 0.8))
    return View.ahead(float(tilt), float(near))


def _is_below_sky(corners: Polygon) -> bool:
    """Whether the upper side of the sheet, where the sky begins, hides little of a thing."""
    low, high = corners[:, 1].min(), corners[:, 1].max()
    return bool(-low <= _MOST_BEHIND_SKY * (high - low))


def _above_rim(thing: Laid, size_m: float) -> Laid | None:
    """What lies before the lower side of the sheet, where the picture ends: not far behind it is the camera itself.

    Returns:
        None where that is less than is asked of things that others hide.
    """
    low, high = thing.corners.min(axis=0), thing.corners.max(axis=0)
    if high[1] <= size_m:
        return thing
    if low[1] >= size_m:
        return None
    outline = cv2.convexHull(thing.corners.astype(np.float32))
    window = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], size_m], [low[0], size_m]], np.float32)
    area, part = cv2.intersectConvexConvex(outline, window)
    return Laid(thing.kind, part[:, 0].astype(float)) if area > (1 - _MOST_HIDDEN) * cv2.contourArea(outline) else None


def _sun(rng: np.random.Generator) -> Sun:
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 1.6)
    darkness = rng.choice([0.0, rng.uniform(0.15, 0.4), rng.uniform(0.4, 0.75)], p=(0.12, 0.28, 0.6))
    return Sun((float(length * np.cos(angle)), float(length * np.sin(angle))), float(darkness))


def _scatter(sheet: Sheet, layout: str, rng: np.random.Generator) -> None:
    """Put over everything what belongs to no layout."""
    size = sheet.size_m
    if layout in ('sea', 'marina', 'apron'):
        count = rng.poisson(2)
    else:
        count = rng.poisson(min(size**2 / rng.uniform(80, 1500), 60))
    for _ in range(rng.poisson(6 if layout not in ('sea', 'marina') else 1)):
        _on_land(sheet, clutter.box, rng)
    for maker in (look_alikes.hedge, look_alikes.wall, look_alikes.bed, look_alikes.hedge):
        for _ in range(rng.poisson(0 if layout in ('sea', 'apron') else 2)):
            _on_land(sheet, maker, rng)
    for _ in range(count):
        x, y = _point(size, rng)
        if not is_water(sheet, x, y):
            clutter.tree(sheet, x, y, float(rng.uniform(0.8, 5)), rng)
    for _ in range(rng.poisson(3)):
        clutter.pole(sheet, *_point(size, rng), rng)


def _on_land(sheet: Sheet, maker: Maker, rng: np.random.Generator) -> None:
    x, y = _point(sheet.size_m, rng)
    if not is_water(sheet, x, y):
        maker(sheet, x, y, float(rng.uniform(0, np.pi)), rng)


def _point(size: float, rng: np.random.Generator) -> tuple[float, float]:
    x, y = rng.uniform(0, size, 2)
    return float(x), float(y)


def _light(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Uneven light and a little haze over the whole picture."""
    x, y = rng.normal(0, 0.08, 2)
    n = len(rgb)
    ramp = 1 + x * np.linspace(-1, 1, n, dtype=np.float32)[None] + y * np.linspace(-1, 1, n, dtype=np.float32)[:, None]
    haze = rng.uniform(0, 0.25) if rng.random() < 0.3 else 0.0
    lit = rgb * ramp[..., None] * (1 - haze) + haze * np.array([196, 204, 214], np.float32)
    blurred = cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.25, 1.1))
    return np.asarray(np.clip(blurred, 0, 255), np.uint8)
