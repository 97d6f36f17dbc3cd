# SPDX-License-Identifier: Apache-2.0
"""1280x720 at 30 Hz with five targets: the container on one core, fed over DDS by a camera process on the others.

Prints JSON: images sent, received and skipped, milliseconds from image stamp to `targets` as the camera's process
sees it, CPU per cent of the core; and, on the same images and pinned to the same core, what AKAZE and ORB in every
image would take for themselves alone (detection once, five matchings and homographies; no transport).

    python benchmarks/tracking_container.py ../shared/data [--seconds 15]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from container import Camera
from tracking import hd_sequences
from tracking_peers import EveryFrame
from turns import machine

HZ = 30.0
TRACKER = 'homography_tracker'
CORE = 0


def main() -> None:
    """Run the container, then the peers, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path)
    parser.add_argument('--seconds', type=float, default=15.0)
    parser.add_argument('--first-seed', type=int, default=1)
    options = parser.parse_args()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ['ROS_DOMAIN_ID'] = str(random.randint(1, 100))
    cv2.setNumThreads(1)
    _, sequence = list(hd_sequences(options.data, options.seconds, options.first_seed))[1]
    images = [m.gray for m in sequence.moments()]
    with tempfile.TemporaryDirectory() as folder:
        config = written(Path(folder), sequence.targets)
        ours = measure(config, images)
    os.sched_setaffinity(0, {CORE})
    peers = {
        'akaze every image': timed(EveryFrame(cv2.AKAZE_create(), sequence.targets), images[::10]),
        'orb every image': timed(EveryFrame(cv2.ORB_create(1000), sequence.targets), images[::3]),
    }
    print(json.dumps({**machine(), 'container': ours, **peers}, indent=1))


def written(folder: Path, targets: tuple[Any, ...]) -> Path:
    """The pipeline: one node, five pictures."""
    names = []
    for number, picture in enumerate(targets):
        names.append(str(folder / f'target_{number}.png'))
        cv2.imwrite(names[-1], picture)
    config = folder / 'five.yaml'
    node = {'node': 'homography_tracker', 'parameters': {'target_images': names}}
    config.write_text(json.dumps({'use_sim_time': False, 'nodes': [node]}))
    return config


def measure(config: Path, images: list[Any]) -> dict[str, Any]:
    """Start the container on one core, play the camera, stop it."""
    command = ['taskset', '-c', str(CORE), sys.executable, '-m', 'waymark_ros.container', '--config', str(config)]
    process = subprocess.Popen(command)
    try:
        with TargetCamera() as camera:
            camera.wait_for_nodes(60.0)
            used = psutil.Process(process.pid).cpu_times()
            camera.play(images, HZ, len(images) / HZ)
            after = psutil.Process(process.pid).cpu_times()
            busy = (after.user + after.system - used.user - used.system) / (len(images) / HZ)
            return {'sent': len(images), 'cpu_percent': round(100 * busy), **camera.findings()}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def timed(peer: EveryFrame, images: list[Any]) -> dict[str, float]:
    """Milliseconds per image."""
    spent = []
    for gray in images:
        begin = time.perf_counter()
        peer.track(gray)
        spent.append(1000 * (time.perf_counter() - begin))
    return {f'p{p}_ms': round(float(np.percentile(spent, p)), 1) for p in (50, 95)}


class TargetCamera(Camera):
    """Also counts the targets that are seen."""

    def __init__(self) -> None:
        super().__init__(1, (TRACKER,))
        self._tracking: list[int] = []

    def findings(self) -> dict[str, Any]:
        """Counts and latencies, and how many targets were seen in an image."""
        return {**super().findings()[TRACKER], 'targets_tracked_mean': round(float(np.mean(self._tracking)), 2)}

    def _on_result(self, name: str, msg: Any) -> None:
        self._tracking.append(sum(t.state == t.TRACKING for t in msg.targets))
        super()._on_result(name, msg)


if __name__ == '__main__':
    main()
