# SPDX-License-Identifier: Apache-2.0
"""What `waymark train encoder` gains on a flight over the real caliterra orthophoto; prints JSON.

    python benchmarks/adapt_encoder.py ../shared/data --out out/adapted

Lap 1 is what the user recorded: the encoder is adapted to it without labels, and it is the database. The queries are
other flights over the same ground in other light, aside, higher or tilted, which the training never saw.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
from place_sets import Encode, PlaceSet, second_lap

from waymark.encoding import EncoderConfig, load_encoder

FLIGHT = 'metres_per_pixel=0.1&altitude=12&laps=1&lap_s=120&width=320&height=240&seed=5&pad=0'
CHANGES = {
    'light x0.5, 3 m aside': 'gain=0.5&offset=3',
    'light x1.6, 2 m higher, 3 m aside, blur': 'gain=1.6&altitude=14&offset=3&blur=1.5',
    'light x0.4, 2 m higher, 3 m aside, tilt 6 degrees, noise': 'gain=0.4&altitude=14&offset=3&tilt_deg=6&noise=12',
}
NEAR_M = 4.0


def encoder(name: str) -> Encode:
    loaded = load_encoder(EncoderConfig(encoder=name))
    return lambda rgb: loaded.encode(rgb).vector


def flights(data: Path) -> tuple[str, list[PlaceSet]]:
    """The recording's URI, and the sets of queries."""
    uri = f'sim:{(data / "uav_odm_caliterra" / "caliterra.png").resolve()}?{FLIGHT}'
    return uri, [second_lap(name, uri, changed, NEAR_M) for name, changed in CHANGES.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, help='folder with uav_odm_caliterra')
    parser.add_argument('--out', type=Path, required=True, help='model folder to write')
    parser.add_argument('--start', default='waymark-place-1', help='encoder to begin from')
    args, rest = parser.parse_known_args()  # further options are those of waymark train encoder

    cv2.setNumThreads(1)
    uri, sets = flights(args.data)
    before = {s.name: s.recall(encoder(args.start)) for s in sets}
    began = time.monotonic()
    command = [sys.executable, '-m', 'waymark.cli', 'train', 'encoder', '--images', f'{uri}&rate=2', '--out', args.out]
    subprocess.run([*command, '--from', args.start, *rest], check=True)
    seconds = round(time.monotonic() - began)
    after = {s.name: s.recall(encoder(str(args.out))) for s in sets}
    hog = {s.name: s.recall(encoder('hog')) for s in sets}
    print(json.dumps({'hog': hog, 'before': before, 'after': after, 'seconds': seconds}, indent=2))


if __name__ == '__main__':
    main()
