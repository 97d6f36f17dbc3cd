# SPDX-License-Identifier: Apache-2.0
"""A 30 Hz camera against a large map: image_encoder and place_recognition in a container, over DDS; prints JSON.

    python benchmarks/place_stream.py --map out/large.wmap          # made by benchmarks/large_map.py; else made first

The camera, a process of its own, flies over the surveyed grounds lower, in other light and any heading, and is carried
off to another place every five seconds. `--unknown`: over another ground, where most images are compared with the whole
map. `--camera-info`: the camera is calibrated, and matches have poses. The nodes have their defaults: they also add
keyframes to (a copy of) the map. Camera, DDS and nodes share two cores. `skipped_busy` are images that came while the
node was busy with others and were pushed out; `lost` those that never reached it. Latency is from the stamp (when the
camera publishes) to the result's arrival in the camera's process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
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
from container import Camera, cpu_seconds
from kidnap import flight_over, hop, pose
from large_map import ALTITUDE_M, FIRST_SEED, FOV, make_map
from numpy.typing import NDArray

from waymark.encoding import EncoderConfig, load_encoder
from waymark.maps import open_map
from waymark_sim.ground import generate_ground
from waymark_sim.ortho import Look, OrthoRenderer

NODES = ('image_encoder', 'place_recognition')
HOP_S = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--map', type=Path)
    parser.add_argument('--keyframes', type=int, default=10_000, help='of a map that is made here')
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--hz', type=float, default=30.0)
    parser.add_argument('--size', default='640x480', help='of the camera; the map is made with the same')
    parser.add_argument('--pictures', type=int, default=600, help='rendered before; shown again from the first')
    parser.add_argument('--unknown', action='store_true', help='fly where the map does not reach')
    parser.add_argument('--camera-info', action='store_true', help='publish the calibration')
    parser.add_argument('--set', action='append', default=[], metavar='PARAMETER=VALUE', help='of place_recognition')
    args = parser.parse_args()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ['ROS_DOMAIN_ID'] = str(random.randint(1, 100))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    width, height = (int(v) for v in args.size.split('x'))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'copy.wmap'
        if args.map is None:
            make_map(path, args.keyframes, (width, height), load_encoder(EncoderConfig(threads=1)))
        else:
            shutil.copyfile(args.map, path)
        with open_map(path) as file:
            count = len(file.load())
        found = measure(args, path, film((width, height), args.pictures, args.hz, 0 if args.unknown else count))
    print(json.dumps({'keyframes': count, 'load_average': os.getloadavg()[0], **found}, indent=1))


def film(size_wh: tuple[int, int], count: int, hz: float, keyframes: int) -> list[NDArray[np.uint8]]:
    """What the camera sees; over no ground of the map where that has no keyframes."""
    cv2.setNumThreads(1)
    rng, pictures = np.random.default_rng(1), []
    grounds, first = max(keyframes // 1100, 1), FIRST_SEED if keyframes else 0
    while len(pictures) < count:
        flight = flight_over(generate_ground(first + int(rng.integers(grounds)), 2048, 100.0), ALTITUDE_M, slice(None))
        look = Look(float(rng.uniform(0.7, 1.3)), float(rng.uniform(0, 0.7)), 4.0)
        renderer = OrthoRenderer(flight.ground, size_wh, FOV, look, seed=int(rng.integers(1 << 30)))
        altitude, heading = ALTITUDE_M * rng.uniform(0.85, 1.0), rng.uniform(0, 2 * np.pi)
        path = np.array(hop(flight, HOP_S, rng))
        times = np.arange(round(HOP_S * hz)) / hz * (len(path) - 1) / HOP_S
        for x, y in zip(*(np.interp(times, np.arange(len(path)), axis) for axis in path.T), strict=True):
            pictures.append(renderer.render(pose(np.array([x, y]), altitude, heading, rng), len(pictures)))
    return pictures[:count]


def calibration(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """K of the camera that films (waymark_sim.ortho)."""
    height, width = shape[:2]
    focal = height / 2 / np.tan(FOV / 2)
    return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])


def measure(args: argparse.Namespace, path: Path, pictures: list[NDArray[np.uint8]]) -> dict[str, Any]:
    """Start the nodes on the map, play the camera, stop the nodes."""
    config = path.with_name('stream.yaml')
    settings = ''.join(f', {s.replace("=", ": ", 1)}' for s in args.set)
    config.write_text(
        f'use_sim_time: false\nnodes:\n- node: image_encoder\n'
        f'- {{node: place_recognition, parameters: {{map: {path}{settings}}}}}\n'
    )
    command = [sys.executable, '-m', 'waymark_ros.container', '--config', str(config)]
    started = time.monotonic()
    process = subprocess.Popen(command)
    try:
        with Camera(1, NODES, calibration(pictures[0].shape) if args.camera_info else None) as camera:
            camera.wait_for_nodes(300)
            ready_s = time.monotonic() - started
            watched = psutil.Process(process.pid)
            memory, before = watched.memory_info().rss, cpu_seconds([process])
            sent = camera.play(pictures, args.hz, args.seconds)
            cpu = (cpu_seconds([process]) - before) / args.seconds
            after = watched.memory_info().rss
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)
            camera.wait_for_last_words()
            found = camera.findings()
            states = [
                result.split('state=')[1].split(',')[0].rstrip(')')
                for result in camera.results['place_recognition'].values()
            ]
    finally:
        if process.poll() is None:
            process.kill()
    return {
        'camera': f'{args.size} at {args.hz:g} Hz for {args.seconds:g} s',
        'sent': sent,
        'start_to_ready_s': round(ready_s, 1),
        'memory_mb': [round(memory / 1e6), round(after / 1e6)],
        'cpu_percent': round(100 * cpu),
        'localized_share': round(states.count('2') / max(len(states), 1), 3),
        **{name: values | {'lost': sent - values['delivered']} for name, values in found.items()},
    }


if __name__ == '__main__':
    main()
