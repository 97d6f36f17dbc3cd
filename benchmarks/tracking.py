# SPDX-License-Identifier: Apache-2.0
"""Planar tracking on rendered flights before real pictures, against AKAZE and ORB in every image and flow alone.

All look at the same images in turn. Truth is exact. Per tracker: milliseconds per image (CPU time of one thread) over
all images and over those that show at least 60 % of every target; corner error where found; share found of the images
that show at least 60 %; wrong: found more than 5 px and 4 % of the size away, or found while less than 10 % shows;
seconds from half visible to found again after the bar and after the absence. Prints JSON.

    python benchmarks/tracking.py ../shared/data [--seconds 8] [--hd] [--known 20] [--detector orb]

--hd: five targets at 1280x720 instead of one at 640x480. --known: our tracker knows so many, the others are nowhere.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from look_alikes import page, sign
from tracking_peers import EveryFrame, FlowAlone
from tracking_pictures import read_gray
from tracking_sequences import Difficulty, Moment, Sequence
from turns import machine, versions

EASY = Difficulty(0.3, 0.3, exposure_s=0.003, noise=2, light=0.2, shake_px=1)
PLAIN = Difficulty()
HARD = Difficulty(0.7, 0.9, 0.2, (0.7, 3.0), 0.016, 5, 0.5, 60, 4)
SMALL = Difficulty(0.6, 0.6, 0.15, (1, 4.0), 0.01, 6, 0.4, 0, 3)


@dataclass
class Log:
    """What one tracker did."""

    ms: list[float] = field(default_factory=list)
    followed_ms: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    shown: int = 0
    found: int = 0
    wrong: int = 0
    recovered_s: list[float] = field(default_factory=list)


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path)
    parser.add_argument('--seconds', type=float, default=8.0)
    parser.add_argument('--hd', action='store_true')
    parser.add_argument('--known', type=int, default=0)
    parser.add_argument('--detector', default='orb')
    parser.add_argument('--first-seed', type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    logs: dict[str, Log] = {}
    each: dict[str, Any] = {}
    make = hd_sequences if options.hd else sequences
    for name, sequence in make(options.data, options.seconds, options.first_seed):
        own: dict[str, Log] = {}
        play(sequence, options.detector, own, nowhere(options.data, options.known - len(sequence.targets)))
        each[name] = {k: summary(v) for k, v in own.items()}
        for k, v in own.items():
            merge(logs.setdefault(k, Log()), v)
    totals = {k: summary(v) for k, v in logs.items()}
    report = {
        'settings': {**vars(options), 'data': str(options.data)},
        **machine(),
        **versions('numpy', 'opencv-python-headless'),
        'ratios': ratios(totals),
        'totals': totals,
        'sequences': each,
    }
    print(json.dumps(report, indent=1))


def sequences(data: Path, seconds: float, seed: int) -> Iterator[tuple[str, Sequence]]:
    """Eight flights: five pictures of several kinds, four difficulties, a bar and an absence in each."""
    sacre = sorted((data / 'sacre_coeur').rglob('*.jpg'))
    street = sorted((data / 'vpr_gmberton_toy').rglob('*.jpg'))
    aerial = sorted(p for p in (data / 'uav_odm_caliterra').rglob('*') if p.suffix.lower() == '.jpg')
    oxford = data / 'oxford_affine'
    box = read_gray(data / 'opencv_samples' / 'box.png')
    made = {
        'box, easy': (box, oxford / 'leuven' / 'img1.png', EASY, ()),
        'box': (box, oxford / 'leuven' / 'img2.png', PLAIN, (1.0, 4.5)),
        'graffiti, hard': (read_gray(oxford / 'graf' / 'img1.png', 800), oxford / 'bikes' / 'img1.png', HARD, (1.0,)),
        'facade': (read_gray(sacre[1], 700), sacre[2], PLAIN, ()),
        'street, small': (read_gray(street[1], 500), street[2], SMALL, ()),
        'ground, hard': (read_gray(aerial[3], 600), aerial[9], HARD, (1.0, 2.0)),
        'page': (page(1), street[5], PLAIN, ()),
        'sign': (sign(1), street[7], HARD, (1.0, 5.0)),
    }
    for number, (name, (picture, wall, difficulty, steps)) in enumerate(made.items()):
        yield (
            name,
            Sequence(
                (picture,),
                read_gray(wall, 900),
                read_gray(oxford / 'boat' / 'img1.png', 700),
                seed + number,
                seconds,
                difficulty=difficulty,
                covered=(seconds * 0.25,),
                away=(seconds * 0.62,),
                light_steps=steps,
            ),
        )


def hd_sequences(data: Path, seconds: float, seed: int) -> Iterator[tuple[str, Sequence]]:
    """Five pictures side by side, 1280x720."""
    oxford = data / 'oxford_affine'
    pictures = (
        read_gray(data / 'opencv_samples' / 'box.png'),
        read_gray(oxford / 'graf' / 'img1.png', 500),
        cv2.resize(page(1)[:420], (420, 380)),
        sign(1)[:380],
        read_gray(sorted((data / 'vpr_gmberton_toy').rglob('*.jpg'))[1], 400)[:380],
    )
    wall = read_gray(oxford / 'leuven' / 'img1.png', 900)
    bar = read_gray(oxford / 'boat' / 'img1.png', 700)
    for number, difficulty in enumerate((EASY, PLAIN)):
        spread = Difficulty(**{**vars(difficulty), 'distance': (0.75, 1.3)})
        yield (
            f'five at 720p, {number}',
            Sequence(
                tuple(np.asarray(p, np.uint8) for p in pictures),
                wall,
                bar,
                seed + 100 + number,
                seconds,
                size_wh=(1280, 720),
                difficulty=spread,
                covered=(seconds * 0.25,),
                away=(seconds * 0.62,),
            ),
        )


def nowhere(data: Path, count: int) -> list[Any]:
    """Pictures that no sequence shows."""
    paths = sorted((data / 'vpr_corridor').rglob('*.jpg')) + sorted((data / 'dbow2_demo').rglob('*.png'))
    step = max(len(paths) // max(count, 1), 1)
    return [read_gray(p, 400) for p in paths[::step][: max(count, 0)]]


def play(sequence: Sequence, detector: str, logs: dict[str, Log], absent: list[Any]) -> None:
    """Show all images to all trackers, in turn."""
    moments = sequence.moments()
    first = next(moments)
    trackers = _trackers(sequence, detector, first, absent)
    hidden = {name: [False] * len(sequence.targets) for name in trackers}
    waits: dict[tuple[str, int], float] = {}
    for moment in _again(first, moments):
        for name, track in trackers.items():
            log = logs.setdefault(name, Log())
            begin = time.thread_time()
            answers = track(moment.gray)
            log.ms.append(1000 * (time.thread_time() - begin))
            if all(v > 0.6 for v in moment.visible):
                log.followed_ms.append(log.ms[-1])
            for k, H in enumerate(answers):
                _judge(log, moment, k, H, sequence)
                _time_recovery(log, moment, k, H, sequence, hidden[name], waits, name)


def _again(first: Moment, rest: Iterator[Moment]) -> Iterator[Moment]:
    yield first
    yield from rest


def _trackers(
    sequence: Sequence, detector: str, first: Moment, absent: list[Any]
) -> dict[str, Callable[[Any], list[Any]]]:
    from waymark.tracking import PlanarTracker, TrackerConfig, learn_target
    from waymark.types import Frame, Header

    config = TrackerConfig(detector=detector)
    targets = tuple(learn_target(f't{k}', t, config) for k, t in enumerate((*sequence.targets, *absent)))
    ours = PlanarTracker(config, targets)

    def track(gray: Any) -> list[Any]:
        states = ours.track(Frame(Header(1), gray, 'mono'))
        return [None if s.homography is None else s.homography.H_cur_ref for s in states[: len(sequence.targets)]]

    return {
        'waymark': track,
        'akaze every image': EveryFrame(cv2.AKAZE_create(), sequence.targets).track,
        'orb every image': EveryFrame(cv2.ORB_create(1000), sequence.targets).track,
        'flow alone': FlowAlone(sequence.targets, first.gray, first.H_cur_ref).track,
    }


def _error(moment: Moment, k: int, H: Any, sequence: Sequence) -> tuple[float, float]:
    """Corner error and size of the target, px."""
    from waymark.image.geometry import corner_error, image_corners, transform_points

    size_wh = sequence.targets[k].shape[::-1]
    quad = transform_points(moment.H_cur_ref[k], image_corners(size_wh))
    size = float(np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1).max())
    return corner_error(H, moment.H_cur_ref[k], size_wh), size


def _is_right(moment: Moment, k: int, H: Any, sequence: Sequence) -> bool:
    error, size = _error(moment, k, H, sequence)
    return error <= max(5.0, 0.04 * size)


def _judge(log: Log, moment: Moment, k: int, H: Any, sequence: Sequence) -> None:
    shown = moment.visible[k] >= 0.6
    log.shown += shown
    if H is None:
        return
    is_right = _is_right(moment, k, H, sequence)
    log.found += shown and is_right
    log.wrong += not is_right or moment.visible[k] < 0.1
    if shown:
        log.errors.append(_error(moment, k, H, sequence)[0])


def _time_recovery(
    log: Log,
    moment: Moment,
    k: int,
    H: Any,
    sequence: Sequence,
    hidden: list[bool],
    waits: dict[tuple[str, int], float],
    name: str,
) -> None:
    if moment.visible[k] < 0.1:
        hidden[k] = True
        waits.pop((name, k), None)
        return
    if hidden[k] and moment.visible[k] >= 0.5:
        begun = waits.setdefault((name, k), moment.time_s)
        if H is not None and _is_right(moment, k, H, sequence):
            log.recovered_s.append(round(moment.time_s - begun, 3))
            hidden[k] = False
            del waits[(name, k)]


def merge(total: Log, part: Log) -> None:
    """Add one sequence to the totals."""
    for name, value in vars(part).items():
        setattr(total, name, getattr(total, name) + value)


def summary(log: Log) -> dict[str, Any]:
    """Figures of one tracker."""
    errors = np.array(log.errors or [np.nan])
    return {
        'ms_median': round(float(np.median(log.ms)), 3),
        'ms_median_where_all_show': round(float(np.median(log.followed_ms or [np.nan])), 3),
        'ms_mean': round(float(np.mean(log.ms)), 3),
        'ms_p95': round(float(np.percentile(log.ms, 95)), 3),
        'corner_error_median_px': round(float(np.median(errors)), 3),
        'corner_error_p95_px': round(float(np.percentile(errors, 95)), 3),
        'found_share': round(log.found / max(log.shown, 1), 4),
        'wrong': log.wrong,
        'recovered_s_median': round(float(np.median(log.recovered_s or [np.nan])), 3),
        'recovered_s_max': round(float(np.max(log.recovered_s or [np.nan])), 3),
        'recoveries': len(log.recovered_s),
    }


def ratios(totals: dict[str, Any]) -> dict[str, Any]:
    """Our time over each peer's."""
    ours = totals['waymark']
    keys = ('ms_median', 'ms_median_where_all_show', 'ms_mean', 'ms_p95')
    return {n: {k: round(ours[k] / t[k], 3) for k in keys} for n, t in totals.items() if n != 'waymark'}


if __name__ == '__main__':
    main()
