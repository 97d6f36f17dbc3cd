# SPDX-License-Identifier: Apache-2.0
"""The whole stack in one container on two cores, from encoder and detector to follower, safety filter and recorder.

A simulated drone, in a process of its own, is led along a way and then repeats it back and forth, steered by the stack.
Printed as JSON: milliseconds from an image (its camera_info, as a third process hears it) to the follower's command and
to the first `cmd_vel` after it; rates and skips of each node; CPU of both processes in per cent of one core; memory of
the container over time (MiB, and the slope over the second half). Time is held back for slow nodes while the way is
taught, not while it is repeated, which alone is measured.

    python benchmarks/whole_stack.py [--minutes 30] [--cores 0,1] [--hz 15] [--size 640x480]
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
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import yaml

NODES = ('image_encoder', 'obb_detector', 'homography_tracker', 'ego_motion', 'place_recognition', 'route_follower')
SAMPLE_S = 5.0
LIMITS = {'vehicle': 'drone', 'max_velocity': [4.0, 4.0, 1.0, 0.0, 0.0, 1.5], 'watchdog_s': 1.0}
LIMITS['max_acceleration'] = [4.0, 4.0, 2.0, 0.0, 0.0, 4.0]


def main() -> None:
    """Fly and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--minutes', type=float, default=30.0, help='simulated')
    parser.add_argument('--cores', default='0,1', help='of the container; the simulator may use any')
    parser.add_argument('--hz', type=float, default=15.0)
    parser.add_argument('--size', default='640x480')
    parser.add_argument('--length', type=float, default=95.0, help='of the way, m')
    options = parser.parse_args()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ['ROS_DOMAIN_ID'] = str(random.randint(1, 100))
    with tempfile.TemporaryDirectory() as folder:
        os.environ['XDG_STATE_HOME'] = folder
        found = fly(Path(folder), options)
    print(json.dumps({'settings': vars(options), 'load_1min': os.getloadavg()[0], **found}, indent=1))


def stack(folder: Path) -> dict[str, Any]:
    """The container's pipeline."""
    own: dict[str, dict[str, Any]] = {n: {'nice': 10} for n in NODES}  # what steers goes first
    own['route_follower'] = {'routes': str(folder / 'routes')}
    remaps = {'ego_motion': {'odometry': 'ego_odometry'}}  # the vehicle's own is the one that is followed
    nodes = [{'node': n, 'parameters': own.get(n, {}), 'remaps': remaps.get(n, {})} for n in NODES]
    nodes.append({'node': 'safety_filter', 'parameters': LIMITS})
    nodes.append({'node': 'recorder', 'parameters': {'path': str(folder / 'run.mcap')}})
    return {'use_sim_time': True, 'nodes': nodes}


def simulator(options: argparse.Namespace) -> dict[str, Any]:
    """The other process's pipeline."""
    width, height = (int(v) for v in options.size.split('x'))
    parameters = {'mission': 'patrol', 'waits': False, 'image_rate_hz': options.hz, 'width': width, 'height': height}
    parameters |= {'duration_s': 60.0 * options.minutes, 'length': options.length}
    return {'use_sim_time': True, 'nodes': [{'node': 'flight_simulator', 'parameters': parameters}]}


def fly(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Start both processes, watch until the simulator ends, end the container."""
    cores = [int(core) for core in options.cores.split(',')]
    with Watcher() as watcher:
        container = start(folder / 'stack.yaml', stack(folder))
        psutil.Process(container.pid).cpu_affinity(cores)
        world = start(folder / 'world.yaml', simulator(options))
        try:
            if not watcher.wait_for_commands(world):
                raise SystemExit('the simulator ended before anything was repeated; its last line says why')
            usage = sampled(container, world)
        finally:
            for process in (world, container):
                end(process)
        return {**watcher.findings(), **usage, 'recorded_mib': round((folder / 'run.mcap').stat().st_size / 2**20)}


def start(path: Path, pipeline: dict[str, Any]) -> subprocess.Popen[bytes]:
    """A container of its own for a pipeline."""
    path.write_text(yaml.safe_dump(pipeline))
    command = [sys.executable, '-m', 'waymark_ros.container', '--config', str(path)]
    return subprocess.Popen(command, stdout=sys.stderr)


def end(process: subprocess.Popen[bytes]) -> None:
    """End it in order, by its PID; within ten seconds anyway."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def sampled(container: subprocess.Popen[bytes], world: subprocess.Popen[bytes]) -> dict[str, Any]:
    """CPU and memory of both until one ends."""
    processes = {'container': psutil.Process(container.pid), 'simulator': psutil.Process(world.pid)}
    began, before = time.monotonic(), {name: cpu(p) for name, p in processes.items()}
    after, minutes, mib = dict(before), [0.0], [processes['container'].memory_info().rss / 2**20]
    while world.poll() is None and container.poll() is None:
        time.sleep(SAMPLE_S)
        try:
            now = {name: cpu(p) for name, p in processes.items()}
            mib.append(processes['container'].memory_info().rss / 2**20)
        except psutil.NoSuchProcess:
            break
        after, seconds = now, time.monotonic() - began
        minutes.append(seconds / 60)
    seconds = max(60 * minutes[-1], 1e-9)
    half = len(minutes) // 2
    slope = np.polyfit(minutes[half:], mib[half:], 1)[0] if len(minutes) - half > 2 else float('nan')
    return {
        'wall_minutes': round(seconds / 60, 2),
        'cpu_percent': {name: round(100 * (after[name] - before[name]) / seconds) for name in processes},
        'container_mib': [round(v) for v in mib[:: max(len(mib) // 12, 1)]],
        'mib_per_minute_second_half': round(float(slope), 3),
        'container_ended_early': container.poll() is not None and world.poll() is None,
    }


def cpu(process: psutil.Process) -> float:
    """User and system time so far, s."""
    return float(sum(process.cpu_times()[:2]))


class Watcher:
    """Hears images' camera_info, commands and diagnostics, each with the steady time."""

    def __init__(self) -> None:
        from waymark.environment import prepare_ros

        prepare_ros()
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from geometry_msgs.msg import Twist, TwistStamped
        from sensor_msgs.msg import CameraInfo

        from waymark_ros.qos import COMMANDS_IN, RESULTS
        from waymark_ros.spinning import Spinner

        self._rclpy = rclpy
        rclpy.init(args=[])
        node = rclpy.create_node('benchmark_watcher')
        self._lock = threading.Lock()
        self._seen: dict[int, float] = {}
        self._waiting: list[float] = []  # images whose command was heard, but no cmd_vel since
        self._follower_ms: list[float] = []
        self._vehicle_ms: list[float] = []
        self._status: dict[str, dict[str, str]] = {}
        node.create_subscription(CameraInfo, 'camera_info', self._on_image, RESULTS)
        node.create_subscription(TwistStamped, 'cmd/navigation', self._on_command, COMMANDS_IN)
        node.create_subscription(Twist, 'cmd_vel', self._on_vehicle, COMMANDS_IN)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, RESULTS)
        self._spinner = Spinner()
        self._spinner.add(node)

    def __enter__(self) -> Watcher:
        self._spinner.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._spinner.stop()
        self._rclpy.try_shutdown()

    def wait_for_commands(self, world: subprocess.Popen[bytes]) -> bool:
        """Wait until the way was taught and is being repeated."""
        while not self._follower_ms and world.poll() is None:
            time.sleep(0.2)
        return bool(self._follower_ms)

    def findings(self) -> dict[str, Any]:
        """Times and what the nodes said last."""
        keys = ('rate_hz', 'latency_p95_ms', 'received', 'waiting', 'dropped', 'skipped', 'errors', 'state')
        nodes = {n: {k: v[k] for k in keys if k in v} for n, v in sorted(self._status.items()) if v.get('rate_hz')}
        return {
            'image_to_follower_ms': percentiles(self._follower_ms),
            'image_to_cmd_vel_ms': percentiles(self._vehicle_ms),
            'commands': len(self._follower_ms),
            'images': len(self._seen),
            'nodes': nodes,
        }

    def _on_image(self, msg: Any) -> None:
        with self._lock:
            self._seen[stamp_ns(msg)] = time.monotonic()

    def _on_command(self, msg: Any) -> None:
        now = time.monotonic()
        with self._lock:
            image = self._seen.get(stamp_ns(msg))
            if image is not None:
                self._follower_ms.append(1000 * (now - image))
                self._waiting.append(image)

    def _on_vehicle(self, msg: Any) -> None:
        now = time.monotonic()
        with self._lock:
            self._vehicle_ms += [1000 * (now - image) for image in self._waiting]
            self._waiting.clear()

    def _on_diagnostics(self, msg: Any) -> None:
        with self._lock:
            for status in msg.status:
                self._status[status.name] = {v.key: v.value for v in status.values}


def stamp_ns(msg: Any) -> int:
    """Of a message's header."""
    return int(msg.header.stamp.sec) * 1_000_000_000 + int(msg.header.stamp.nanosec)


def percentiles(values: list[float]) -> dict[str, float]:
    """50, 95 and 99 %, and the largest."""
    if not values:
        return {}
    names = ('p50', 'p95', 'p99', 'max')
    return dict(zip(names, np.percentile(values, [50, 95, 99, 100]).round(1).tolist(), strict=True))


if __name__ == '__main__':
    main()
