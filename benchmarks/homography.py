# SPDX-License-Identifier: Apache-2.0
"""Two-image homographies: ours, fast and thorough, and plain OpenCV AKAZE and ORB on the same pairs; prints JSON.

    python benchmarks/homography.py ../shared/data [--json OUT]
    python benchmarks/homography.py ../shared/data [--made 40] [--unrelated 5000] [--seed 1000] [--json OUT]

`oxford`: the 25 pairs of graf, boat, bikes, ubc and leuven and the five of iguazu with their published homographies;
`made`: with --made N instead, N pairs of every kind of picture_pairs.py and impossible_pairs.py.
Plain is `knnMatch` with ratio 0.8 and USAC_MAGSAC at 3 px: whatever homography comes out counts as found. All take
turns on each pair, one thread; `ms` is CPU time, `ratio` that of plain AKAZE. `wrong`: found but more than 20 px off,
or found where there is nothing to find.

`unrelated`: with --unrelated N instead, N pairs of pictures of different places through each mode of ours (features
are kept; a tenth of them for thorough): how many were found, all of them wrongly.

`published_truth` asks whether the published homographies agree with one another: image 1 to image k as published,
then image k to image 6 as registered, against image 1 to image 6 as published. No answer that fits the pictures can
come nearer to a published homography that differs from both chains. Seeds below 1000 were used for development.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from turns import limit_libraries, limit_threads, machine, versions

limit_threads(1)  # before NumPy is imported

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from impossible_pairs import make_pairs  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from picture_pairs import Gray, MadePair, load_pictures, may_overlap  # noqa: E402

from waymark.image.described import DescribedImage  # noqa: E402
from waymark.image.geometry import corner_error  # noqa: E402
from waymark.image.registration import RegistrationConfig, register_described, register_images  # noqa: E402

Homography = NDArray[np.float64]
Method = Callable[[Gray, Gray], Homography | None]
SETS = ('graf', 'boat', 'bikes', 'ubc', 'leuven')
WRONG_PX = 20.0


def ours(**chosen: Any) -> Method:
    config = RegistrationConfig(**chosen)

    def find(reference: Gray, current: Gray) -> Homography | None:
        found = register_images(reference, current, config)
        return None if found is None else found.H_cur_ref

    return find


def plain(detector: str) -> Method:
    """OpenCV's tutorial: detect, match, ratio test, robust homography."""

    def find(reference: Gray, current: Gray) -> Homography | None:
        features = cv2.AKAZE_create() if detector == 'akaze' else cv2.ORB_create(2000)
        (points, first), (others, second) = (features.detectAndCompute(i, None) for i in (reference, current))
        if first is None or second is None or len(others) < 2:
            return None
        pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(first, second, 2)
        kept = [a for a, b in pairs if a.distance < 0.8 * b.distance]
        if len(kept) < 4:
            return None
        here = np.array([points[m.queryIdx].pt for m in kept], np.float32)
        there = np.array([others[m.trainIdx].pt for m in kept], np.float32)
        try:
            return cv2.findHomography(here, there, cv2.USAC_MAGSAC, 3.0)[0]
        except cv2.error:
            return None

    return find


METHODS: dict[str, Method] = {
    'waymark fast': ours(),
    'waymark fast orb': ours(detector='orb'),
    'waymark thorough': ours(thorough=True),
    'plain akaze': plain('akaze'),
    'plain orb': plain('orb'),
}


def oxford_pairs(data: Path) -> Iterator[MadePair]:
    for name in SETS:
        folder = data / 'oxford_affine' / name
        for number in range(2, 7):
            truth = published(folder, number)
            yield MadePair(
                name, f'{name} 1-{number}', read(folder / 'img1.png'), read(folder / f'img{number}.png'), truth
            )
    for number in range(2, 7):
        folder = data / 'iguazu'
        pair = read(folder / 'img1.pgm'), read(folder / f'img{number}.pgm')
        yield MadePair('iguazu', f'iguazu 1-{number}', *pair, np.eye(3))


def published(folder: Path, number: int) -> Homography:
    values = next(ElementTree.parse(folder / f'H1to{number}p.xml').iter('data')).text or ''
    return np.array(values.split(), np.float64).reshape(3, 3)


def read(file: Path) -> Gray:
    return np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)


def measure(pair: MadePair) -> dict[str, dict[str, float | None]]:
    """Error and time of each method on one pair; error None: lost."""
    measured = {}
    size_wh = (pair.reference.shape[1], pair.reference.shape[0])
    for name, method in METHODS.items():
        start = time.process_time()
        H = method(pair.reference, pair.current)
        ms = 1000 * (time.process_time() - start)
        # Where nothing is right, whatever is found is infinitely far off.
        right = pair.H_cur_ref
        error = None if H is None else float('inf') if right is None else corner_error(H, right, size_wh)
        measured[name] = {'error_px': error, 'ms': ms}
    return measured


def summary(measured: list[dict[str, dict[str, float | None]]], possible: bool) -> dict[str, Any]:
    """Counts and times by method."""
    plain_ms = np.mean([m['plain akaze']['ms'] for m in measured])
    table = {}
    for name in METHODS:
        errors = np.array([np.nan if m[name]['error_px'] is None else m[name]['error_px'] for m in measured], float)
        times = np.array([m[name]['ms'] for m in measured])
        counts = {f'under_{limit}px': int((errors < limit).sum()) for limit in (1, 3, 5)} if possible else {}
        table[name] = {
            **counts,
            'lost': int(np.isnan(errors).sum()),
            'wrong': int((errors > WRONG_PX).sum()),
            'ms': round(float(times.mean()), 1),
            'longest_ms': round(float(times.max()), 1),
            'ratio': round(float(times.mean() / plain_ms), 3),
        }
    return {'pairs': len(measured), 'methods': table}


def published_truth(data: Path) -> list[dict[str, Any]]:
    """How far the published homographies 1-6 are from the chains 1-4-6 and 1-5-6, and from what we find."""
    config = RegistrationConfig(thorough=True)
    rows = []
    for name in SETS:
        folder = data / 'oxford_affine' / name
        images = {n: read(folder / f'img{n}.png') for n in (1, 4, 5, 6)}
        size_wh = (images[1].shape[1], images[1].shape[0])
        last, direct = published(folder, 6), register_images(images[1], images[6], config)
        row: dict[str, Any] = {'set': name}
        for via in (4, 5):
            step = register_images(images[via], images[6], config)
            if step is None or direct is None:
                continue
            chain = step.H_cur_ref @ published(folder, via)
            row[f'published_from_chain_via_{via}_px'] = round(corner_error(chain, last, size_wh), 2)
            row[f'ours_from_chain_via_{via}_px'] = round(corner_error(chain, direct.H_cur_ref, size_wh), 2)
        rows.append(row)
    return rows


def made(data: Path, each: int, seed: int) -> dict[str, Any]:
    pictures = load_pictures(data)
    by_kind: dict[str, list[dict[str, dict[str, float | None]]]] = defaultdict(list)
    possible = {}
    for pair in make_pairs(pictures, each, seed):
        by_kind[pair.kind].append(measure(pair))
        possible[pair.kind] = pair.H_cur_ref is not None
    return {kind: summary(measured, possible[kind]) for kind, measured in by_kind.items()}


def unrelated(data: Path, count: int, seed: int) -> dict[str, Any]:
    """How many of `count` pairs of different places are found by each of our modes."""
    pictures = load_pictures(data)
    pairs = [(i, j) for i, a in enumerate(pictures) for j, b in enumerate(pictures) if not may_overlap(a, b)]
    np.random.default_rng(seed).shuffle(pairs)
    table = {}
    for name, chosen, tried in (
        ('waymark fast', {}, count),
        ('waymark fast orb', {'detector': 'orb'}, count),
        ('waymark thorough', {'thorough': True}, count // 10),
    ):
        config = RegistrationConfig(**chosen)
        described = [DescribedImage(p.gray, config) for p in pictures]
        found = [
            f'{pictures[i].name} {pictures[j].name}'
            for i, j in pairs[:tried]
            if register_described(described[i], described[j], config) is not None
        ]
        table[name] = {'pairs': len(pairs[:tried]), 'wrong': len(found), 'found': found}
    return table


def oxford(data: Path) -> dict[str, Any]:
    pairs = list(oxford_pairs(data))
    METHODS['plain akaze'](pairs[0].reference, pairs[0].current)  # loads what is loaded once
    measured = {pair.name: measure(pair) for pair in pairs}
    iguazu = {name for name in measured if name.startswith('iguazu')}
    return {
        'oxford': summary([m for name, m in measured.items() if name not in iguazu], True),
        'iguazu': summary([m for name, m in measured.items() if name in iguazu], True),
        'oxford_error_px': {
            name: {k: None if v['error_px'] is None else round(v['error_px'], 2) for k, v in m.items()}
            for name, m in measured.items()
        },
        'published_truth': published_truth(data),
    }


def report(data: Path, each: int, seed: int, unrelated_pairs: int) -> dict[str, Any]:
    return {
        'machine': machine(),
        'versions': versions('opencv-python-headless', 'numpy'),
        **(oxford(data) if not (each or unrelated_pairs) else {}),
        'made': made(data, each, seed) if each else {},
        'unrelated': unrelated(data, unrelated_pairs, seed) if unrelated_pairs else {},
        'load_after': machine()['load'],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, help='shared data')
    parser.add_argument('--made', type=int, default=0, help='made pairs of each kind')
    parser.add_argument('--seed', type=int, default=1000)
    parser.add_argument('--unrelated', type=int, default=0, help='pairs of different places')
    parser.add_argument('--json', type=Path)
    arguments = parser.parse_args()
    limit_libraries(1)
    text = json.dumps(report(arguments.data, arguments.made, arguments.seed, arguments.unrelated), indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
