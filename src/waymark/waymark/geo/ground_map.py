# SPDX-License-Identifier: Apache-2.0
"""A map made of tiles of one picture of the ground: searched by vector, matched by features, seen through windows."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import MapError
from waymark.geo.local_features import LocalFeatures, from_stored, joined
from waymark.maps import Keyframe, MapFile, MapPose, OrthoFrame, PlaceMap, open_map

TILE_PX = 256  # side of a tile's picture
_KEPT = 1024  # tiles that stay decoded: 64 MB


@dataclass(frozen=True)
class Tile:
    """A square of the map.

    Attributes:
        left_px: Map pixel column of its first pixel. top_px: likewise its row.
        side_px: Its side in px of the map: TILE_PX times a power of two, or half of TILE_PX.
    """

    left_px: int
    top_px: int
    side_px: int

    @property
    def centre_px(self) -> tuple[float, float]:
        """Its middle on the map, px."""
        half = (self.side_px - 1) / 2
        return self.left_px + half, self.top_px + half

    @property
    def is_aligned(self) -> bool:
        """Whether it belongs to the gapless grid of its size that windows are put together from."""
        return self.side_px >= TILE_PX and self.left_px % self.side_px == 0 and self.top_px % self.side_px == 0

    def pose(self, frame: OrthoFrame) -> MapPose:
        """As a camera of 90 degrees straight above sees it."""
        east, north = frame.east_north(*self.centre_px)
        half = np.radians(-frame.up_bearing_deg) / 2
        height = self.side_px * frame.metres_per_pixel / 2
        return MapPose((east, north, height), (float(np.cos(half)), float(np.sin(half)), 0.0, 0.0))

    @classmethod
    def of(cls, pose: MapPose, frame: OrthoFrame) -> Tile:
        """The inverse of `pose`."""
        east, north, height = pose.position_m
        side = round(2 * height / frame.metres_per_pixel)
        x, y = frame.pixel(east, north)
        return cls(round(x - (side - 1) / 2), round(y - (side - 1) / 2), side)


@dataclass(frozen=True, eq=False)
class Window:
    """A part of the map as a picture.

    Attributes:
        gray: (h, w) uint8.
        H_window_map: (3, 3) map px to px of `gray`.
    """

    gray: NDArray[np.uint8]
    H_window_map: NDArray[np.float64]


class GroundMap:
    """What geo-localization needs of a map; pictures of tiles are decoded when they are looked at."""

    def __init__(self, place_map: PlaceMap, file: MapFile | None = None) -> None:
        """Take a map.

        Args:
            place_map: Made by `waymark map from-ortho`.
            file: That it was loaded from: closed with this.

        Raises:
            MapError: Its keyframes are no tiles of a picture of the ground.
        """
        frame = place_map.info.ortho
        if frame is None:
            raise MapError(
                'this map was made on a drive, not from a picture of the ground: photos have no place on it in metres. '
                'Make one with waymark map from-ortho IMG --metres-per-pixel M --map FILE.'
            )
        self.frame = frame
        self.info = place_map.info
        self._file = file
        self._keyframes = [k for k in place_map.keyframes.values() if k.pose is not None]
        self.tiles = [Tile.of(k.pose, frame) for k in self._keyframes if k.pose is not None]
        self.vectors = np.array([k.vector for k in self._keyframes], np.float32).reshape(len(self.tiles), -1)
        parts = [_on_map(k, t) for k, t in zip(self._keyframes, self.tiles, strict=True) if t.is_aligned]
        if not parts:
            raise MapError('this map has no tiles left. Make it anew with waymark map from-ortho.')
        self.features: LocalFeatures = joined(parts)
        self._aligned: dict[Tile, Keyframe] = {
            t: k for k, t in zip(self._keyframes, self.tiles, strict=True) if t.is_aligned
        }
        self._decoded: OrderedDict[Tile, NDArray[np.uint8]] = OrderedDict()

    @classmethod
    def open(cls, path: Path, fingerprint: str | None = None) -> GroundMap:
        """Open a map file.

        Args:
            path: The file.
            fingerprint: Of the encoder at hand; None where no vectors will be compared.

        Raises:
            MapError: It is missing, damaged, of another encoder, or no map of tiles.
        """
        file = open_map(path, fingerprint)
        try:
            return cls(file.load(), file)
        except BaseException:
            file.close()
            raise

    def __enter__(self) -> GroundMap:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close its file; safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def largest_side_px(self) -> int:
        """Side of the largest tile, px of the map."""
        return max(t.side_px for t in self._aligned)

    def features_in(self, low_px: NDArray[np.float64], high_px: NDArray[np.float64]) -> LocalFeatures:
        """Those of the map in a rectangle."""
        points = self.features.points_px
        return self.features.chosen(np.flatnonzero(((points >= low_px) & (points <= high_px)).all(axis=1)))

    def window(self, low_px: NDArray[np.float64], high_px: NDArray[np.float64], shrink: float) -> Window:
        """Look at a part of the map.

        Args:
            low_px: (2,) first map pixel (x, y); what lies outside of the map is left out.
            high_px: (2,) the last one.
            shrink: How many px of the map may be one px of the picture; taken down to a power of two.

        Raises:
            MapError: A tile's picture is damaged.
        """
        step = 1
        while 2 * step <= shrink and 2 * step * TILE_PX <= self.largest_side_px:
            step *= 2
        limit = np.array(self.frame.size_wh) - 1
        low = np.clip(np.floor(low_px), 0, limit).astype(int) // step
        high = np.clip(np.ceil(high_px), 0, limit).astype(int) // step + 1
        gray = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        for row in range(low[1] // TILE_PX, (high[1] - 1) // TILE_PX + 1):
            for column in range(low[0] // TILE_PX, (high[0] - 1) // TILE_PX + 1):
                self._paste(gray, low, Tile(column * TILE_PX * step, row * TILE_PX * step, TILE_PX * step), step)
        offset = 0.5 / step - 0.5
        H = np.array([[1 / step, 0, offset - low[0]], [0, 1 / step, offset - low[1]], [0, 0, 1.0]])
        return Window(gray, H)

    def _paste(self, gray: NDArray[np.uint8], low: NDArray[np.int_], tile: Tile, step: int) -> None:
        picture = self._picture(tile)
        corner = np.array([tile.left_px // step, tile.top_px // step]) - low
        first = np.maximum(corner, 0)
        last = np.minimum(corner + TILE_PX, (gray.shape[1], gray.shape[0]))
        if picture is None:
            gray[first[1] : last[1], first[0] : last[0]] = self._middle_grey
            return
        part = picture[first[1] - corner[1] : last[1] - corner[1], first[0] - corner[0] : last[0] - corner[0]]
        gray[first[1] : last[1], first[0] : last[0]] = part

    _middle_grey = 128  # of what the map does not show

    def _picture(self, tile: Tile) -> NDArray[np.uint8] | None:
        if tile in self._decoded:
            self._decoded.move_to_end(tile)
            return self._decoded[tile]
        keyframe = self._aligned.get(tile)
        rgb = None if keyframe is None else keyframe.thumbnail
        if rgb is None:
            return None
        if rgb.shape[:2] != (TILE_PX, TILE_PX):
            raise MapError(f'a tile of the map is {rgb.shape[1]}x{rgb.shape[0]} px, not {TILE_PX}. Make the map anew.')
        gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        self._decoded[tile] = gray
        if len(self._decoded) > _KEPT:
            self._decoded.popitem(last=False)
        return gray


def _on_map(keyframe: Keyframe, tile: Tile) -> LocalFeatures:
    """Features of a tile in px of the map.

    Raises:
        MapError: They are of another kind.
    """
    try:
        found = from_stored(keyframe.features)
    except ValueError:
        raise MapError(
            'the features of this map are of another kind. Make it anew with waymark map from-ortho.'
        ) from None
    return found.placed(tile.side_px / TILE_PX, (tile.left_px, tile.top_px))
