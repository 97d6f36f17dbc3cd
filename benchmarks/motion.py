# SPDX-License-Identifier: Apache-2.0
"""What moves below a flying camera, against exact masks of simulated traffic; prints JSON.

    .venv/bin/python benchmarks/motion.py [--ground IMG --metres-per-pixel M] [--pairs 40] [--json OUT]

Each pair of frames is one step of a flight over a generated ground (or a picture of yours) at 30 m, 640x480, with ten
vehicles of 3 to 16 m/s below. The homography between both is estimated from the frames (ORB and MAGSAC), vehicles and
all, as a robot has it. Seeds below 1000 were used for development. Conditions: `calm`, `tilt` (4 degrees of jitter from
frame to frame), `blur`, `dark`, `light` (gain and offset jump between the frames), `slow` (10 Hz instead of 20: larger
steps), `empty` (tilt and light, and no vehicle: whatever is found is false).

A pixel counts as found above 0.5. Shadows of vehicles move as well and count neither way. `iou`, `precision`,
`recall` over all pixels of a condition; `vehicles` is the share of vehicles of at least 200 px of which half is covered
(0.5 and above: what a keyframe leaves out); `false` the share of still pixels found; `ms` CPU time per frame.

Peers on the same warped frames: the difference of both above 25 grey levels, and Waymark's residual alone.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from turns import limit_libraries, limit_threads, machine, versions

limit_threads(1)  # before NumPy is imported

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.image.features import FeatureConfig, detect  # noqa: E402
from waymark.image.homography import HomographyConfig, register  # noqa: E402
from waymark.masks import MotionConfig, motion_mask, valid_region  # noqa: E402
from waymark_sim.ground import Ground, generate_ground, load_ground  # noqa: E402
from waymark_sim.ortho import Look, OrthoRenderer  # noqa: E402
from waymark_sim.route import rotation  # noqa: E402
from waymark_sim.traffic import VEHICLE, make_traffic, paint_traffic  # noqa: E402

Gray = NDArray[np.uint8]
SIZE_WH, ALTITUDE_M, SPEED_M_S, VEHICLES = (640, 480), 30.0, 8.0, 10
FEATURES = FeatureConfig(max_features=800)


@dataclass(frozen=True)
class Condition:
    """How one flight looks."""

    look: Look
    tilt_deg: float = 1.0
    rate_hz: float = 20.0
    vehicles: int = VEHICLES
    light: bool = False


CONDITIONS = {
    'calm': Condition(Look(noise=3.0)),
    'tilt': Condition(Look(noise=3.0), tilt_deg=4.0),
    'blur': Condition(Look(noise=3.0, blur_px=1.5)),
    'dark': Condition(Look(noise=4.0, gain=0.5)),
    'light': Condition(Look(noise=3.0), light=True),
    'slow': Condition(Look(noise=3.0), rate_hz=10.0),
    'empty': Condition(Look(noise=3.0), tilt_deg=4.0, vehicles=0, light=True),
}


@dataclass(frozen=True)
class Pair:
    """Two frames, the homography that was estimated (None: none), and the exact mask of the second one."""

    before: Gray
    now: Gray
    H: NDArray[np.float64] | None
    truth: Gray


def make_pair(ground: Ground, condition: Condition, seed: int) -> Pair:
    rng = np.random.default_rng((seed, 9))
    renderer = OrthoRenderer(ground, SIZE_WH, math.radians(60), condition.look, seed)
    traffic, step_s = make_traffic(seed, condition.vehicles, 20.0), 1 / condition.rate_hz
    yaw, start = float(rng.uniform(0, 2 * np.pi)), rng.uniform(-15, 15, 2)
    frames: list[Gray] = []
    masks: list[Gray] = []
    for k in range(2):
        T = np.eye(4)
        roll, pitch, turn = np.radians(condition.tilt_deg) * rng.normal(size=3)
        T[:3, :3] = rotation(roll, pitch, yaw + 0.3 * turn)
        way = SPEED_M_S * k * step_s
        T[:3, 3] = start[0] + way * math.cos(yaw), start[1] + way * math.sin(yaw), ALTITUDE_M
        rgb = renderer.render(
            T, k, lambda image, H, t_s=1.0 + k * step_s: masks.append(paint_traffic(image, H, traffic, t_s))
        )
        frames.append(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8))
    if condition.light:
        frames[1] = np.asarray(cv2.convertScaleAbs(frames[1], alpha=1.2, beta=8), np.uint8)
    found = register(*(detect(f, FEATURES) for f in frames), FEATURES.ratio, HomographyConfig())
    return Pair(frames[0], frames[1], None if found is None else found.H_cur_ref, masks[1])


def difference(before: Gray, now: Gray, H: NDArray[np.float64]) -> NDArray[np.float32]:
    warped = cv2.warpPerspective(before, H, SIZE_WH)
    return ((cv2.absdiff(now, warped) > 25) & valid_region(H, SIZE_WH, SIZE_WH, 4)).astype(np.float32)


def residual(before: Gray, now: Gray, H: NDArray[np.float64]) -> NDArray[np.float32]:
    return motion_mask(before, now, H, MotionConfig(mask_method='residual', blur_px=1.0))


METHODS: dict[str, Callable[[Gray, Gray, NDArray[np.float64]], NDArray[np.float32]]] = {
    'waymark': motion_mask,
    'residual': residual,
    'difference': difference,
}


def score(
    pairs: list[Pair], method: Callable[[Gray, Gray, NDArray[np.float64]], NDArray[np.float32]]
) -> dict[str, float]:
    hit = false = missed = still = covered = vehicles = 0
    times = []
    for pair in pairs:
        if pair.H is None:
            continue
        begin = time.process_time()
        mask = method(pair.before, pair.now, pair.H)
        times.append(time.process_time() - begin)
        seen = valid_region(pair.H, SIZE_WH, SIZE_WH, 8)
        true, ground = (pair.truth == VEHICLE) & seen, (pair.truth == 0) & seen
        found = mask > 0.5
        hit += int((found & true).sum())
        missed += int((true & ~found).sum())
        false += int((found & ground).sum())
        still += int(ground.sum())
        count, label = cv2.connectedComponents(true.astype(np.uint8))
        area = np.bincount(label.ravel(), minlength=count)
        under = np.bincount(label.ravel(), weights=(mask >= 0.5).ravel(), minlength=count)
        large = np.flatnonzero(area[1:] >= 200) + 1
        vehicles += len(large)
        covered += int((under[large] >= 0.5 * area[large]).sum())
    return {
        'iou': round(hit / max(hit + false + missed, 1), 3),
        'precision': round(hit / max(hit + false, 1), 3),
        'recall': round(hit / max(hit + missed, 1), 3),
        'vehicles': round(covered / max(vehicles, 1), 3),
        'false': round(false / max(still, 1), 6),
        'ms': round(1e3 * float(np.median(times)), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--ground', type=Path)
    parser.add_argument('--metres-per-pixel', type=float, default=0.2)
    parser.add_argument('--pairs', type=int, default=40)
    parser.add_argument('--first-seed', type=int, default=1000)
    parser.add_argument('--json', type=Path)
    options = parser.parse_args()
    limit_libraries(1)
    own = load_ground(options.ground, options.metres_per_pixel) if options.ground else None
    ground = own or generate_ground(options.first_seed, 4096, 200.0)
    result: dict[str, object] = {'machine': machine(), 'versions': versions('numpy', 'opencv-python-headless')}
    result |= {'ground': str(options.ground or 'generated'), 'pairs': options.pairs}
    for name, condition in CONDITIONS.items():
        pairs = [make_pair(ground, condition, options.first_seed + k) for k in range(options.pairs)]
        scores = {method: score(pairs, run) for method, run in METHODS.items()}
        result[name] = {'unregistered': sum(p.H is None for p in pairs), **scores}
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
