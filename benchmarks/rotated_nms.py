# SPDX-License-Identifier: Apache-2.0
"""Greedy rotated NMS: waymark.boxes against OpenCV and ultralytics, and whether it keeps what a float64 loop keeps.

    .venv-bench/bin/python benchmarks/rotated_nms.py

Boxes are proposals as a detector makes them: N / 5 objects in 1024 x 1024 px, five jittered boxes each. OpenCV's NMS
takes its own list of rectangles, made beforehand, and compares exact IoU; ultralytics and Waymark compare ProbIoU.
"""

from __future__ import annotations

import argparse
import json

from turns import limit_libraries, limit_threads, machine, take_turns, versions

limit_threads(1)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.boxes import nms, probiou  # noqa: E402

THRESHOLD = 0.45


def proposals(count: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, 5) boxes and (N,) scores."""
    rng, objects = np.random.default_rng(seed), max(1, count // 5)
    sides = rng.uniform(15, 90, objects), rng.uniform(8, 40, objects)
    base = np.column_stack([rng.uniform(0, 1024, (objects, 2)), *sides, rng.uniform(-np.pi / 2, np.pi / 2, objects)])
    boxes = base[rng.integers(0, objects, count)] + rng.normal(0, 1, (count, 5)) * [3, 3, 3, 2, 0.08]
    boxes[:, 2:4] = np.maximum(boxes[:, 2:4], 4)
    return boxes.astype(np.float32), rng.random(count).astype(np.float32)


def loop(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """The definition: from the best down, in float64."""
    rows, kept = boxes.astype(np.float64), []
    for index in np.argsort(-scores, kind='stable').tolist():
        if not kept or not (probiou(rows[kept], rows[index]) > THRESHOLD).any():
            kept.append(index)
    return kept


def compare(count: int, seconds: float) -> dict[str, object]:
    """Times in turn, and the number of boxes kept by each."""
    import torch
    from ultralytics.utils.metrics import batch_probiou
    from ultralytics.utils.nms import TorchNMS

    limit_libraries(1)
    boxes, scores = proposals(count)
    tensors = torch.from_numpy(boxes), torch.from_numpy(scores)
    rectangles = [((x, y), (w, h), float(np.degrees(t))) for x, y, w, h, t in boxes.astype(float).tolist()]
    listed = scores.tolist()
    functions = {
        'waymark': lambda: nms(boxes, scores, THRESHOLD),
        'cv2.dnn.NMSBoxesRotated': lambda: cv2.dnn.NMSBoxesRotated(rectangles, listed, 0.0, THRESHOLD),
        'ultralytics': lambda: TorchNMS.fast_nms(*tensors, THRESHOLD, iou_func=batch_probiou),
    }
    kept = functions['waymark']().tolist()
    return {
        'times': take_turns(functions, seconds),
        'kept': {name: len(function()) for name, function in functions.items()},
        'equals_float64_loop': kept == loop(boxes, scores),
    }


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seconds', type=float, default=20.0, help='per number of boxes')
    seconds = parser.parse_args().seconds
    sizes = {str(count): compare(count, seconds) for count in (100, 500, 2000)}
    packages = versions('numpy', 'opencv-python-headless', 'ultralytics', 'torch')
    print(json.dumps({'threshold': THRESHOLD, 'boxes': sizes, 'machine': machine(), 'versions': packages}, indent=2))


if __name__ == '__main__':
    main()
