# SPDX-License-Identifier: Apache-2.0
"""The embedded detector: on real photos that it was not taught on, on unseen scenes, and in time.

    python benchmarks/embedded_detector.py ../shared/data [--model FOLDER] [--scenes 100] [--pictures FOLDER]
    .venv-bench/bin/python benchmarks/embedded_detector.py ../shared/data --peer yolo11n-obb.onnx

Prints JSON. Small and large vehicles count as one class, as the photos' labels of cars do. `false boxes` are those on
photos that hold none of the classes (houses, graffiti, a waterfall, still life, a corridor), by least score.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from waymark.boxes import axis_aligned
from waymark.detected_pictures import drawn
from waymark.detection import Detections, Detector, DetectorConfig, average_precision, read_labels
from waymark_sim.aerial import CLASS_NAMES, make_scene

DOTA = (
    *('plane', 'ship', 'storage tank', 'baseball diamond', 'tennis court', 'basketball court', 'ground track field'),
    *('harbor', 'bridge', 'large vehicle', 'small vehicle', 'helicopter', 'roundabout', 'soccer ball field'),
    'swimming pool',
)
VEHICLES = ('small vehicle', 'large vehicle', 'car')
FIRST_SEED = 5_000_000  # no training comes near it
LEAST_PX = 12
EMPTY = {  # looked at: no vehicle, ship, plane, container or pad is on them
    'sacre_coeur': 'sacre_coeur/mapping/*.jpg',
    'graffiti': 'oxford_affine/graf/*.png',
    'a house': 'oxford_affine/ubc/*.png',
    'waterfall': 'iguazu/*.pgm',
    'still life': 'opencv_samples/*.png',
    'corridor': 'vpr_corridor/ref/*0.jpg',
}
SCORES = (0.25, 0.4)
Pair = tuple[str, np.ndarray, Detections]


def merged(found: Detections, names: Sequence[str]) -> Detections:
    """With vehicles as one class, and classes that are not in `names` left out."""
    plain = ['vehicle' if name in VEHICLES else name for name in found.names]
    keep = np.array([name in names for name in plain], bool)
    numbers = [names.index(name) for name in plain if name in names]
    return Detections(found.boxes[keep], found.scores[keep], np.array(numbers, np.int64), tuple(names))


def dota8(data: Path) -> Iterable[Pair]:
    for image in sorted((data / 'dota8' / 'images' / 'train').glob('*.jpg')):
        rgb = cv2.cvtColor(cv2.imread(str(image)), cv2.COLOR_BGR2RGB)
        label = data / 'dota8' / 'labels' / 'train' / f'{image.stem}.txt'
        yield image.stem, rgb, read_labels(label, rgb.shape[1::-1], DOTA)


def sahi(data: Path) -> Iterable[Pair]:
    notes = json.loads((data / 'sahi_aerial' / 'terrain_all_coco.json').read_text())
    names = {c['id']: c['name'] for c in notes['categories']}
    for image in notes['images']:
        path = data / 'sahi_aerial' / image['file_name']
        rows = [a for a in notes['annotations'] if a['image_id'] == image['id'] and names[a['category_id']] == 'car']
        if rows and path.is_file():
            boxes = np.array([a['bbox'] for a in rows], np.float64)
            boxes[:, 2:] += boxes[:, :2]
            found = Detections(axis_aligned(boxes - 0.5), np.ones(len(rows)), np.zeros(len(rows), int), ('car',))
            yield path.stem, cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), found


def measure(detector: Detector, pairs: Iterable[Pair], names: Sequence[str], pictures: Path | None = None) -> dict:
    found, truth = [], []
    for name, rgb, labels in pairs:
        seen = detector.detect(rgb)
        found.append(merged(seen, names))
        truth.append(merged(labels, names))
        if pictures is not None:
            sure = seen.chosen(seen.scores >= 0.3)
            cv2.imwrite(str(pictures / f'{name}.png'), drawn(rgb, sure)[..., ::-1])
    result = average_precision(found, truth)
    classes = {n: {'ap50': c.ap50, 'labels': c.labels} for n, c in result.per_class.items() if c.labels}
    return {'class_agnostic_map50': result.class_agnostic_map50, 'map50': result.map50, 'per_class': classes}


def false_boxes(detector: Detector, data: Path) -> dict:
    """By group of photos: how many photos, and boxes of at least each of SCORES."""
    report = {}
    for name, pattern in EMPTY.items():
        pictures = [cv2.imread(str(path)) for path in sorted(data.glob(pattern))]
        seen = [detector.detect(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)).scores for bgr in pictures]
        report[name] = {'photos': len(seen)} | {f'>= {s}': int(sum((one >= s).sum() for one in seen)) for s in SCORES}
    return report


def scenes(count: int, **kind: bool | str) -> Iterable[Pair]:
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        scene = make_scene(seed, **kind)
        large = scene.boxes[:, 2] >= LEAST_PX
        labels = Detections(scene.boxes[large], np.ones(large.sum()), scene.classes[large], CLASS_NAMES)
        yield str(seed), scene.rgb, labels


def times_ms(detectors: dict[str, Detector], rounds: int = 30) -> dict[str, float]:
    rgb = make_scene(FIRST_SEED, 640).rgb
    spent: dict[str, list[float]] = {name: [] for name in detectors}
    for _ in range(rounds):
        for name, detector in detectors.items():
            begin = time.perf_counter()
            detector.detect(rgb)
            spent[name].append(1000 * (time.perf_counter() - begin))
    return {name: float(np.median(values)) for name, values in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path)
    parser.add_argument('--model', default='waymark-obb-1')
    parser.add_argument('--peer', help='yolo11n-obb as ONNX, for the time')
    parser.add_argument('--scenes', type=int, default=100)
    parser.add_argument('--pictures', type=Path, help='folder for the photos with boxes')
    options = parser.parse_args()
    cv2.setNumThreads(1)

    def load(model: str, **fields: object) -> Detector:
        return Detector.from_config(DetectorConfig(model=model, backend='onnx', threads=1, **fields))

    wide = {'confidence': 0.01, 'max_detections': 0}
    report = {}
    for way, overlap in (('whole', 0.0), ('tiles', 0.25)):
        detector = load(options.model, tile_overlap=overlap, **wide)
        if options.pictures:
            (options.pictures / way).mkdir(parents=True, exist_ok=True)
        folder = options.pictures / way if options.pictures else None
        names = ['vehicle', 'ship', 'plane']
        report[f'dota8, {way}'] = measure(detector, dota8(options.data), names, folder)
        report[f'sahi_aerial, {way}'] = measure(detector, sahi(options.data), ['vehicle'], folder)
    report['false boxes'] = false_boxes(load(options.model, confidence=min(SCORES), max_detections=0), options.data)
    detector, names = load(options.model, **wide), ['vehicle', 'ship', 'plane', 'container', 'landing pad']
    kinds: dict[str, dict[str, bool | str]] = {'unseen seeds': {}}
    kinds |= {'unseen grounds (rock, snow, paving)': {'unseen': True}, 'oblique': {'oblique': True}}
    kinds |= {'ahead': {'ahead': True}, 'near the ground': {'layout': 'roadside'}}
    for way, kind in kinds.items():
        report[way] = measure(detector, scenes(options.scenes, **kind), names)
    detectors = {'ours': load(options.model)} | ({'peer': load(options.peer)} if options.peer else {})
    report['ms per 640 x 640 image, one thread'] = times_ms(detectors)
    print(json.dumps(report, indent=2))


if __name__ == '__main__':
    main()
