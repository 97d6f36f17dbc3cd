# SPDX-License-Identifier: Apache-2.0
"""Large images in tiles: where they lie, and how their boxes become one set in which each object is once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.boxes import axis_aligned, corners, nms, rotated_iou, rotated_iou_matrix
from waymark.detection.result import Detections

_EDGE_PX = 3.0  # a box whose outline comes this near to a tile's inner edge may be cut by it
_COVERED = 0.6  # share of a cut box that another box covers when both are one object
_AGREE = 0.5  # or IoU of the upright outlines of the cut box and of what its tile shows of the other


@dataclass(frozen=True)
class Tile:
    """A part of an image, px.

    Attributes:
        left: First column.
        top: First row.
        width: Columns.
        height: Rows.
    """

    left: int
    top: int
    width: int
    height: int


def tiles_of(size_wh: tuple[int, int], tile_wh: tuple[int, int], overlap: float) -> list[Tile]:
    """Cover an image with tiles of one size, evenly spread, so that neighbours overlap by `overlap` of it at least.

    Args:
        size_wh: Of the image; along an axis where it is smaller than a tile, the tile is as small.
        tile_wh: Of the tiles.
        overlap: Share, 0 to below 1.

    Raises:
        ValueError: A size below 1 or an overlap out of range.
    """
    if min(*size_wh, *tile_wh) < 1 or not 0 <= overlap < 1:
        raise ValueError(f'tiles: sizes from 1 and overlap 0 to below 1, got {size_wh}, {tile_wh} and {overlap}')
    (lefts, width), (tops, height) = (_starts(s, t, overlap) for s, t in zip(size_wh, tile_wh, strict=True))
    return [Tile(left, top, width, height) for top in tops for left in lefts]


def _starts(size: int, tile: int, overlap: float) -> tuple[list[int], int]:
    tile = min(tile, size)
    step = max(int(tile * (1 - overlap)), 1)
    count = -(-(size - tile) // step) + 1
    return [round(k * (size - tile) / max(count - 1, 1)) for k in range(count)], tile


def too_long_for_tiles(found: Detections, tile_wh: tuple[int, int], overlap: float) -> Detections:
    """Of what was found in the whole image that which tiles may all cut; smaller objects are seen better by tiles.

    Args:
        found: px of the image.
        tile_wh: Of the tiles.
        overlap: As for tiles_of.
    """
    return found.chosen(np.flatnonzero(found.boxes[:, 2] > overlap * min(tile_wh)))


def merged(
    parts: Sequence[tuple[Tile, Detections]], size_wh: tuple[int, int], threshold: float, class_agnostic: bool = False
) -> Detections:
    """Boxes of all tiles as boxes of the image, each object once; the whole image may be one of them.

    A box that comes near its tile's edge inside the image may be cut. Whole boxes suppress each other by ProbIoU. Cut
    ones remain where they are no part of a remaining box: of objects that are seen whole nowhere.

    Args:
        parts: Tiles and what was found in each, px of the tile; at least one.
        size_wh: Of the image.
        threshold: ProbIoU above which the box with the lower score goes.
        class_agnostic: Boxes of different classes suppress each other too.

    Raises:
        ValueError: No tiles.
    """
    if not parts:
        raise ValueError('parts: expected at least one tile')
    names = parts[0][1].class_names
    rows = np.concatenate([found.boxes + [tile.left, tile.top, 0, 0, 0] for tile, found in parts])
    scores = np.concatenate([found.scores for _, found in parts])
    classes = np.concatenate([found.classes for _, found in parts])
    is_cut = np.concatenate([_cut(tile, found, size_wh) for tile, found in parts])
    kept = nms(rows, scores - is_cut, threshold, None if class_agnostic else classes)  # whole ones first
    everything = Detections(rows, scores, classes, names).chosen(kept)
    tiles = [tile for tile, found in parts for _ in range(len(found))]
    stays = everything.chosen(_remaining(everything, is_cut[kept], [tiles[k] for k in kept], class_agnostic))
    return stays.chosen(np.argsort(-stays.scores, kind='stable'))


def _cut(tile: Tile, found: Detections, size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    """Which boxes come near an edge of their tile that is not the image's."""
    outlines = corners(found.boxes)
    low, high = outlines.min(axis=1), outlines.max(axis=1)
    inner_low = np.array([tile.left > 0, tile.top > 0])
    inner_high = np.array([tile.left + tile.width < size_wh[0], tile.top + tile.height < size_wh[1]])
    at_low = (low < _EDGE_PX - 0.5) & inner_low
    at_high = (high > np.array([tile.width, tile.height]) - 0.5 - _EDGE_PX) & inner_high
    return np.asarray((at_low | at_high).any(axis=1), np.bool_)


def _remaining(found: Detections, is_cut: NDArray[np.bool_], tiles: Sequence[Tile], class_agnostic: bool) -> list[int]:
    """Positions of what stays: whole boxes, and cut ones, larger before smaller, that show no part of what stays."""
    areas = found.boxes[:, 2] * found.boxes[:, 3]
    stays = np.flatnonzero(~is_cut).tolist()
    for index in sorted(np.flatnonzero(is_cut).tolist(), key=lambda i: -areas[i]):
        others = np.array([o for o in stays if class_agnostic or found.classes[o] == found.classes[index]], np.intp)
        iou = rotated_iou_matrix(found.boxes[[index]], found.boxes[others])[0]
        shared = iou * (areas[index] + areas[others]) / (1 + iou)
        is_part = (shared >= _COVERED * areas[index]).any()
        near = found.boxes[others[iou > 0]]
        if not is_part and not any(_shows(tiles[index], found.boxes[index], other) for other in near):
            stays.append(index)
    return stays


def _shows(tile: Tile, cut: NDArray[np.float64], whole: NDArray[np.float64]) -> bool:
    """Whether a tile that sees the visible part of `whole` may have said `cut`: their upright outlines agree.

    Of a slanted object that is cut, detectors see a triangle, whose box reaches far beyond the object.
    """
    low, high = np.array([tile.left, tile.top]) - 0.5, np.array([tile.left + tile.width, tile.top + tile.height]) - 0.5
    frame = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    area, visible = cv2.intersectConvexConvex(corners(whole).astype(np.float32), frame.astype(np.float32))
    if not area or visible is None:
        return False
    seen, said = visible.reshape(-1, 2), np.clip(corners(cut), low, high)
    edges = axis_aligned([(*v.min(axis=0), *v.max(axis=0)) for v in (seen, said)])
    return bool(rotated_iou(edges[0], edges[1]) >= _AGREE)
