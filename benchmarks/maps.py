# SPDX-License-Identifier: Apache-2.0
"""Bytes and milliseconds of a place map: prints JSON.

    python benchmarks/maps.py --keyframes 10000

Keyframes as the defaults make them: a vector of 576, 500 ORB features, a JPEG thumbnail of 320 x 240 px (noise and
shapes, 26 kB; features are random), a summary (layout and bag). `append_ms` is what the one who appends waits; each is
on the disk within a second. `memory_kb` is what the process grows by per keyframe of a loaded map, before features are
asked for; at most 2000 of them, about 20 kB each, then stay in memory. `recognise` is what the node does: open the
map, read its summaries, fill its indexes. The file is read from the page cache.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psutil

from waymark.image.features import Features
from waymark.maps import Keyframe, MapInfo, create_map, encode_thumbnail, open_map, save_map
from waymark.maps.pruning import prune
from waymark.maps.salvage import check_file
from waymark.maps.thumbnail import decode_thumbnail
from waymark.places.bag import BAG_DIM
from waymark.places.layout import describe_layout
from waymark.places.summary import Summary, pack_summary
from waymark.types import Header

SIZE_WH = (1280, 720)


def thumbnail(rng: np.random.Generator) -> bytes:
    small = rng.integers(0, 256, (30, 40, 3), np.uint8)
    picture = cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return encode_thumbnail(np.clip(picture + rng.integers(-12, 13, picture.shape), 0, 255).astype(np.uint8))


def keyframe(number: int, rng: np.random.Generator, jpeg: bytes, summary: bytes) -> Keyframe:
    vector = rng.standard_normal(576).astype(np.float32)
    points = (rng.random((500, 2)) * SIZE_WH - 0.5).astype(np.float32)
    features = Features(points, rng.integers(0, 256, (500, 32), np.uint8), SIZE_WH)
    vector /= np.linalg.norm(vector)
    return Keyframe(number, Header((number + 1) * 10**9), vector, features, number, jpeg, summary=summary)


def summary(jpeg: bytes, rng: np.random.Generator) -> bytes:
    layout = describe_layout(decode_thumbnail(jpeg))
    bag = rng.standard_normal(BAG_DIM).astype(np.float32)
    return pack_summary(Summary(layout, bag / np.linalg.norm(bag)))


def timed_ms(times: list[float]) -> dict[str, float]:
    values = {'p50': np.median(times), 'p95': np.percentile(times, 95), 'max': max(times)}
    return {name: round(1000 * float(value), 3) for name, value in values.items()}


def measure(count: int, folder: Path) -> dict[str, object]:
    path, rng, process = folder / 'a.map', np.random.default_rng(0), psutil.Process()
    jpegs = [thumbnail(rng) for _ in range(50)]
    summaries = [summary(jpeg, rng) for jpeg in jpegs]
    appended = []
    with create_map(path, MapInfo('0' * 64, 'waymark-place-1')) as file:
        for number in range(count):
            view = keyframe(number, rng, jpegs[number % 50], summaries[number % 50])
            start = time.perf_counter()
            file.append(view)
            appended.append(time.perf_counter() - start)
            if number % 100 == 99:  # a robot gives the thread time; this loop must
                file.flush()
    found: dict[str, object] = {'keyframes': count, 'append_ms': timed_ms(appended)}
    found['thumbnail_kb'] = round(float(np.mean([len(j) for j in jpegs])) / 1000, 1)
    found['disk_kb'] = round(path.stat().st_size / count / 1000, 2)
    before, start = process.memory_info().rss, time.perf_counter()
    with open_map(path) as file:
        place_map = file.load()
        found['open_and_load_s'] = round(time.perf_counter() - start, 3)
        found['memory_kb'] = round((process.memory_info().rss - before) / count / 1000, 2)
        found['features_ms'] = timed_ms([read(place_map.keyframes[int(i)]) for i in rng.integers(0, count, 500)])
        start = time.perf_counter()
        place_map.replace(replace(place_map.keyframes[count // 2], labels=('changed',)))
        save_map(path, place_map)
        found['save_one_change_s'] = round(time.perf_counter() - start, 3)
        start = time.perf_counter()
        save_map(folder / 'b.map', place_map)
        found['save_new_s'] = round(time.perf_counter() - start, 3)
        start = time.perf_counter()
        prune(place_map, keep=count // 2)
        found['prune_to_half_s'] = round(time.perf_counter() - start, 3)
    start = time.perf_counter()
    check_file(path)
    found['check_s'] = round(time.perf_counter() - start, 3)
    return found | {'recognise': recognise(path)}


def recognise(path: Path) -> dict[str, float]:
    """Open the map as the node does, in a process of its own: what the others left in memory is not counted."""
    code = (
        'import sys, time, psutil\nfrom waymark.places import LiveMap, PlacesConfig, bag\nbag._vocabulary()\n'
        'before, start = psutil.Process().memory_info().rss, time.perf_counter()\n'
        'live = LiveMap(PlacesConfig(map=sys.argv[1], mapping=False))\n'
        'print(time.perf_counter() - start, (psutil.Process().memory_info().rss - before) / len(live))\nlive.close()'
    )
    said = subprocess.run([sys.executable, '-c', code, str(path)], capture_output=True, text=True, check=True).stdout
    seconds, memory = (float(v) for v in said.split())
    return {'open_s': round(seconds, 3), 'memory_kb': round(memory / 1000, 2)}


def read(view: Keyframe) -> float:
    start = time.perf_counter()
    _ = view.features
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--keyframes', type=int, default=10_000)
    parser.add_argument('--folder', type=Path, help='where the maps are written; default: a temporary folder')
    args = parser.parse_args()
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        print(json.dumps(measure(args.keyframes, Path(folder)), indent=2))


if __name__ == '__main__':
    main()
