# SPDX-License-Identifier: Apache-2.0
"""ProbIoU against the Wasserstein distance as the loss of boxes: two equal short trainings, seed by seed; prints JSON.

    .venv-models/bin/python benchmarks/box_losses.py [../shared/data] [--steps 700] [--crop 256] [--seeds 2] [--mixed]

Both learn from the same scenes (seeds from 0), in the same order, from the same first weights; only the loss of the
boxes differs. Measured on the unseen scenes of embedded_detector.py and, where a data folder is named, on the photos of
its dota8: AP50 and AP50-95 with all classes taken for one, and how far boxes are off in what was found at IoU .5.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from turns import limit_threads, machine, versions

limit_threads(1)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from embedded_detector import Pair, dota8, scenes  # noqa: E402

from waymark.boxes import rotated_iou_matrix  # noqa: E402
from waymark.detection import Detections, Detector, DetectorConfig, average_precision  # noqa: E402
from waymark.manifest import file_sha256, write_manifest  # noqa: E402
from waymark.training.detector.layout import BoxNetLayout  # noqa: E402
from waymark.training.detector.network import build_network  # noqa: E402
from waymark.training.detector.pictures import LabelledFolder, open_folder, write_scenes  # noqa: E402
from waymark.training.detector.trainer import DetectorTrainer, Plan  # noqa: E402
from waymark.training.detector.weights import folded, write_network  # noqa: E402
from waymark.types import ModelManifest  # noqa: E402
from waymark_sim.aerial import CLASS_NAMES  # noqa: E402

LOSSES = ('probiou', 'gwd')


def trained(plan: Plan, pictures: LabelledFolder, folder: Path) -> Detector:
    """Train from nothing, and load what was learned."""
    torch.manual_seed(plan.seed)
    layout = BoxNetLayout(CLASS_NAMES)
    trainer = DetectorTrainer(build_network(layout), layout, plan)
    trainer.run(pictures, lambda _: True)
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


def measured(detector: Detector, pairs: Iterable[Pair]) -> dict[str, float]:
    """AP, and the mean IoU of what was found."""
    found, truth, overlaps = [], [], list[float]()
    for _, rgb, labels in pairs:
        seen = detector.detect(rgb)
        iou = rotated_iou_matrix(labels.boxes, seen.boxes[seen.scores >= 0.25])
        best = iou.max(axis=1) if iou.size else np.empty(0)
        overlaps += best[best >= 0.5].tolist()
        found.append(as_one_class(seen))
        truth.append(as_one_class(labels))
    result = average_precision(found, truth)
    return {
        'class_agnostic_map50': result.class_agnostic_map50 or 0.0,
        'class_agnostic_map50_95': result.class_agnostic_map50_95 or 0.0,
        'found at a score of .25': len(overlaps) / sum(len(labels) for labels in truth),
        'mean IoU of what was found': float(np.mean(overlaps)) if overlaps else 0.0,
    }


def as_one_class(seen: Detections) -> Detections:
    """The classes of the photos have other names than those that are learned."""
    return Detections(seen.boxes, seen.scores, np.zeros(len(seen), np.int64), ('object',))


def summed_up(runs: dict[str, Sequence[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Means over the seeds."""
    return {loss: {k: round(float(np.mean([r[k] for r in rows])), 4) for k in rows[0]} for loss, rows in runs.items()}


def one_run(plan: Plan, pictures: LabelledFolder, sets: dict[str, list[Pair]], folder: Path) -> dict[str, float]:
    """Train and measure; the numbers also go to stderr, for whoever has no time to wait for the rest."""
    detector = trained(plan, pictures, folder)
    numbers = {f'{on}: {k}': v for on, pairs in sets.items() for k, v in measured(detector, pairs).items()}
    print(plan.box_loss, plan.seed, json.dumps(numbers), file=sys.stderr, flush=True)
    return numbers


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, nargs='?', help='folder with dota8')
    parser.add_argument('--steps', type=int, default=700)
    parser.add_argument('--crop', type=int, default=256, help='width and height of what is learned from, px')
    parser.add_argument('--scenes', type=int, default=150, help='to learn from')
    parser.add_argument('--painted', type=Path, help='folder in which they stay for the next time')
    parser.add_argument('--losses', choices=LOSSES, nargs='*', default=LOSSES)
    parser.add_argument('--unseen', type=int, default=60, help='scenes to measure on')
    parser.add_argument('--seeds', type=int, default=2)
    parser.add_argument('--mixed', action='store_true', help='bf16 where it does no harm')
    asked = parser.parse_args()
    torch.set_num_threads(1)
    runs: dict[str, list[dict[str, float]]] = {loss: [] for loss in asked.losses}
    sets = {'scenes': list(scenes(asked.unseen))} | ({'dota8': list(dota8(asked.data))} if asked.data else {})
    with tempfile.TemporaryDirectory() as folder:
        painted = asked.painted or Path(folder) / 'scenes'
        write_scenes(painted, asked.scenes, 0, lambda _: None)
        files, names = open_folder(painted / 'images', painted / 'labels')
        for seed in range(asked.seeds):
            for loss in asked.losses:
                plan = Plan(asked.steps, size=asked.crop, box_loss=loss, seed=seed, mixed=asked.mixed)
                runs[loss].append(one_run(plan, LabelledFolder(files, names), sets, Path(folder)))
    packages = versions('numpy', 'torch', 'onnxruntime')
    print(json.dumps({'mean': summed_up(runs), 'runs': runs, 'machine': machine(), 'versions': packages}, indent=2))


if __name__ == '__main__':
    main()
