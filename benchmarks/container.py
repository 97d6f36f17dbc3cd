# SPDX-License-Identifier: Apache-2.0
"""720p at 30 Hz to three nodes: in one container, and as separate processes, one after the other in one run.

A camera process publishes over DDS with the shipped Fast DDS profile. Printed as JSON for each way: frames sent,
delivered to each node's mailbox, decoded, skipped by a busy node, milliseconds from image stamp to result as the
camera's process sees it, CPU per cent of one core (camera not counted). Then whether both ways gave equal results for
the frames that both looked at.

    python benchmarks/container.py [--seconds 10] [--hz 30] [--size 1280x720]
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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

TOPICS = {'image_encoder': 'embedding', 'homography_tracker': 'targets', 'place_recognition': 'localization'}
TARGET = Path(__file__).parents[1] / 'config' / 'targets' / 'landing_pad.png'


def main() -> None:
    """Run both ways and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seconds', type=float, default=10.0)
    parser.add_argument('--hz', type=float, default=30.0)
    parser.add_argument('--size', default='1280x720')
    options = parser.parse_args()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ['ROS_DOMAIN_ID'] = str(random.randint(1, 100))
    frames = render(tuple(int(v) for v in options.size.split('x')))
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / 'container.yaml'
        config.write_text(pipeline())
        ways = {'container': [[]], 'separate': [['--only', name] for name in TOPICS]}
        runs = {way: measure(config, processes, frames, options) for way, processes in ways.items()}
    print(json.dumps({'settings': vars(options), **verdict(runs)}, indent=1))


def pipeline() -> str:
    """The three nodes, listening to the camera's topic."""
    return (
        'use_sim_time: false\nnodes:\n- node: image_encoder\n- node: place_recognition\n'
        f'- {{node: homography_tracker, parameters: {{target_images: ["{TARGET}"]}}}}\n'
    )


def render(size_wh: tuple[int, int]) -> list[Any]:
    """Images of a simulated flight, so that nodes have real work."""
    from waymark.sources.config import ImageSourceConfig
    from waymark.sources.open import open_source

    uri = f'sim:ground?width={size_wh[0]}&height={size_wh[1]}'
    return [f.frame.rgb for f in open_source(ImageSourceConfig(input=uri, max_frames=90)).frames()]


def measure(config: Path, processes: list[list[str]], frames: list[Any], options: argparse.Namespace) -> dict[str, Any]:
    """Start the nodes, play the camera, stop the nodes."""
    command = [sys.executable, '-m', 'waymark_ros.container', '--config', str(config)]
    started = [subprocess.Popen([*command, *more]) for more in processes]
    try:
        with Camera(len(processes)) as camera:
            camera.wait_for_nodes()
            before = cpu_seconds(started)
            sent = camera.play(frames, options.hz, options.seconds)
            cpu = (cpu_seconds(started) - before) / options.seconds
            for process in started:
                process.send_signal(signal.SIGINT)
            for process in started:
                process.wait(timeout=10)
            camera.wait_for_last_words()
            return {'sent': sent, 'cpu_percent': round(100 * cpu), **camera.findings(), '_results': camera.results}
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()


def cpu_seconds(processes: list[subprocess.Popen[bytes]]) -> float:
    """User and system time of the processes so far."""
    return sum(sum(psutil.Process(p.pid).cpu_times()[:2]) for p in processes)


class Camera:
    """Publishes images at a rate and notes when which result came back."""

    def __init__(self, subscribers: int, names: Sequence[str] = tuple(TOPICS), K: Any = None) -> None:
        from waymark.environment import prepare_ros

        prepare_ros()
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from sensor_msgs.msg import CameraInfo, Image
        from waymark_msgs.msg import Embedding, Localization, PlanarTargetArray

        from waymark_ros.qos import IMAGES_OUT, RESULTS
        from waymark_ros.spinning import Spinner

        self._rclpy, self._subscribers, self._names = rclpy, subscribers, names
        rclpy.init(args=[])
        self._node = rclpy.create_node('benchmark_camera')
        self._image = self._node.create_publisher(Image, 'image', IMAGES_OUT)
        self._info, self._K = self._node.create_publisher(CameraInfo, 'camera_info', IMAGES_OUT), K
        self.results: dict[str, dict[int, Any]] = {name: {} for name in names}
        self._latency_ms: dict[str, list[float]] = {name: [] for name in names}
        self._status: dict[str, dict[str, str]] = {}
        self._index_of: dict[int, int] = {}
        types = dict(zip(TOPICS, (Embedding, PlanarTargetArray, Localization), strict=True))
        for name in names:
            self._node.create_subscription(
                types[name], TOPICS[name], lambda msg, name=name: self._on_result(name, msg), RESULTS
            )
        self._node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, RESULTS)
        self._spinner = Spinner()
        self._spinner.add(self._node)

    def __enter__(self) -> Camera:
        self._spinner.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._spinner.stop()
        self._rclpy.try_shutdown()

    def wait_for_nodes(self, seconds: float = 30.0) -> None:
        """Wait until every process listens and every node has reported."""
        deadline = time.monotonic() + seconds
        while self._image.get_subscription_count() < self._subscribers or not self._status.keys() >= set(self._names):
            if time.monotonic() > deadline:
                raise TimeoutError(f'the nodes did not start within {seconds:g} s')
            time.sleep(0.1)
        time.sleep(1.0)

    def play(self, frames: list[Any], hz: float, seconds: float) -> int:
        """Publish at the rate, each image stamped when it goes out."""
        from waymark.types import Frame, Header
        from waymark_ros.conversions import frame_to_image

        count, started = round(hz * seconds), time.monotonic()
        for i in range(count):
            time.sleep(max(0.0, started + i / hz - time.monotonic()))
            stamp_ns = self._node.get_clock().now().nanoseconds
            if self._K is not None:
                self._info.publish(self._calibration(stamp_ns, frames[0].shape))
            self._index_of[stamp_ns] = i  # both ways see the same picture at the same index
            pixels = frames[i % len(frames)]
            layout = 'mono' if pixels.ndim == 2 else 'rgb'
            self._image.publish(frame_to_image(Frame(Header(stamp_ns, 'camera'), pixels, layout)))
        time.sleep(1.5)
        return count

    def _calibration(self, stamp_ns: int, shape: tuple[int, ...]) -> Any:
        from sensor_msgs.msg import CameraInfo

        from waymark.types import Header
        from waymark_ros.conversions import header_to_msg

        header = header_to_msg(Header(stamp_ns, 'camera'))
        known = {'distortion_model': 'plumb_bob', 'd': [0.0] * 5, 'k': self._K.ravel()}
        return CameraInfo(header=header, height=shape[0], width=shape[1], **known)

    def wait_for_last_words(self) -> None:
        """The nodes' totals come with their last diagnostics."""
        time.sleep(0.5)

    def findings(self) -> dict[str, Any]:
        """Counts and latencies of each node."""
        return {
            name: {
                'delivered': int(self._status[name].get('received', 0)),
                'decoded_in_process': int(self._status[name].get('decoded_in_process', 0)),
                'skipped_busy': int(self._status[name]['skipped'])
                + int(self._status[name].get('skipped_embeddings', 0)),
                'results': len(self.results[name]),
                'stamp_to_result_p50_ms': round(float(np.percentile(self._latency_ms[name], 50)), 1),
                'stamp_to_result_p95_ms': round(float(np.percentile(self._latency_ms[name], 95)), 1),
                'stamp_to_result_max_ms': round(max(self._latency_ms[name]), 1),
            }
            for name in self._names
        }

    def _on_result(self, name: str, msg: Any) -> None:
        stamp_ns = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
        self._latency_ms[name].append((self._node.get_clock().now().nanoseconds - stamp_ns) / 1e6)
        msg.header.stamp.sec = msg.header.stamp.nanosec = 0
        self.results[name][self._index_of[stamp_ns]] = repr(msg)

    def _on_diagnostics(self, msg: Any) -> None:
        for status in msg.status:
            if status.message != 'inactive':
                self._status[status.name] = {v.key: v.value for v in status.values}


def verdict(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Compare the results of both ways, frame by frame, for the node whose answer depends on that frame alone."""
    results = {way: run.pop('_results') for way, run in runs.items()}
    equal = {}
    for name in ('image_encoder',):
        both = results['container'][name].keys() & results['separate'][name].keys()
        same = sum(results['container'][name][i] == results['separate'][name][i] for i in both)
        equal[name] = f'{same} of {len(both)} frames that both looked at'
    shares = [run[name]['delivered'] / run['sent'] for run in runs.values() for name in TOPICS]
    return {**runs, 'equal_results': equal, 'smallest_delivered_share': round(min(shares), 4)}


if __name__ == '__main__':
    main()
