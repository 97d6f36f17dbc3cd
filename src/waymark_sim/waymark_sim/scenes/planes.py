# SPDX-License-Identifier: Apache-2.0
"""What a scene is made of: textured rectangles in space, their pictures packed into one, at all scales."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PX_PER_M = 48.0
LEVELS = 6
_TILE_PX = 1 << (LEVELS - 1)  # tiles begin and end at whole pixels of the smallest scale
_ATLAS_WIDTH_PX = 4096
WALL, WINDOW, LAMP, CUTOUT = range(4)  # materials: their light changes apart from one another


@dataclass(frozen=True, eq=False)
class Plane:
    """A textured rectangle, seen from both sides.

    Attributes:
        corner: (3,) m, where the picture's upper left corner lies.
        across: (3,) m, from there along its rows.
        down: (3,) m, from there along its columns; at a right angle to `across`.
        rgb: (h, w, 3) uint8.
        material: WALL, WINDOW, LAMP or CUTOUT (black pixels are transparent).
    """

    corner: NDArray[np.float32]
    across: NDArray[np.float32]
    down: NDArray[np.float32]
    rgb: NDArray[np.uint8]
    material: int = WALL


class Scene:
    """Rectangles ready to be rendered.

    Attributes:
        corners, axes: (P, 3) m and (P, 3, 3): rows normal, across / |across|^2, down / |down|^2.
        sides: (P, 2, 3) m: across and down.
        tiles: (P, 4) x, y, width, height of each picture in the atlas, px.
        density: (P,) picture px per m.
        material: (P,).
        levels: The atlas at scales 1, 1/2, 1/4, ...
        sky: (h, w, 3) uint8 over azimuth (whole turn) and elevation (-90 to 90 degrees), where nothing is hit.
    """

    def __init__(self, planes: list[Plane], sky: NDArray[np.uint8]) -> None:
        """Pack the pictures."""
        self.sky = sky
        self.corners = np.asarray([p.corner for p in planes], np.float32)
        self.sides = np.asarray([[p.across, p.down] for p in planes], np.float32)
        squared = (self.sides**2).sum(axis=2, keepdims=True)
        normal = np.cross(self.sides[:, 0], self.sides[:, 1])
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        self.axes = np.concatenate([normal[:, None], self.sides / squared], axis=1).astype(np.float32)
        self.material = np.asarray([p.material for p in planes])
        self.tiles, atlas = _packed([p.rgb for p in planes])
        self.density = (self.tiles[:, 2] / np.sqrt(squared[:, 0, 0])).astype(np.float32)
        self.levels = [atlas]
        while len(self.levels) < LEVELS:
            h, w = self.levels[-1].shape[:2]
            self.levels.append(np.asarray(cv2.resize(self.levels[-1], (w // 2, h // 2), interpolation=cv2.INTER_AREA)))


def _packed(pictures: list[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Lay pictures on shelves, highest first."""
    sizes = [(-(-p.shape[1] // _TILE_PX) * _TILE_PX, -(-p.shape[0] // _TILE_PX) * _TILE_PX) for p in pictures]
    tiles = np.zeros((len(pictures), 4), np.float32)
    x = y = shelf = 0
    for i in sorted(range(len(pictures)), key=lambda i: -sizes[i][1]):
        w, h = sizes[i]
        if x + w > _ATLAS_WIDTH_PX:
            x, y, shelf = 0, y + shelf, 0
        tiles[i] = x, y, w, h
        x, shelf = x + w, max(shelf, h)
    atlas = np.zeros((y + shelf, _ATLAS_WIDTH_PX, 3), np.uint8)
    for (x0, y0, w, h), picture in zip(tiles.astype(int), pictures, strict=True):
        atlas[y0 : y0 + h, x0 : x0 + w] = cv2.resize(picture, (int(w), int(h)), interpolation=cv2.INTER_LINEAR)
    return tiles, atlas
