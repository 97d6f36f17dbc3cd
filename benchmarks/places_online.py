# SPDX-License-Identifier: Apache-2.0
"""Place recognition online on a folder of images with a truth matrix; prints JSON.

    python benchmarks/places_online.py ../shared/data/rtabmap_samples/samples \
        --truth ../shared/data/rtabmap_samples/samples_GT.bmp

The truth is a picture of N x N pixels: white at row i, column j < i where images i and j show one place.
Every image is a keyframe, and the last --exclude-recent can't match. `recall_at_100_precision` accepts by
verification score (inliers) alone, from the lowest score that accepts no wrong match; `accepted` and
`wrong_accepted` are what the recognizer itself calls LOCALIZED at its default parameters.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from waymark.encoding import EncoderConfig, load_encoder
from waymark.evaluation.online import every_image, run_online, score_online
from waymark.places import PlacesConfig
from waymark.types import Frame, Header

PERIOD_NS = 1_000_000_000


def read_frames(folder: Path) -> list[Frame]:
    files = [p for p in folder.iterdir() if p.suffix.lower() in ('.jpg', '.jpeg', '.png', '.bmp')]
    files.sort(key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r'(\d+)', p.name)])
    images = [cv2.imread(str(p)) for p in files]
    return [Frame(Header(PERIOD_NS * (i + 1)), image, 'bgr') for i, image in enumerate(images)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('images', type=Path)
    parser.add_argument('--truth', type=Path, help='without it, no two images show one place')
    parser.add_argument('--encoder', default=EncoderConfig().encoder)
    parser.add_argument('--exclude-recent', type=int, default=10)
    args = parser.parse_args()

    cv2.setNumThreads(1)
    frames = read_frames(args.images)
    same = np.zeros((len(frames), len(frames)), np.bool_)
    if args.truth:
        same = np.tril(cv2.imread(str(args.truth), cv2.IMREAD_GRAYSCALE) > 127, -1)
    encoder = load_encoder(EncoderConfig(encoder=args.encoder))
    config = every_image(PlacesConfig(), args.exclude_recent)
    start = time.perf_counter()
    answers = run_online(frames, lambda f: encoder.encode(f.rgb).vector, encoder.fingerprint, config)
    seconds = time.perf_counter() - start
    result = asdict(score_online(answers, same, args.exclude_recent))
    result |= {'encoder': encoder.model_id, 'exclude_recent': args.exclude_recent}
    result['ms_per_image'] = round(1000 * seconds / len(frames), 2)
    print(json.dumps(result, indent=2))


if __name__ == '__main__':
    main()
