# SPDX-License-Identifier: Apache-2.0
"""ProbIoU against the Wasserstein distance as the loss of boxes: two equal short trainings, seed by seed; prints JSON.

    .venv-models/bin/python benchmarks/box_losses.py [--steps 1500] [--scenes 400] [--seeds 2] [--mixed]

Both learn from the same scenes (seeds from 0), in the same order, from the same first weights; only the loss of the
boxes differs. Measured on the unseen scenes of embedded_detector.py: AP50 and AP50-95 with all classes taken for one,
and how far boxes are off in what was found at IoU .5. 1500 steps take about 20 minutes of one core each (--mixed).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from turns import limit_threads, machine, versions

limit_threads(1)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from embedded_detector import FIRST_SEED, LEAST_PX  # noqa: E402

from waymark.boxes import rotated_iou_matrix  # noqa: E402
from waymark.detection import Detections, Detector, DetectorConfig, average_precision  # noqa: E402
from waymark.manifest import file_sha256, write_manifest  # noqa: E402
from waymark.training.detector.layout import BoxNetLayout  # noqa: E402
from waymark.training.detector.network import build_network  # noqa: E402
from waymark.training.detector.samples import Labelled  # noqa: E402
from waymark.training.detector.trainer import DetectorTrainer, Plan  # noqa: E402
from waymark.training.detector.weights import folded, write_network  # noqa: E402
from waymark.types import ModelManifest  # noqa: E402
from waymark_sim.aerial import CLASS_NAMES, make_scene  # noqa: E402

LOSSES = ('probiou', 'gwd')


class Painted:
    """Scenes by seed, painted when asked for and kept."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Labelled:
        return _painted(index)


@cache
def _painted(seed: int) -> Labelled:
    scene = make_scene(seed)
    return Labelled(scene.rgb, scene.boxes, scene.classes)


def trained(plan: Plan, scenes: int, folder: Path) -> Detector:
    """Train from nothing, and load what was learned."""
    torch.manual_seed(plan.seed)
    layout = BoxNetLayout(CLASS_NAMES)
    trainer = DetectorTrainer(build_network(layout), layout, plan)
    trainer.run(Painted(scenes), lambda _: True)
    model = folder / f'{plan.box_loss}-{plan.seed}' / 'model.onnx'
    model.parent.mkdir()
    write_network(folded(trainer.result, layout), layout, model)
    about = {'name': model.parent.name, 'source': 'box_losses.py', 'licence': 'Apache-2.0', 'decoder': 'box_net'}
    manifest = ModelManifest(
        sha256=file_sha256(model), input_wh=(640, 640), resize='letterbox', class_names=CLASS_NAMES, **about
    )
    write_manifest(manifest, model, model.parent / 'manifest.json')
    config = DetectorConfig(model=str(model.parent), backend='onnx', threads=1, confidence=0.01, max_detections=0)
    return Detector.from_config(config)


def measured(detector: Detector, count: int) -> dict[str, float]:
    """AP, and the mean IoU of what was found."""
    found, truth, overlaps = [], [], list[float]()
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        scene = make_scene(seed)
        large = scene.boxes[:, 2] >= LEAST_PX
        labels = Detections(scene.boxes[large], np.ones(large.sum()), scene.classes[large], CLASS_NAMES)
        seen = detector.detect(scene.rgb)
        iou = rotated_iou_matrix(labels.boxes, seen.boxes[seen.scores >= 0.25])
        best = iou.max(axis=1) if iou.size else np.empty(0)
        overlaps += best[best >= 0.5].tolist()
        found.append(seen)
        truth.append(labels)
    result = average_precision(found, truth)
    return {
        'class_agnostic_map50': result.class_agnostic_map50 or 0.0,
        'class_agnostic_map50_95': result.class_agnostic_map50_95 or 0.0,
        'mean IoU of what was found': float(np.mean(overlaps)) if overlaps else 0.0,
    }


def summed_up(runs: dict[str, Sequence[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Means over the seeds."""
    return {loss: {k: round(float(np.mean([r[k] for r in rows])), 4) for k in rows[0]} for loss, rows in runs.items()}


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--steps', type=int, default=1500)
    parser.add_argument('--scenes', type=int, default=400)
    parser.add_argument('--unseen', type=int, default=60, help='scenes to measure on')
    parser.add_argument('--seeds', type=int, default=2)
    parser.add_argument('--mixed', action='store_true', help='bf16 where it does no harm')
    asked = parser.parse_args()
    torch.set_num_threads(1)
    runs: dict[str, list[dict[str, float]]] = {loss: [] for loss in LOSSES}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(asked.seeds):
            for loss in LOSSES:
                plan = Plan(asked.steps, box_loss=loss, seed=seed, mixed=asked.mixed)
                runs[loss].append(measured(trained(plan, asked.scenes, Path(folder)), asked.unseen))
    packages = versions('numpy', 'torch', 'onnxruntime')
    print(json.dumps({'mean': summed_up(runs), 'runs': runs, 'machine': machine(), 'versions': packages}, indent=2))


if __name__ == '__main__':
    main()
