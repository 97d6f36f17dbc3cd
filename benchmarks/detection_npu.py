# SPDX-License-Identifier: Apache-2.0
"""A detector converted for an rk3588 and run in the RKNN simulator: the same boxes? Prints JSON.

    .venv-bench/bin/python benchmarks/detection_npu.py [--model yolo11n-obb.onnx] [--images DIR] [--precision fp16]

Needs .venv-rknn (make rknn). Without --model, a yolo11n-obb with random weights for 320 x 320; without --images, three
pictures of coloured noise, as of random weights any picture is as good. `kept` is the share of boxes matched at IoU .9
after suppression, of all that either found: what `waymark export detector` prints and holds against its limit. Weights
that are random answer with hundreds of boxes whose scores lie at the threshold and suppress each other, so that the
slightest difference changes which stay; `candidates` are the boxes before suppression that score 0.05 above the
threshold: the share that the NPU has too (IoU .9, class), and how far their corners are apart.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from turns import limit_threads, machine, versions

limit_threads(1)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from detection_overhead import export_random, picture  # noqa: E402
from peers import import_torchvision  # noqa: E402

from waymark.boxes import corners, rotated_iou_matrix  # noqa: E402
from waymark.detection import Detections, Detector, DetectorConfig  # noqa: E402
from waymark.detection.parity import LIMITS  # noqa: E402
from waymark.exporting.detector import export_detector  # noqa: E402
from waymark.exporting.request import DetectorRequest  # noqa: E402

CONFIDENCE, MARGIN = 0.25, 0.05


def pictures(folder: Path, count: int = 3) -> Path:
    """Coloured noise at several scales, files in a folder."""
    folder.mkdir()
    for index in range(count):
        shown = np.roll(picture(None), 400 * index, axis=1)[:480, :640]
        cv2.imwrite(str(folder / f'{index}.png'), shown[..., ::-1])
    return folder


def same(ours: Detections, theirs: Detections, confidence: float) -> tuple[int, list[float]]:
    """Of the boxes of one detector that are sure, how many the other has, and how far their corners are apart, px."""
    sure = ours.chosen(np.flatnonzero(ours.scores >= confidence + MARGIN))
    if not len(sure) or not len(theirs):
        return len(sure), []
    iou = rotated_iou_matrix(sure.boxes, theirs.boxes)
    iou[sure.classes[:, None] != theirs.classes] = 0
    best = iou.argmax(axis=1)
    found = iou[np.arange(len(sure)), best] >= 0.9
    one, other = corners(sure.boxes[found]), corners(theirs.boxes[best[found]])
    apart = np.linalg.norm(one[:, :, None] - other[:, None], axis=-1).min(axis=2).max(axis=1)
    return len(sure), apart.tolist()


def command_line() -> argparse.Namespace:
    """What was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', help='as for waymark export detector')
    parser.add_argument('--images', type=Path)
    parser.add_argument('--calibration', type=Path, help='other images, for int8; default: the same')
    parser.add_argument('--precision', choices=('fp16', 'int8'), default='fp16')
    parser.add_argument(
        '--confidence', type=float, default=CONFIDENCE, help='less for a network that was taught little'
    )
    return parser.parse_args()


def main() -> None:
    """Print the numbers as JSON."""
    asked = command_line()
    import_torchvision()
    with tempfile.TemporaryDirectory() as folder:
        model = asked.model or export_random(Path(folder), size=320)
        images = asked.images or pictures(Path(folder) / 'images')
        LIMITS[asked.precision] = 0.0  # the figure is wanted whatever it is
        request = DetectorRequest(
            model=str(model),
            images=str(images),
            calibration=str(asked.calibration or images) if asked.precision == 'int8' else '',
            to='rknn',
            precision=asked.precision,
            out=str(Path(folder) / 'npu'),
        )
        report = export_detector(request)
        settings = {'confidence': asked.confidence, 'nms_threshold': 1.0, 'max_detections': 0}
        here = Detector.from_config(DetectorConfig(model=str(model), backend='onnx', **settings))
        npu = Detector.from_config(DetectorConfig(model=request.out, backend='rknn', device='simulator', **settings))
        count, apart = 0, list[float]()
        for file in sorted(images.iterdir()):
            rgb = np.ascontiguousarray(cv2.imread(str(file))[..., ::-1])
            sure, distances = same(here.detect(rgb), npu.detect(rgb), asked.confidence)
            count, apart = count + sure, apart + distances
    numbers = {
        'kept': str(report.parity),
        'candidates': {
            'sure': count,
            'share on the NPU': round(len(apart) / max(count, 1), 4),
            'corners_px median': round(float(np.median(apart)), 3) if apart else None,
            'corners_px 99 %': round(float(np.percentile(apart, 99)), 3) if apart else None,
        },
    }
    print(json.dumps({**numbers, 'machine': machine(), 'versions': versions('numpy', 'onnxruntime')}, indent=2))


if __name__ == '__main__':
    main()
