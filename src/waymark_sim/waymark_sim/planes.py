# SPDX-License-Identifier: Apache-2.0
"""Pictures on planes in space, seen by a pinhole camera: each by its homography, the nearest one in each pixel.

One over the depth of a plane is linear in the pixel (the third row of the homography from the image to the plane), so
that which of two planes is nearer is exact in every pixel, however they stand.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.ortho import pyramid

Floats = NDArray[np.float64]
_NEAR_M, _FAR_M = 0.05, 300.0
_SOFT = 0.5  # levels: planes seen at a slant are sampled too coarsely along them else


@dataclass(frozen=True, eq=False)
class Plane:
    """A picture on a plane.

    Attributes:
        levels: The picture, (H, W, 3) uint8, and its halves.
        axes: (3, 3) columns: right and down of the picture in the map, of length 1, and its upper left corner, m.
        H_texture_from_plane: (3, 3) from m right and down of that corner to px.
        size_m: Right and down; None: without end, the picture mirrored beyond its border.
    """

    levels: list[NDArray[np.uint8]]
    axes: Floats
    H_texture_from_plane: Floats
    size_m: tuple[float, float] | None

    @classmethod
    def of_picture(cls, rgb: NDArray[np.uint8], corner: Floats, right: Floats, size_m: tuple[float, float]) -> Plane:
        """An upright picture; `right` (3,) level and of length 1, `corner` (3,) its upper left one, m."""
        height, width = rgb.shape[:2]
        k, m = width / size_m[0], height / size_m[1]
        H = np.array([[k, 0.0, -0.5], [0.0, m, -0.5], [0.0, 0.0, 1.0]])
        return cls(pyramid(rgb), np.column_stack([right, (0.0, 0.0, -1.0), corner]), H, size_m)

    @property
    def corners(self) -> Floats:
        """(4, 3) in the map, m; of a plane with an end."""
        width, height = self.size_m or (0.0, 0.0)
        at = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
        return np.asarray(at @ self.axes.T)


class Canvas:
    """An image that planes are painted into.

    Attributes:
        rgb: (H, W, 3).
    """

    def __init__(self, rgb: NDArray[np.uint8], K: Floats, T_map_camera: Floats) -> None:
        """Begin with the background; `T_map_camera` (4, 4) of the optical frame."""
        self.rgb, self._K = rgb, K
        self._R, self._centre = T_map_camera[:3, :3].T, T_map_camera[:3, 3]
        self._nearness = np.full(rgb.shape[:2], 1.0 / _FAR_M, np.float32)  # one over depth

    def paint(self, plane: Plane) -> None:
        """Paint a plane where nothing nearer is."""
        found = self._region(plane)
        if found is None:
            return
        (x0, y0), (x1, y1) = found
        H = self._K @ self._R @ (plane.axes - np.column_stack([np.zeros((3, 2)), self._centre]))
        if abs(np.linalg.det(H)) < 1e-6:  # seen along itself
            return
        to_plane = np.linalg.inv(H)
        u, v = np.meshgrid(np.arange(x0, x1, dtype=np.float64), np.arange(y0, y1, dtype=np.float64), sparse=True)
        right, down, nearness = (row[0] * u + row[1] * v + row[2] for row in to_plane)
        shown = nearness > self._nearness[y0:y1, x0:x1]
        if plane.size_m is not None:
            shown &= (right >= 0) & (down >= 0)
            shown &= (right <= plane.size_m[0] * nearness) & (down <= plane.size_m[1] * nearness)
        shown &= nearness < 1.0 / _NEAR_M
        if shown.any():
            to_texture = plane.H_texture_from_plane @ to_plane
            self._sample(plane, to_texture, (x0, y0), shown, np.maximum(nearness, 1e-9))
            np.copyto(self._nearness[y0:y1, x0:x1], nearness.astype(np.float32), where=shown)

    def _sample(
        self, plane: Plane, to_texture: Floats, at: tuple[int, int], shown: NDArray[np.bool_], nearness: Floats
    ) -> None:
        """Fill the pixels shown from the level of the picture that fits: areas grow by det / nearness^3."""
        area = 0.5 * (np.log2(max(abs(np.linalg.det(to_texture)), 1e-30)) - 3.0 * np.log2(nearness)) + _SOFT
        level = np.clip(np.rint(area), 0, len(plane.levels) - 1).astype(np.int8)
        height, width = shown.shape
        region = self.rgb[at[1] : at[1] + height, at[0] : at[0] + width]
        shift = np.array([[1.0, 0.0, at[0]], [0.0, 1.0, at[1]], [0.0, 0.0, 1.0]])
        for number in np.unique(level[shown]):
            k = 0.5 ** float(number)  # a pixel's centre lies in the middle of its block
            smaller = np.array([[k, 0.0, (k - 1.0) / 2.0], [0.0, k, (k - 1.0) / 2.0], [0.0, 0.0, 1.0]])
            warped = cv2.warpPerspective(
                plane.levels[number],
                smaller @ to_texture @ shift,
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REFLECT_101 if plane.size_m is None else cv2.BORDER_REPLICATE,
            )
            np.copyto(region, warped, where=(shown & (level == number))[:, :, None])

    def _region(self, plane: Plane) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Upper left and lower right (exclusive) pixel that the plane can cover; None: none."""
        height, width = self.rgb.shape[:2]
        if plane.size_m is None:
            return (0, 0), (width, height)
        in_front = clipped((plane.corners - self._centre) @ self._R.T, _NEAR_M)
        if not len(in_front):
            return None
        pixels = in_front @ self._K.T
        pixels = pixels[:, :2] / pixels[:, 2:]
        low = np.clip(np.floor(pixels.min(axis=0)), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, (width, height)).astype(int)
        return None if (high <= low).any() else ((int(low[0]), int(low[1])), (int(high[0]), int(high[1])))


def clipped(polygon: Floats, near_m: float) -> Floats:
    """The part of a polygon (N, 3), in the optical frame, beyond z = near_m (Sutherland and Hodgman, CACM 1974)."""
    kept = []
    for here, there in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if here[2] >= near_m:
            kept.append(here)
        if (here[2] >= near_m) != (there[2] >= near_m):
            kept.append(here + (near_m - here[2]) / (there[2] - here[2]) * (there - here))
    return np.array(kept).reshape(-1, 3)
