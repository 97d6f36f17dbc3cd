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
from tracking import hd_sequences
from tracking_peers import EveryFrame
from turns import machine

HZ = 30.0
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
        with Camera() as camera:
            camera.wait_for_node()
            used = psutil.Process(process.pid).cpu_times()
            camera.play(images)
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


class Camera:
    """Publishes images at 30 Hz and notes when which result came back."""

    def __init__(self) -> None:
        from waymark.environment import prepare_ros

        prepare_ros()
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from sensor_msgs.msg import Image
        from waymark_msgs.msg import PlanarTargetArray

        from waymark_ros.qos import IMAGES_OUT, RESULTS
        from waymark_ros.spinning import Spinner

        self._rclpy = rclpy
        rclpy.init(args=[])
        self._node = rclpy.create_node('benchmark_camera')
        self._image = self._node.create_publisher(Image, 'image', IMAGES_OUT)
        self._latency_ms: list[float] = []
        self._tracking: list[int] = []
        self._status: dict[str, str] = {}
        self._node.create_subscription(PlanarTargetArray, 'targets', self._on_targets, RESULTS)
        self._node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, RESULTS)
        self._spinner = Spinner()
        self._spinner.add(self._node)

    def __enter__(self) -> Camera:
        self._spinner.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._spinner.stop()
        self._rclpy.try_shutdown()

    def wait_for_node(self) -> None:
        """Wait until the tracker listens."""
        deadline = time.monotonic() + 60
        while self._image.get_subscription_count() < 1 or not self._status:
            if time.monotonic() > deadline:
                raise TimeoutError('the container did not start within 60 s')
            time.sleep(0.1)
        time.sleep(1.0)

    def play(self, images: list[Any]) -> None:
        """Publish at the rate, each image stamped when it goes out."""
        from waymark.types import Frame, Header
        from waymark_ros.conversions import frame_to_image

        started = time.monotonic()
        for number, gray in enumerate(images):
            time.sleep(max(0.0, started + number / HZ - time.monotonic()))
            stamp_ns = self._node.get_clock().now().nanoseconds
            self._image.publish(frame_to_image(Frame(Header(stamp_ns, 'camera'), gray, 'mono')))
        time.sleep(2.0)

    def findings(self) -> dict[str, Any]:
        """Counts and latencies."""
        return {
            'received': int(self._status.get('received', 0)),
            'skipped': int(self._status.get('skipped', 0)),
            'results': len(self._latency_ms),
            'targets_tracked_mean': round(float(np.mean(self._tracking)), 2),
            **{f'stamp_to_result_p{p}_ms': round(float(np.percentile(self._latency_ms, p)), 1) for p in (50, 95)},
        }

    def _on_targets(self, msg: Any) -> None:
        stamp_ns = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
        self._latency_ms.append((self._node.get_clock().now().nanoseconds - stamp_ns) / 1e6)
        self._tracking.append(sum(t.state == t.TRACKING for t in msg.targets))

    def _on_diagnostics(self, msg: Any) -> None:
        for status in msg.status:
            if status.name.endswith('homography_tracker') and status.message != 'inactive':
                self._status = {v.key: v.value for v in status.values}


if __name__ == '__main__':
    main()
