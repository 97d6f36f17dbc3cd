# SPDX-License-Identifier: Apache-2.0
"""The flat ground under a simulated flight: a picture of known scale, generated or the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import SourceError
from waymark.image.ground_file import read_ground_file
from waymark_sim.canvas import Canvas
from waymark_sim.countryside import paint_countryside
from waymark_sim.pad import landing_pad
from waymark_sim.village import paint_village

_MEADOW = (118, 140, 82)
# Finer than this is not needed from 20 m; coarser would blur the edges of the pad.
_FINE_M = 0.05
_LARGEST_PX = 6144
_SMALLEST_PX = 16
_WIDE_M = 200.0  # of ground whose scale nobody says


@dataclass(frozen=True, eq=False)
class Ground:
    """A picture on the plane z = 0. The map's origin is its centre; x points east (right), y north (up).

    Attributes:
        rgb: (H, W, 3) uint8.
        metres_per_pixel: Size of a pixel, m.
        known: (H, W) bool; False where the picture shows nothing (the transparent border of an orthophoto).
    """

    rgb: NDArray[np.uint8]
    metres_per_pixel: float
    known: NDArray[np.bool_]

    @property
    def H_texture_from_ground(self) -> NDArray[np.float64]:
        """(3, 3) from (x, y, 1) in m to (column, row, 1) in px; integers are pixel centres."""
        height, width = self.rgb.shape[:2]
        k = 1.0 / self.metres_per_pixel
        return np.array([[k, 0.0, (width - 1) / 2], [0.0, -k, (height - 1) / 2], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class PadPlace:
    """Where a landing pad lies: centre (x, y) m, direction of its upper edge's normal rad, side m."""

    centre_m: tuple[float, float]
    heading_rad: float
    side_m: float


def generate_ground(seed: int, size_px: int = 4096, size_m: float = _WIDE_M) -> Ground:
    """Paint a countryside: fields, a brook, roads, houses, trees.

    Args:
        seed: The same number gives the same picture.
        size_px: Width and height, px.
        size_m: Width and height, m.
    """
    rng = np.random.default_rng(seed)
    canvas = Canvas(size_px, size_m, _MEADOW)
    land = paint_countryside(canvas, rng)
    paint_village(canvas, land, rng)
    return Ground(canvas.rgb, size_m / size_px, np.ones((size_px, size_px), bool))


def load_ground(path: Path, metres_per_pixel: float) -> Ground:
    """Take the user's own orthophoto.

    Args:
        path: An image; where it is transparent, black or white it counts as unknown and gets its mean colour.
        metres_per_pixel: Its scale, m; 0: the picture is 200 m wide.

    Raises:
        SourceError: It is not a readable image.
    """
    colours = read_ground_file(path)
    if colours is None:
        raise SourceError(f'{path}: not a ground picture. Give a PNG, JPEG or TIFF of 8 or 16 bits.')
    if min(colours.shape[:2]) < _SMALLEST_PX:
        height, width = colours.shape[:2]
        raise SourceError(f'{path}: {width}x{height} px are no ground. Give at least {_SMALLEST_PX} px a side.')
    rgb, known = _rgb_of(colours), _is_known(colours)
    if not known.any():
        raise SourceError(f'{path}: the picture is all transparent, black or white. Give another one.')
    rgb[~known] = rgb[known].mean(axis=0).astype(np.uint8)
    return _refined(Ground(rgb, metres_per_pixel or _WIDE_M / rgb.shape[1], known))


def _refined(ground: Ground) -> Ground:
    """Give a coarse picture more pixels, a whole number for each, without moving anything."""
    height, width = ground.rgb.shape[:2]
    factor = min(round(ground.metres_per_pixel / _FINE_M), _LARGEST_PX // max(height, width))
    if factor <= 1:
        return ground
    size_wh = width * factor, height * factor
    rgb = np.asarray(cv2.resize(ground.rgb, size_wh, interpolation=cv2.INTER_CUBIC), np.uint8)
    known = ground.known.repeat(factor, axis=0).repeat(factor, axis=1)
    return Ground(rgb, ground.metres_per_pixel / factor, known)


def _rgb_of(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)
    code = cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def _is_known(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell where an orthophoto shows ground; (H, W).

    Tools fill the rest with transparency, black or white. Single pixels of these are shadows and gleams: only
    patches of at least 5 x 5 count, and a rim of 2 px around them, where JPEG and scaling mixed the two.
    """
    colour = image if image.ndim == 2 else image[:, :, :3]
    low, high = (colour, colour) if image.ndim == 2 else (colour.min(axis=2), colour.max(axis=2))
    empty = (high == 0) | (low == 255)
    if image.ndim == 3 and image.shape[2] == 4:
        empty |= image[:, :, 3] == 0
    patches = cv2.morphologyEx(empty.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.dilate(patches, np.ones((5, 5), np.uint8)) == 0)


def paint_pad(ground: Ground, place: PadPlace) -> Ground:
    """Return the ground with the landing pad on it, on an apron of concrete.

    Args:
        ground: Stays as it is.
        place: Where.
    """
    rgb = ground.rgb.copy()
    apron = np.full((64, 64, 3), (178, 176, 170), np.uint8)
    _lay(rgb, ground, apron, PadPlace(place.centre_m, place.heading_rad, 1.35 * place.side_m))
    pad = landing_pad()
    side_px = place.side_m / ground.metres_per_pixel
    if side_px < len(pad):  # shrink first: warpAffine alone would leave out pixels
        pad = np.asarray(cv2.resize(pad, (max(8, round(side_px)),) * 2, interpolation=cv2.INTER_AREA), np.uint8)
    _lay(rgb, ground, pad, place)
    return Ground(rgb, ground.metres_per_pixel, ground.known)


def _lay(rgb: NDArray[np.uint8], ground: Ground, picture: NDArray[np.uint8], place: PadPlace) -> None:
    to_texture = ground.H_texture_from_ground @ H_ground_from_pad(place, len(picture))
    size_wh = rgb.shape[1], rgb.shape[0]
    flags = cv2.INTER_LINEAR
    cv2.warpAffine(picture, to_texture[:2], size_wh, rgb, flags=flags, borderMode=cv2.BORDER_TRANSPARENT)


def H_ground_from_pad(place: PadPlace, size_px: int) -> NDArray[np.float64]:
    """Map pixels of the pad's picture to the ground.

    Args:
        place: Where the pad lies.
        size_px: Width and height of the picture, px; the pad reaches from its outer pixel edges.

    Returns:
        (3, 3) from (column, row, 1) to (x, y, 1) in m.
    """
    k = place.side_m / size_px
    c, s = np.cos(place.heading_rad), np.sin(place.heading_rad)
    # Up in the picture is the heading, right in the picture is 90 degrees clockwise from it.
    right, up = np.array([s, -c]) * k, np.array([c, s]) * k
    middle = (size_px - 1) / 2
    offset = np.asarray(place.centre_m) - right * middle + up * middle
    return np.array([[right[0], -up[0], offset[0]], [right[1], -up[1], offset[1]], [0.0, 0.0, 1.0]])
