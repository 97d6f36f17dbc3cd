# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.boxes import corners, from_corners, rotated_iou_matrix
from waymark.detection import Detections
from waymark.detection.tiles import Tile, merged, tiles_of, too_long_for_tiles

NAMES = ('car', 'ship')


@pytest.mark.parametrize('size', [(640, 640), (641, 640), (3840, 2160), (8000, 600), (100, 50)])
@pytest.mark.parametrize('overlap', [0.0, 0.2, 0.5])
def test_tiles_cover_the_image_and_overlap_enough(size, overlap):
    tiles = tiles_of(size, (640, 640), overlap)
    for axis, place, extent in ((0, 'left', 'width'), (1, 'top', 'height')):
        spans = sorted({(getattr(t, place), getattr(t, place) + getattr(t, extent)) for t in tiles})
        assert spans[0][0] == 0 and spans[-1][1] == size[axis]
        assert all(b - a == min(640, size[axis]) for a, b in spans)
        shared = [end - start for (_, end), (start, _) in zip(spans, spans[1:], strict=False)]
        assert all(s >= int(overlap * 640) - 1 for s in shared)


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match='overlap 0 to below 1'):
        tiles_of((100, 100), (50, 50), 1.0)


def seen(tile, objects):
    """What a perfect detector finds in a tile: whole objects, and the smallest boxes of what is visible of others."""
    rows, frame = [], corners(((tile.width - 1) / 2, (tile.height - 1) / 2, tile.width, tile.height, 0))
    for box in objects:
        outline = corners(np.asarray(box, float) - [tile.left, tile.top, 0, 0, 0])
        area, visible = cv2.intersectConvexConvex(outline.astype(np.float32), frame.astype(np.float32))
        if area > 0.99 * box[2] * box[3]:
            rows.append(from_corners(outline))
        elif area > 10:
            (x, y), (w, h), degrees = cv2.minAreaRect(visible)
            rows.append((x, y, w, h, np.radians(degrees)))
    return Detections(np.reshape(rows, (-1, 5)), np.linspace(0.9, 0.5, len(rows)), np.zeros(len(rows), int), NAMES)


def test_boxes_on_seams_are_there_once_in_a_4k_picture():
    size, rng = (3840, 2160), np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(60, 3800, 120), np.arange(60, 2120, 120))
    objects = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, 80), np.full(x.size, 30), np.zeros(x.size)])
    objects[:, 4] = rng.uniform(-1.5, 1.5, len(objects))
    parts = [(tile, seen(tile, objects)) for tile in tiles_of(size, (640, 640), 0.2)]
    assert sum(len(found) for _, found in parts) > 1.3 * len(objects)
    result = merged(parts, size, 0.45)
    assert len(result) == len(objects)
    assert rotated_iou_matrix(result.boxes, objects).max(axis=0).min() > 0.999
    assert (np.diff(result.scores) <= 0).all()


def test_of_an_object_that_is_seen_whole_nowhere_the_parts_stay():
    parts = [(t, seen(t, [(95, 50, 150, 20, 0)])) for t in tiles_of((190, 100), (100, 100), 0.1)]
    assert len(merged(parts, (190, 100), 0.45)) == 2


def test_an_object_longer_than_a_tile_is_there_once_from_the_whole_image():
    size, objects = (190, 100), [(95, 50, 150, 20, 0), (30, 20, 8, 4, 0)]
    parts = [(t, seen(t, objects)) for t in tiles_of(size, (100, 100), 0.1)]
    whole = Tile(0, 0, *size)
    result = merged([*parts, (whole, too_long_for_tiles(seen(whole, objects), (100, 100), 0.1))], size, 0.45)
    np.testing.assert_allclose(result.boxes[np.argsort(result.boxes[:, 0])], objects[::-1], atol=1e-9)


def test_of_the_whole_image_only_what_is_longer_than_the_overlap_counts():
    found = Detections([(50, 50, w, 4, 0.7) for w in (9, 10, 11)], [0.9, 0.8, 0.7], [0, 0, 0], NAMES)
    assert too_long_for_tiles(found, (100, 200), 0.1).boxes[:, 2].tolist() == [11]


def test_a_box_at_the_border_of_the_image_is_whole():
    tile = Tile(0, 0, 100, 100)
    found = Detections([(10, 50, 21, 8, 0)], [0.9], [0], NAMES)
    assert len(merged([(tile, found)], (190, 100), 0.45)) == 1


def test_classes_are_merged_apart_unless_asked_otherwise():
    one, other = (Detections([(50, 50, 20, 8, 0)], [s], [c], NAMES) for s, c in ((0.9, 0), (0.8, 1)))
    parts = [(Tile(0, 0, 100, 100), one), (Tile(0, 0, 100, 100), other)]
    assert merged(parts, (100, 100), 0.45).names == ('car', 'ship')
    assert merged(parts, (100, 100), 0.45, class_agnostic=True).names == ('car',)


def test_nothing_found_is_nothing():
    empty = Detections(np.empty((0, 5)), [], [], NAMES)
    assert len(merged([(Tile(0, 0, 9, 9), empty)], (9, 9), 0.45)) == 0
    with pytest.raises(ValueError, match='at least one tile'):
        merged([], (9, 9), 0.45)
