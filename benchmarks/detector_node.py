# SPDX-License-Identifier: Apache-2.0
"""What the node obb_detector adds to its network, per 640x480 image, beside what ultralytics alone adds to it.

    .venv/bin/python benchmarks/detector_node.py [--objects 20] [--seconds 20]

The network is an ONNX file that says the same for every image: `--objects` boxes, ten candidates for each, among 8400
columns, as a YOLO-OBB does. CPU time of one thread: from an Image message (bgr8) to the serialized Detection2DArray and
OrientedTrackArray, in parts, without the network. Then benchmarks/detection_overhead.py runs in .venv-bench on the
same file and image: ultralytics' predict without its network, and without any ROS. (yolo_ros, which wraps it, is
GPL and is not run here.)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from turns import limit_libraries, limit_threads, machine, versions

limit_threads(1)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from tests.support.tiny_detectors import constant_model, yolo_table  # noqa: E402

from waymark.detection import Detector  # noqa: E402
from waymark.objects import ObjectsConfig, ObjectStream  # noqa: E402
from waymark.types import Frame, Header  # noqa: E402
from waymark_ros.conversions import frame_to_image, image_to_frame  # noqa: E402
from waymark_ros.detection_conversions import detections_to_msg, tracks_to_msg  # noqa: E402

CANDIDATES, COLUMNS, CLASSES = 10, 8400, 15


def network(path: Path, objects: int, rng: np.random.Generator) -> Path:
    """A detector that says `objects` boxes on a grid."""
    columns = max(int(np.ceil(np.sqrt(objects * 4 / 3))), 1)
    at = np.arange(objects)
    rows = np.zeros((objects, 7))
    rows[:, 0] = 20 + (at % columns) * 600 / columns
    rows[:, 1] = 100 + (at // columns) * 440 / columns
    rows[:, 2:4], rows[:, 4] = (300 / columns, 150 / columns), rng.uniform(-1.5, 1.5, objects)
    rows[:, 5], rows[:, 6] = 0.9, at % CLASSES
    near = np.repeat(rows, CANDIDATES, axis=0)
    near[:, :4] *= rng.normal(1, 0.01, (len(near), 4))
    near[:, 5] -= rng.uniform(0, 0.3, len(near))
    table = np.zeros((1, 4 + CLASSES + 1, COLUMNS), np.float32)
    table[..., : len(near)] = yolo_table(near, CLASSES)
    names = str({k: f'kind {k}' for k in range(CLASSES)})
    stated = {'task': 'obb', 'names': names, 'imgsz': '[640, 640]', 'version': '8.4', 'stride': '32', 'batch': '1'}
    return constant_model(path, {'output0': table}, (1, 3, 640, 640), stated)


class Parts:
    """CPU time of the steps of one image, ms."""

    def __init__(self) -> None:
        self.samples: dict[str, list[float]] = {}

    def __call__(self, name: str, step: Callable[[], Any]) -> Any:
        """Run a step, and count."""
        begin = time.process_time()
        result = step()
        self.samples.setdefault(name, []).append((time.process_time() - begin) * 1e3)
        return result

    def medians(self) -> dict[str, float]:
        """By step, without the first images, and the sum."""
        found = {name: round(float(np.median(values[5:])), 3) for name, values in self.samples.items()}
        found['find'] = round(found['find'] - found.pop('network'), 3)
        return found | {'all': round(sum(found.values()), 3)}


def measure(model: Path, image: np.ndarray, seconds: float) -> dict[str, Any]:
    """The node's steps, image after image."""
    config = ObjectsConfig(model=str(model), backend='onnx', threads=1)
    stream, parts = ObjectStream(Detector.from_config(config), config), Parts()
    run = stream.detector._backend.run  # noqa: SLF001
    stream.detector._backend.run = lambda inputs: parts('network', lambda: run(inputs))  # noqa: SLF001
    end, stamp_ns, seen = time.perf_counter() + seconds, 10**9, None
    while time.perf_counter() < end:
        stamp_ns += 33_333_333
        msg = frame_to_image(Frame(Header(stamp_ns), image, 'bgr'))
        frame = parts('decode', lambda m=msg: image_to_frame(m))
        parts('decode rgb', lambda f=frame: f.rgb)
        found = parts('find', lambda f=frame: stream.find(f.rgb))
        seen = parts('follow', lambda f=frame, b=found, s=stamp_ns: stream.follow(f.rgb, b, s))
        boxes = parts('detections', lambda s=seen, f=frame: detections_to_msg(s, f.header))
        tracks = parts('tracks', lambda s=seen, f=frame: tracks_to_msg(s.tracks, f.header))
        parts('serialize', lambda b=boxes, t=tracks: (serialize_message(b), serialize_message(t)))
    assert seen is not None
    return {'cpu_ms': parts.medians(), 'boxes': len(seen.detections), 'tracks': len(seen.tracks)}


def peer(model: Path, picture: Path, seconds: float) -> dict[str, Any] | None:
    """Ultralytics' overhead on the same file and image; None where .venv-bench is not there."""
    python = REPO / '.venv-bench' / 'bin' / 'python'
    if not python.exists():
        return None
    script = REPO / 'benchmarks' / 'detection_overhead.py'
    command = [python, script, '--model', model, '--image', picture, '--seconds', str(seconds)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    times = json.loads(done.stdout[done.stdout.index('{') :])['times']
    return {k: times[k] for k in ('waymark', 'ultralytics', 'overhead_cpu_ratio', 'candidates', 'boxes')}


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--objects', type=int, default=20)
    parser.add_argument('--seconds', type=float, default=20.0)
    asked = parser.parse_args()
    limit_libraries(1)
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 256, (60, 80, 3), np.uint8), (640, 480))
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / 'image.png'
        cv2.imwrite(str(picture), image)
        model = network(Path(folder) / 'boxes.onnx', asked.objects, rng)
        report = {'node': measure(model, image, asked.seconds), 'without_ros': peer(model, picture, asked.seconds)}
    packages = versions('numpy', 'onnxruntime', 'opencv-python-headless', 'rclpy')
    print(json.dumps({**report, 'machine': machine(), 'versions': packages}, indent=2))


if __name__ == '__main__':
    main()
