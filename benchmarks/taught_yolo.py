# SPDX-License-Identifier: Apache-2.0
"""A yolo11n-obb that ultralytics taught for a few hundred steps on painted scenes, as an ONNX file.

    .venv-bench/bin/python benchmarks/taught_yolo.py yolo11n-obb.onnx --unseen out/unseen [--steps 300] [--size 320]
    .venv-bench/bin/python benchmarks/detection_npu.py --model yolo11n-obb.onnx --images out/unseen/images

What random weights can't show: whether a network whose boxes mean something survives a conversion. The scenes are
`waymark_sim.aerial`'s, labels in YOLO-OBB text format. ultralytics is AGPL: this file stays where it was made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from turns import limit_libraries, limit_threads

limit_threads(1)
os.environ['YOLO_OFFLINE'] = 'true'

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from peers import import_torchvision  # noqa: E402

from waymark.boxes import corners  # noqa: E402
from waymark_sim.aerial import CLASS_NAMES, AerialScene, make_scene  # noqa: E402

BATCH = 8
UNSEEN_SEED = 5_000_000


def paint(folder: Path, count: int, size: int, first_seed: int = 0) -> Path:
    """Write scenes and their labels; returns the YAML of the data set (learned from and measured on alike)."""
    for name in ('images', 'labels'):
        (folder / name).mkdir(parents=True)
    for seed in range(first_seed, first_seed + count):
        scene = make_scene(seed, size)
        cv2.imwrite(str(folder / 'images' / f'{seed}.png'), scene.rgb[..., ::-1])
        (folder / 'labels' / f'{seed}.txt').write_text(labelled(scene, size))
    names = ''.join(f'  {number}: {name}\n' for number, name in enumerate(CLASS_NAMES))
    about = folder / 'data.yaml'
    about.write_text(f'path: {folder}\ntrain: images\nval: images\nnames:\n{names}')
    return about


def labelled(scene: AerialScene, size: int) -> str:
    """Lines of YOLO-OBB. ultralytics leaves out all images with a corner beyond the rim: these are cut off there."""
    shares = np.clip((corners(scene.boxes) + 0.5) / size, 0, 1).reshape(-1, 8)
    rows = zip(scene.classes.tolist(), shares.tolist(), strict=True)
    return ''.join(f'{number} {" ".join(f"{v:.7g}" for v in row)}\n' for number, row in rows)


def teach(out: Path, steps: int, size: int, scenes: int) -> None:
    """Train and export."""
    import_torchvision()
    from ultralytics import YOLO

    limit_libraries(1)
    with tempfile.TemporaryDirectory() as folder:
        data = paint(Path(folder) / 'scenes', scenes, size)
        model = YOLO('yolo11n-obb.yaml', task='obb')
        epochs = max(round(steps * BATCH / scenes), 1)
        settings = {'imgsz': size, 'batch': BATCH, 'epochs': epochs, 'optimizer': 'AdamW', 'lr0': 2e-3, 'nbs': BATCH}
        quiet = {'device': 'cpu', 'workers': 0, 'amp': False, 'plots': False, 'val': False, 'deterministic': False}
        # Four pictures in one are small objects only; a short training learns more from whole ones.
        model.train(data=str(data), project=folder, warmup_epochs=1, mosaic=0.0, seed=0, **settings, **quiet)
        made = YOLO(str(model.trainer.last)).export(format='onnx', imgsz=size, simplify=False, verbose=False)
        shutil.move(made, out)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', type=Path)
    parser.add_argument('--steps', type=int, default=300)
    parser.add_argument('--size', type=int, default=320)
    parser.add_argument('--scenes', type=int, default=120)
    parser.add_argument('--unseen', type=Path, help='folder that gets twelve other scenes')
    asked = parser.parse_args()
    if asked.unseen:
        paint(asked.unseen, 12, asked.size, UNSEEN_SEED)
    teach(asked.out, asked.steps, asked.size, asked.scenes)


if __name__ == '__main__':
    main()
