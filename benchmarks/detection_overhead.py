# SPDX-License-Identifier: Apache-2.0
"""A YOLO-OBB from ultralytics in Waymark and in ultralytics: the same boxes, and how long all but the network takes.

    .venv-bench/bin/python benchmarks/detection_overhead.py [--model yolo11n-obb.onnx] [--image PICTURE]

Without --model, ultralytics makes a yolo11n-obb with random weights and exports it to ONNX in a temporary folder. Both
run that file in ONNX Runtime on one thread: ultralytics' own session, which takes a thread per core that spins on
while it goes on to its boxes, is replaced by one that does not. Parity: all boxes from 0.05 on in the image, nothing
suppressed, against ultralytics' own decoding of the same network output, and how far the inputs differ. Overhead: from
the whole image to boxes, less the time in the network; `wall_ms` is with it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from turns import limit_libraries, limit_threads, machine, versions

limit_threads(1)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from peers import import_torchvision  # noqa: E402

from waymark.boxes import canonical, corners  # noqa: E402
from waymark.detection import Detector, DetectorConfig  # noqa: E402


def export_random(folder: Path, seed: int = 0, size: int = 640) -> Path:
    """A yolo11n-obb with random weights as an ONNX file for images of `size` x `size`."""
    import torch
    from ultralytics import YOLO

    torch.manual_seed(seed)
    model = YOLO('yolo11n-obb.yaml', task='obb')
    network, head = model.model, model.model.model[-1]
    with torch.no_grad():
        # Fresh networks answer the same everywhere: normalise their activations, and let every cell say another thing.
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0
        network.train()
        network(torch.from_numpy(picture(None)[:640, :640].transpose(2, 0, 1)[None] / np.float32(255)))
        network.eval()
        for branch, spread, bias in ((head.cv2, 3.0, 0.0), (head.cv3, 1.0, -4.0), (head.cv4, 1.0, 0.0)):
            for layers in branch:
                layers[-1].weight.normal_(0, spread * layers[-1].weight[0].numel() ** -0.5)
                layers[-1].bias.fill_(bias)
    made = Path(model.export(format='onnx', imgsz=size, simplify=False, verbose=False))
    path = folder / 'yolo11n-obb.onnx'
    shutil.move(made, path)
    return path


def picture(path: Path | None) -> np.ndarray:
    """(720, 1280, 3) RGB: the user's picture, or coloured noise at several scales."""
    if path is not None:
        return np.ascontiguousarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB))
    rng = np.random.default_rng(0)
    layers = [cv2.resize(rng.uniform(0, 64, (n, n, 3)), (1280, 720)) for n in (4, 16, 64, 256)]
    return np.clip(sum(layers), 0, 255).astype(np.uint8)


def parity(model: Path, image: np.ndarray) -> dict[str, Any]:
    """Largest difference of all boxes in the image, nothing suppressed, px, from one output of the network."""
    from ultralytics import YOLO

    settings = {'imgsz': 640, 'conf': 0.05, 'iou': 1.0, 'max_det': 10_000, 'device': 'cpu', 'verbose': False}
    peer, seen = YOLO(str(model), task='obb'), {}
    bgr = np.ascontiguousarray(image[..., ::-1])
    peer.predict(bgr, **settings)
    forward = peer.predictor.model.backend.forward

    def keep(tensor: Any, *rest: Any, **more: Any) -> Any:
        seen['input'], seen['output'] = tensor.numpy().copy(), forward(tensor, *rest, **more)
        return seen['output']

    peer.predictor.model.backend.forward = keep
    found = peer.predict(bgr, **settings)[0].obb
    theirs = canonical(found.xywhr.numpy().astype(np.float64) - [0.5, 0.5, 0, 0, 0])  # pixel edges to pixel centres
    config = DetectorConfig(
        model=str(model), backend='onnx', threads=1, confidence=0.05, nms_threshold=1.0, max_detections=0
    )
    detector = Detector.from_config(config)
    tensor = detector._tensor.write(image)  # noqa: SLF001
    output = seen['output'][0] if isinstance(seen['output'], tuple | list) else seen['output']
    detector._backend.run = lambda _: {'output0': np.asarray(output)}  # noqa: SLF001 - random networks are chaotic
    ours = detector.detect(image)
    one, other = (
        np.lexsort((b[:, 1], b[:, 0], s)) for b, s in ((ours.boxes, ours.scores), (theirs, found.conf.numpy()))
    )
    boxes, expected = corners(ours.boxes[one]), corners(theirs[other])
    apart = np.linalg.norm(boxes[:, :, None] - expected[:, None], axis=-1).min(axis=2)
    return {
        'input_levels': float(np.abs(tensor - seen['input']).max() * 255),
        'boxes': len(boxes),
        'corners_px': float(apart.max()),
        'scores': float(np.abs(ours.scores[one] - found.conf.numpy()[other]).max()),
        'classes_equal': bool((ours.classes[one] == found.cls.numpy()[other]).all()),
    }


def measure(ours: Detector, model: Path, image: np.ndarray, seconds: float) -> dict[str, Any]:
    """CPU and wall time per image of both, whole and without the network; ours with numba's loop and without."""
    from ultralytics import YOLO

    peer, bgr = YOLO(str(model), task='obb'), np.ascontiguousarray(image[..., ::-1])
    settings = {'imgsz': 640, 'conf': ours.config.confidence, 'iou': 0.45, 'verbose': False, 'device': 'cpu'}
    peer.predict(bgr, **settings)
    limit_libraries(1)
    backend = peer.predictor.model.backend if hasattr(peer.predictor.model, 'backend') else peer.predictor.model
    backend.session = one_thread(model)
    peer_network, our_network = Timer(backend.forward), Timer(ours._backend.run)  # noqa: SLF001
    backend.forward, ours._backend.run = peer_network, our_network  # noqa: SLF001
    kept = ours._tensor  # noqa: SLF001
    assert kept is not None and kept.halve is not None, 'numba is missing: pip install waymark[fast]'
    loop = kept.halve

    def detect(halve: Any) -> Any:
        kept.halve = halve
        return ours.detect(image)

    runs: dict[str, tuple[Callable[[], Any], Timer]] = {
        'waymark': (lambda: detect(None), our_network),
        'waymark[fast]': (lambda: detect(loop), our_network),
        'ultralytics': (lambda: peer.predict(bgr, **settings), peer_network),
    }
    samples: dict[str, list[tuple[float, float, float]]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, (run, network) in runs.items():
            network.wall = network.cpu = 0.0
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            samples[name].append((wall * 1e3, (wall - network.wall) * 1e3, (cpu - network.cpu) * 1e3))
    return {
        **figures(samples),
        'candidates': len(ours.candidates(image).boxes),
        'boxes': {'waymark': len(ours.detect(image)), 'ultralytics': len(peer.predict(bgr, **settings)[0].obb)},
        'turns': len(samples['waymark']),
    }


def figures(samples: dict[str, list[tuple[float, float, float]]]) -> dict[str, Any]:
    """Medians, and the medians of the ratios of overheads taken in turn."""
    names, peers = ('wall_ms', 'overhead_wall_ms', 'overhead_cpu_ms'), samples['ultralytics']
    ratios = {n: np.median([a[2] / b[2] for a, b in zip(v, peers, strict=True)]) for n, v in samples.items()}
    found = {n: dict(zip(names, np.median(v, axis=0).round(3).tolist(), strict=True)) for n, v in samples.items()}
    return {**found, 'overhead_cpu_ratio': {n: round(float(r), 3) for n, r in ratios.items() if n != 'ultralytics'}}


def one_thread(model: Path) -> Any:
    """A session as ultralytics makes it, but on one thread: without a pool nothing spins."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=['CPUExecutionProvider'])


class Timer:
    """A function that adds up its own time."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.wall, self.cpu = function, 0.0, 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, and count."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = self.function(*args, **kwargs)
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu
        return result


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--model', type=Path, help='ONNX file of ultralytics; default: random weights')
    parser.add_argument('--image', type=Path)
    parser.add_argument('--seconds', type=float, default=30.0)
    parser.add_argument('--confidence', type=float, default=0.25, help='of the timed runs')
    asked = parser.parse_args()
    import_torchvision()
    image = picture(asked.image)
    with tempfile.TemporaryDirectory() as folder:
        path = asked.model or export_random(Path(folder))
        report: dict[str, Any] = {'parity': parity(path, image)}
        config = DetectorConfig(
            model=str(path), backend='onnx', threads=1, confidence=asked.confidence, max_detections=300
        )
        report['times'] = measure(Detector.from_config(config), path, image, asked.seconds)
    packages = versions('numpy', 'numba', 'onnxruntime', 'opencv-python-headless', 'ultralytics', 'torch')
    print(json.dumps({**report, 'machine': machine(), 'versions': packages}, indent=2))


if __name__ == '__main__':
    main()
