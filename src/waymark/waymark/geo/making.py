# SPDX-License-Identifier: Apache-2.0
"""Tiles of a picture of the ground as keyframes of a map: a vector each, features and pictures where they tile it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.geo.ground_map import TILE_PX, Tile
from waymark.geo.local_features import DESCRIPTOR_BYTES, find_features, to_stored
from waymark.geo.ortho_picture import OrthoPicture
from waymark.image.codec import encode_jpeg
from waymark.image.features import Features
from waymark.maps import Keyframe, OrthoFrame
from waymark.types import Header

Encode = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (H, W, 3) RGB to a unit vector (D,)

_FEATURES = 500  # per tile, strongest first
_MARGIN_PX = 32  # by which features look beyond their tile
_RIM_PX = 8  # a feature this near to unknown ground would describe its edge
_LEAST_KNOWN = 0.02  # of a tile that windows need; of one that is compared:
_LEAST_COMPARED = 0.5
_QUALITY = 90


@dataclass(frozen=True, eq=False)
class _Level:
    """The picture at one scale."""

    step: int
    rgb: NDArray[np.uint8]
    known: NDArray[np.bool_]


def plan_tiles(size_wh: tuple[int, int]) -> list[Tile]:
    """All tiles of a picture of this size: half overlapping, from half a tile to the whole picture, smallest first."""
    found: list[Tile] = []
    side = TILE_PX // 2
    while True:
        lefts, tops = (_starts(length, side) for length in size_wh)
        found += [Tile(left, top, side) for top in tops for left in lefts]
        if side >= max(size_wh):
            return found
        side *= 2


def _starts(length: int, side: int) -> list[int]:
    """Half a side apart; the last ones only where they see more than those before, or the gapless grid needs them."""
    return sorted({*range(0, max(length - side // 2, 1), side // 2), *range(0, length, side)})


def cut_tiles(picture: OrthoPicture, frame: OrthoFrame, encode: Encode) -> Iterator[Keyframe | None]:
    """Make the keyframes of a map.

    Args:
        picture: The ground.
        frame: Of that picture.
        encode: Of tiles.

    Yields:
        For each of plan_tiles its keyframe, or None where too little of it is known.
    """
    levels: dict[int, _Level] = {}
    next_id = 0
    for tile in plan_tiles(picture.size_wh):
        step = max(tile.side_px // TILE_PX, 1)
        if step not in levels:
            levels = {step: _reduced(picture, levels, step)}
        keyframe = _cut(levels[step], tile, frame, encode, next_id)
        next_id += keyframe is not None
        yield keyframe


def _reduced(picture: OrthoPicture, levels: dict[int, _Level], step: int) -> _Level:
    """The picture at 1 / step, from the level before."""
    if step == 1:
        return _Level(1, picture.rgb, picture.known)
    [before] = levels.values()
    height, width = (max(-(-n // 2), 1) for n in before.known.shape)
    padding = ((0, 2 * height - before.known.shape[0]), (0, 2 * width - before.known.shape[1]))
    rgb = np.pad(before.rgb, (*padding, (0, 0)), mode='edge')
    known = np.pad(before.known, padding).astype(np.uint8)
    return _Level(
        step,
        np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8),
        cv2.erode(known, np.ones((2, 2), np.uint8), anchor=(0, 0))[::2, ::2] > 0,
    )


def _cut(level: _Level, tile: Tile, frame: OrthoFrame, encode: Encode, keyframe_id: int) -> Keyframe | None:
    left, top, side = (n // level.step for n in (tile.left_px, tile.top_px, tile.side_px))
    rgb, known = _part(level, left, top, side, 0)
    share = float(known.mean())
    if share < (_LEAST_KNOWN if tile.is_aligned else _LEAST_COMPARED):
        return None
    vector = encode(rgb)
    if share < _LEAST_COMPARED:  # kept for its picture alone: nothing is like it
        vector = np.zeros_like(vector)
    features = Features(np.zeros((0, 2), np.float32), np.zeros((0, DESCRIPTOR_BYTES), np.uint8), (side, side))
    if tile.is_aligned:
        features = _features(level, left, top)
    jpeg = encode_jpeg(rgb, _QUALITY)
    header = Header(keyframe_id, 'map')
    return Keyframe(keyframe_id, header, vector, features, keyframe_id, jpeg, tile.pose(frame))


def _features(level: _Level, left: int, top: int) -> Features:
    rgb, known = _part(level, left, top, TILE_PX, _MARGIN_PX)
    rim = cv2.erode(known.astype(np.uint8), np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)) > 0
    most = round(_FEATURES * (1 + 2 * _MARGIN_PX / TILE_PX) ** 2)
    found = find_features(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8), most, rim)
    points = found.points_px - _MARGIN_PX
    inside = np.flatnonzero(((points >= -0.5) & (points < TILE_PX - 0.5)).all(axis=1))
    return to_stored(found.chosen(inside).placed(1.0, (-_MARGIN_PX, -_MARGIN_PX)), (TILE_PX, TILE_PX))


def _part(level: _Level, left: int, top: int, side: int, margin: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A square of a level with a margin; beyond the picture it repeats its border and is unknown."""
    height, width = level.known.shape
    rows, columns = np.arange(top - margin, top + side + margin), np.arange(left - margin, left + side + margin)
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    at = np.ix_(np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1))
    return np.ascontiguousarray(level.rgb[at]), level.known[at] & inside
