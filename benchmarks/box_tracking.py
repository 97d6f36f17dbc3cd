# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes followed over simulated traffic, against the same association on upright boxes; prints JSON.

    .venv-bench/bin/python benchmarks/box_tracking.py [--seeds 20] [--first-seed 1000] [--images 60] [--rate 10]

A drone flies over lanes with curves, a roundabout, parked rows, trees and a bridge (`waymark_sim.roads`). A detector is
imitated on the exact boxes: their sides, edges and angles err (in part slowly, as real ones do), a part that is hidden
is not in the box, objects are missed, singly and for a while, scores vary, and boxes appear where nothing is. The
upright trackers are given the upright rectangles around the same boxes: the same one, with the gate of pairs that was
best for it, and ByteTrack's own association by IoU (upright_tracking.py), both with
`speed_change` 0.6 (with 0.4 the one by IoU has .2 more in usual traffic). What a tracker says is which of the
image's boxes is which object; motmetrics compares that with the truth (a box belongs to the object whose true box it
overlaps by half, exact rotated IoU), so both are scored on the same boxes. `as told` takes the trackers' own boxes
instead: that counts the rotation that upright ones lack. Objects of which less than 40 % shows are not asked for, and
to follow them is no error. With and without the camera's motion, known to 0.3 px at the corners.

Covariances: e' P^-1 e of the box that is told against the exact one, 5 expected, 95 % below 11.07, where at least 95 %
of the object shows: with a detector that errs anew each time (what a Kalman filter assumes; `slow_noise=0`) and with
the slow part (`slow_noise=0.4`, the default). Near squares (longer side at most 1.25 of the shorter) and angles within
0.15 rad of +-pi/2 stand apart. Seeds below 1000 were used for development.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from turns import limit_threads, machine, versions

limit_threads(1)  # before NumPy is imported

import motmetrics  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from upright_tracking import UprightTracker, upright  # noqa: E402

from waymark.boxes import canonical, rotated_iou, rotated_iou_matrix  # noqa: E402
from waymark.detection import Detections  # noqa: E402
from waymark.detection.tracks import BoxTracker, BoxTrackerConfig, OrientedTrack  # noqa: E402
from waymark_sim.roads import RoadPlan, Roads, Sight  # noqa: E402

Floats = NDArray[np.float64]
LEAST_VISIBLE, CHI2_95 = 0.4, 11.07
DENSITIES = {'sparse': (40.0, 4.0, 15), 'usual': (16.0, 2.9, 40), 'dense': (12.5, 2.6, 70)}  # headway, pitch, trees


TRACKERS: dict[str, Callable[[], BoxTracker]] = {
    'oriented': BoxTracker,
    'upright': lambda: BoxTracker(BoxTrackerConfig(sideways=1.0, speed_change=0.6, match_overlap=0.3)),
    'upright, IoU': lambda: UprightTracker(BoxTrackerConfig(sideways=1.0, speed_change=0.6)),
}
CAMERAS = {'': True, ', camera not compensated': False}  # whether its motion is told


@dataclass(frozen=True)
class Eye:
    """How the imitated detector errs.

    Attributes:
        edge: Standard deviation of the middle and of the edges, as a share of the sides.
        slow: Share of the variance that stays for about half a second.
        missed: Share of images in which an object is missed by chance.
        dropped: Drop-outs per object and second, of 0.4 s on average.
        false: Boxes per image where nothing is.
    """

    edge: float = 0.04
    slow: float = 0.4
    missed: float = 0.08
    dropped: float = 0.1
    false: float = 1.0


@dataclass(frozen=True, eq=False)
class Seen:
    """One image: exact traffic, what the detector says of it, and the camera's motion as it was estimated."""

    truth: Sight
    found: Detections
    objects: NDArray[np.int64]  # of each box, -1: of none
    H_cur_prev: Floats | None


def watched(roads: Roads, eye: Eye, images: int, rate_hz: float) -> Iterator[Seen]:
    """Fly and detect."""
    rng = np.random.default_rng((roads.plan.seed, 13))
    slow, away = rng.normal(size=(roads.count, 5)), np.zeros(roads.count, bool)
    keep, before = np.exp(-1 / (0.5 * rate_hz)), None
    for index in range(images):
        truth = roads.sight(index, rate_hz)
        slow = keep * slow + np.sqrt(1 - keep**2) * rng.normal(size=slow.shape)
        chance = np.where(away, np.exp(-1 / (0.4 * rate_hz)), eye.dropped / rate_hz)
        away = rng.random(roads.count) < chance
        noise = np.sqrt(eye.slow) * slow + np.sqrt(1 - eye.slow) * rng.normal(size=slow.shape)
        which = rng.random(len(truth.ids)) > eye.missed
        which &= ~away[truth.ids] & (truth.visible >= rng.uniform(0.3, 0.5, len(which)))
        boxes = erring(truth.seen[which], noise[truth.ids[which]] * eye.edge)
        scores = np.clip(rng.normal(0.45 + 0.35 * truth.visible[which], 0.13), 0.12, 0.99)
        wrong = false_boxes(rng, rng.poisson(eye.false), roads.plan.size_wh)
        order = rng.permutation(len(boxes) + len(wrong))
        boxes, scores = np.concatenate([boxes, wrong]), np.r_[scores, rng.uniform(0.1, 0.7, len(wrong))]
        objects = np.r_[truth.ids[which], np.full(len(wrong), -1)]
        found = Detections(boxes[order], scores[order], np.zeros(len(order), int), ('vehicle',))
        H = None if before is None else estimated(rng, truth.H_image_from_ground @ before, roads.plan.size_wh)
        before = np.linalg.inv(truth.H_image_from_ground)
        yield Seen(truth, found, objects[order], H)


def erring(boxes: Floats, noise: Floats) -> Floats:
    """Boxes (N, 5) with errors (N, 5) of middle, sides (logarithms, over sqrt(2)) and angle (see noise_of)."""
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    along, across = noise[:, 0] * boxes[:, 2], noise[:, 1] * boxes[:, 3]
    sides = boxes[:, 2:4] * np.exp(np.sqrt(2) * noise[:, 2:4])
    long = np.abs(np.log(boxes[:, 2] / boxes[:, 3]))
    turned = boxes[:, 4] + noise[:, 4] * np.minimum(1 / (2 * np.sinh(np.maximum(long, 1e-3))), 8.0)
    middle = boxes[:, :2] + np.column_stack([along * cos - across * sin, along * sin + across * cos])
    return np.asarray(canonical(np.column_stack([middle, sides, turned])))


def false_boxes(rng: np.random.Generator, count: int, size_wh: tuple[int, int]) -> Floats:
    """(count, 5) anywhere."""
    sides = rng.uniform(15, 70, (count, 2))
    return np.column_stack([rng.uniform(0, 1, (count, 2)) * size_wh, sides, rng.uniform(-1.5, 1.5, count)])


def estimated(rng: np.random.Generator, H: Floats, size_wh: tuple[int, int], sigma_px: float = 0.3) -> Floats:
    """A homography whose corners are off."""
    import cv2

    w, h = size_wh
    at = np.array([[[0, 0], [w, 0], [w, h], [0, h]]], np.float64)
    there = cv2.perspectiveTransform(at, H) + rng.normal(0, sigma_px, (1, 4, 2))
    return np.asarray(cv2.getPerspectiveTransform(at[0].astype(np.float32), there[0].astype(np.float32)))


class Score:
    """A tracker's mistakes over one flight."""

    def __init__(self) -> None:
        self.mistakes, self.as_told = (motmetrics.MOTAccumulator(auto_id=True) for _ in range(2))
        self.seconds = 0.0
        self.images = 0

    def add(self, seen: Seen, told: tuple[OrientedTrack, ...]) -> None:
        """Count one image."""
        is_asked = seen.truth.visible >= LEAST_VISIBLE
        shown = [t for t in told if t.detection is not None and self._counts(seen, t.detection, is_asked)]
        found = seen.found.boxes[[t.detection for t in shown]]
        told_boxes = np.array([t.box for t in shown]).reshape(-1, 5)
        for mistakes, boxes in ((self.mistakes, found), (self.as_told, told_boxes)):
            iou = rotated_iou_matrix(seen.truth.boxes[is_asked], boxes)
            apart = np.where(iou >= 0.5, 1 - iou, np.nan)
            mistakes.update(list(seen.truth.ids[is_asked]), [t.track_id for t in shown], apart)
        self.images += 1

    def _counts(self, seen: Seen, box: int, is_asked: NDArray[np.bool_]) -> bool:
        """A box of an object that is hardly seen is neither right nor wrong."""
        return bool(seen.objects[box] < 0 or seen.objects[box] in seen.truth.ids[is_asked])

    def figures(self) -> dict[str, float]:
        """IDF1 and MOTA in per cent, identity switches, milliseconds per image."""
        names = ['idf1', 'mota', 'num_switches']
        compute = motmetrics.metrics.create().compute
        row, told = (compute(m, metrics=names).iloc[0] for m in (self.mistakes, self.as_told))
        return {
            'idf1': 100 * row.idf1,
            'mota': 100 * row.mota,
            'switches': float(row.num_switches),
            'idf1 of boxes as told': 100 * told.idf1,
            'cpu_ms': 1000 * self.seconds / self.images,
        }


def follow(flight: list[Seen], rate_hz: float, tracker: BoxTracker, *, is_compensated: bool) -> dict[str, float]:
    """One tracker over one flight."""
    score, is_upright = Score(), tracker.config.sideways == 1
    for index, seen in enumerate(flight):
        found = upright(seen.found) if is_upright else seen.found
        start = time.process_time()
        told = tracker.update(found, round((index + 1) * 1e9 / rate_hz), seen.H_cur_prev if is_compensated else None)
        score.seconds += time.process_time() - start
        score.add(seen, told)
    return score.figures()


def normalised_errors(flight: list[Seen], rate_hz: float, slow: float) -> dict[str, list[float]]:
    """Squares e' P^-1 e by kind of object, of whole objects whose tracks are a second old."""
    tracker, ages = BoxTracker(BoxTrackerConfig(slow_noise=slow)), dict[int, int]()
    squares: dict[str, list[float]] = {'long': [], 'near square': [], 'long, angle near +-90 degrees': []}
    for index, seen in enumerate(flight):
        rows = {int(k): row for row, k in enumerate(seen.truth.ids) if seen.truth.visible[row] >= 0.95}
        for track in tracker.update(seen.found, round((index + 1) * 1e9 / rate_hz), seen.H_cur_prev):
            ages[track.track_id] = ages.get(track.track_id, 0) + 1
            row = -1 if track.detection is None else rows.get(int(seen.objects[track.detection]), -1)
            if row < 0 or ages[track.track_id] < rate_hz or rotated_iou(track.box, seen.truth.boxes[row]) < 0.3:
                continue
            box = seen.truth.boxes[row]
            error = track.box - nearest(box, track.box[4])
            square = float(error @ np.linalg.solve(track.covariance, error))
            kind = 'near square' if box[2] < 1.25 * box[3] else 'long'
            squares[kind].append(square)
            if kind == 'long' and abs(abs(box[4]) - np.pi / 2) < 0.15:
                squares['long, angle near +-90 degrees'].append(square)
    return squares


def nearest(box: Floats, theta: float) -> Floats:
    """Of the forms of a box the one whose angle is nearest."""
    forms = [box + [0, 0, 0, 0, np.pi * np.round((theta - box[4]) / np.pi)]]
    if box[2] < 1.25 * box[3]:
        turned = box[[0, 1, 3, 2, 4]] + [0, 0, 0, 0, np.pi / 2]
        forms.append(turned + [0, 0, 0, 0, np.pi * np.round((theta - turned[4]) / np.pi)])
    return min(forms, key=lambda form: abs(form[4] - theta))


def compared(plans: list[RoadPlan], eye: Eye, images: int, rate_hz: float) -> dict[str, object]:
    """Both trackers with and without the camera's motion over each flight; differences are paired."""
    rows: dict[str, list[dict[str, float]]] = {f'{name}{how}': [] for name in TRACKERS for how in CAMERAS}
    objects = []
    for plan in plans:
        flight = list(watched(Roads(plan), eye, images, rate_hz))
        objects.append(np.mean([(s.truth.visible >= LEAST_VISIBLE).sum() for s in flight]))
        for name, make in TRACKERS.items():
            for how, told in CAMERAS.items():
                rows[f'{name}{how}'].append(follow(flight, rate_hz, make(), is_compensated=told))
    report: dict[str, object] = {'objects per image': round(float(np.mean(objects)), 1)}
    for name, values in rows.items():
        report[name] = {key: round(float(np.mean([v[key] for v in values])), 2) for key in values[0]}
    for how in CAMERAS:
        for peer in list(TRACKERS)[1:]:
            pairs = zip(rows[f'oriented{how}'], rows[f'{peer}{how}'], strict=True)
            gain = np.array([a['idf1'] - b['idf1'] for a, b in pairs])
            report[f'idf1 gained over {peer}{how}'] = {
                'mean': round(float(gain.mean()), 2),
                'standard error': round(float(gain.std(ddof=1) / np.sqrt(len(gain))), 2),
                'least': round(float(gain.min()), 2),
                'flights better': f'{int((gain > 0).sum())} of {len(gain)}',
            }
    return report


def honesty(plans: list[RoadPlan], eye: Eye, images: int, rate_hz: float) -> dict[str, object]:
    """Normalised errors over all flights; the interval of the mean is that of flights' means."""
    flights = [normalised_errors(list(watched(Roads(p), eye, images, rate_hz)), rate_hz, eye.slow) for p in plans]
    report: dict[str, object] = {}
    for kind in flights[0]:
        means = np.array([np.mean(f[kind]) for f in flights if f[kind]])
        everything = np.concatenate([f[kind] for f in flights])
        half = 1.96 * means.std(ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.nan
        report[kind] = {
            'mean of 5': round(float(everything.mean()), 2),
            '95 % of the mean': [round(float(means.mean() - half), 2), round(float(means.mean() + half), 2)],
            'median of 4.35': round(float(np.median(everything)), 2),
            'inside 95 %': round(float((everything < CHI2_95).mean()), 3),
            'boxes': len(everything),
        }
    return report


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seeds', type=int, default=20)
    parser.add_argument('--first-seed', type=int, default=1000)
    parser.add_argument('--images', type=int, default=60)
    parser.add_argument('--rate', type=float, default=10.0)
    parser.add_argument('--only', choices=[*DENSITIES, 'covariances'], nargs='*', default=[*DENSITIES, 'covariances'])
    asked = parser.parse_args()
    seeds, report = range(asked.first_seed, asked.first_seed + asked.seeds), dict[str, object]()
    for name, (headway, pitch, trees) in DENSITIES.items():
        plans = [RoadPlan(seed, headway, pitch, trees) for seed in seeds]
        if name in asked.only:
            report[name] = compared(plans, Eye(), asked.images, asked.rate)
        if name == 'usual' and 'covariances' in asked.only:
            report['covariances, errors new each time'] = honesty(
                plans, replace(Eye(), slow=0.0), asked.images, asked.rate
            )
            report['covariances'] = honesty(plans, Eye(), asked.images, asked.rate)
    print(json.dumps({**report, 'machine': machine(), 'versions': versions('numpy', 'motmetrics', 'pandas')}, indent=2))


if __name__ == '__main__':
    main()
