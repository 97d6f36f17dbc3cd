# SPDX-License-Identifier: Apache-2.0
"""A real model on large pictures in tiles: is each object on a seam there once, and what memory it takes; prints JSON.

    .venv/bin/python benchmarks/tiled_detection.py --model FOLDER [--overlap 0.25] [--seed 5000] [--out PICTURE]

A generated aerial picture of 3840 x 2160 with exact labels. An object lies on a seam where its box meets an edge of a
tile that is not the picture's. `once` counts objects that one box of their class covers (IoU .3), `missed` and `twice`
likewise; beside them the same for objects on no seam. `doubles` are pairs of boxes of one class of which one lies at
least half within the other while no two labels do so there. Then 7680 x 4320 of the same: time, and by how much the
process grew at its peak.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

from turns import limit_threads, machine, versions

limit_threads(1)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.boxes import corners, rotated_iou_matrix  # noqa: E402
from waymark.detection import Detections, Detector, DetectorConfig  # noqa: E402
from waymark.detection.tiles import tiles_of  # noqa: E402
from waymark_sim.aerial import CLASS_NAMES, make_scene  # noqa: E402

SIZE_WH, LAYOUTS = (3840, 2160), ('parking', 'street')


def large(seed: int) -> tuple[NDArray[np.uint8], Detections]:
    """Two generated pictures side by side, and their labels."""
    side = SIZE_WH[1]
    scenes = [make_scene(seed + k, side, layout) for k, layout in enumerate(LAYOUTS)]
    rgb = np.concatenate([scene.rgb for scene in scenes], axis=1)[:, : SIZE_WH[0]]
    boxes = np.concatenate([scene.boxes + [k * side, 0, 0, 0, 0] for k, scene in enumerate(scenes)])
    classes = np.concatenate([scene.classes for scene in scenes])
    everything = Detections(boxes, np.ones(len(boxes)), classes, CLASS_NAMES)
    outline = corners(boxes)
    inside = ((outline >= 0) & (outline <= np.array(SIZE_WH) - 1)).all(axis=(1, 2))
    across = (outline[..., 0].min(axis=1) < side) & (outline[..., 0].max(axis=1) >= side)  # cut where both meet
    return np.ascontiguousarray(rgb), everything.chosen(np.flatnonzero(inside & ~across))


def on_seams(boxes: NDArray[np.float64], tile_wh: tuple[int, int], overlap: float) -> NDArray[np.bool_]:
    """Which boxes meet an inner edge of a tile."""
    outline = corners(boxes)
    low, high = outline.min(axis=1), outline.max(axis=1)
    meets = np.zeros(len(boxes), bool)
    for tile in tiles_of(SIZE_WH, tile_wh, overlap):
        for axis, edges in enumerate(((tile.left, tile.left + tile.width), (tile.top, tile.top + tile.height))):
            for edge in edges:
                if 0 < edge < SIZE_WH[axis]:
                    meets |= (low[:, axis] < edge) & (high[:, axis] > edge)
    return meets


def counted(found: Detections, labels: Detections, which: NDArray[np.bool_]) -> dict[str, int]:
    """How often objects are found."""
    iou = rotated_iou_matrix(labels.boxes[which], found.boxes)
    iou[labels.classes[which][:, None] != found.classes] = 0
    times = (iou >= 0.3).sum(axis=1)
    return {
        'objects': len(times),
        'once': int((times == 1).sum()),
        'missed': int((times == 0).sum()),
        'twice': int((times > 1).sum()),
    }


def doubles(found: Detections, labels: Detections) -> int:
    """Pairs of one class of which one lies half within the other, but for those that labels explain."""
    return _pairs(found) - min(_pairs(labels), _pairs(found))


def _pairs(found: Detections) -> int:
    areas = found.boxes[:, 2] * found.boxes[:, 3]
    iou = rotated_iou_matrix(found.boxes, found.boxes)
    shared = iou / (1 + iou) * (areas[:, None] + areas)
    inside = (shared >= 0.5 * np.minimum(areas[:, None], areas)) & (found.classes[:, None] == found.classes)
    return int(np.triu(inside, 1).sum())


def peak_mb() -> float:
    """Largest size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', required=True)
    parser.add_argument('--overlap', type=float, default=0.25)
    parser.add_argument('--seed', type=int, default=5000)
    parser.add_argument('--out', type=Path, help='the picture with its boxes')
    asked = parser.parse_args()
    settings = {'model': asked.model, 'tile_overlap': asked.overlap, 'threads': 1}
    detector = Detector.from_config(DetectorConfig(**settings))
    rgb, labels = large(asked.seed)
    found = detector.detect(rgb)
    seams = on_seams(labels.boxes, detector.manifest.input_wh, asked.overlap)
    report: dict[str, object] = {
        'on seams': counted(found, labels, seams),
        'elsewhere': counted(found, labels, ~seams),
        'boxes': len(found),
        'doubles': doubles(found, labels),
    }
    if asked.out:
        drawn = [np.rint(c).astype(int) for c in corners(found.boxes)]
        cv2.imwrite(str(asked.out), cv2.polylines(rgb[..., ::-1].copy(), drawn, True, (0, 0, 255), 2))
    huge = np.tile(rgb, (2, 2, 1))
    before, start = peak_mb(), time.perf_counter()
    count = len(detector.detect(huge))
    report['8k'] = {
        'boxes': count,
        'seconds': round(time.perf_counter() - start, 1),
        'image_mb': round(huge.nbytes / 2**20),
        'grown_mb': round(peak_mb() - before),
    }
    print(json.dumps({**report, 'machine': machine(), 'versions': versions('numpy', 'onnxruntime')}, indent=2))


if __name__ == '__main__':
    main()
