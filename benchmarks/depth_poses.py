# SPDX-License-Identifier: Apache-2.0
"""Relative poses among things with depth against what their covariance says: rendered corridors. Prints JSON.

    PYTHONPATH=tests/support python benchmarks/depth_poses.py --pairs 70 --seed 1000

Each corridor has other pillars and textures. A keyframe, a neighbour .5 to 1.2 m ahead with a known distance, and an
image up to 1.3 m away. `direction` is without that distance (5 degrees of freedom), `metres` with it (6).
"""

from __future__ import annotations

import argparse
import json

import cv2
import numpy as np
from corridor import Corridor, ahead
from numpy.typing import NDArray

from waymark.image.features import detect
from waymark.image.rotation import quaternion_xyzw
from waymark.maps import Keyframe
from waymark.maps.keyframe import MapPose
from waymark.places import PlacesConfig
from waymark.places.locating import Locator
from waymark.places.relative import RelativePose
from waymark.places.rigid import inverse, turn_of
from waymark.places.sensed import Sensed
from waymark.places.verification import support_candidates
from waymark.places.views import Lenses
from waymark.types import Header

Floats = NDArray[np.float64]
CONFIG = PlacesConfig()
BOUNDS = {5: 11.07, 6: 12.59}  # 95 % of chi-square


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pairs', type=int, default=70)
    parser.add_argument('--seed', type=int, default=1000)
    parser.add_argument('--width', type=int, default=320)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows: dict[str, list[tuple[float, float, float, float, float]]] = {'direction': [], 'metres': []}
    said = {'verified': 0, 'no pose': 0}
    for seed in range(args.seed, args.seed + args.pairs):
        for kind, pose, true in poses(seed, (args.width, args.width * 3 // 4)):
            said['verified'] += kind == 'direction'
            said['no pose'] += kind == 'direction' and pose is None
            if pose is not None and not pose.is_planar and pose.is_metric == (kind == 'metres'):
                rows[kind].append(judged(pose, true))
    print(json.dumps({'pairs': args.pairs, **said, **{kind: figures(kind, found) for kind, found in rows.items()}}))


def poses(seed: int, size_wh: tuple[int, int]) -> list[tuple[str, RelativePose | None, Floats]]:
    """What is said about one corridor, without and with the neighbour; nothing where the place is not verified."""
    room, rng = Corridor(seed, size_wh), np.random.default_rng([7, seed])
    x = rng.uniform(2, 15)
    steps = 0.0, rng.uniform(0.5, 1.2), rng.uniform(-0.8, 1.2)
    views = [ahead(x + step, *(np.array([0, 1.3, 0, 0]) + rng.normal(0, (0.25, 0.1, 0.05, 0.03)))) for step in steps]
    features = [detect(np.ascontiguousarray(room.render(T)[..., 0]), CONFIG) for T in views]
    posed = {
        i: Keyframe(i, Header(i + 1), np.ones(1, np.float32), features[i], i, pose=pose_of(views[i])) for i in (0, 1)
    }
    lenses = Lenses(room.camera, room.camera)
    [support] = support_candidates(features[2], [posed[0]], np.ones(1, np.float32), [0], CONFIG, lenses)
    if support.found is None or support.found.strength < CONFIG.min_inliers:
        return []
    alone = {0: Keyframe(0, Header(1), np.ones(1, np.float32), features[0], 0)}
    return [
        (kind, Locator(CONFIG).locate(support.found, known, lenses, Sensed(room.camera)), inverse(views[0]) @ views[2])
        for kind, known in (('direction', alone), ('metres', posed))
    ]


def pose_of(T: Floats) -> MapPose:
    x, y, z = (float(v) for v in T[:3, 3])
    return MapPose((x, y, z), quaternion_xyzw(T[:3, :3]))


def judged(pose: RelativePose, true: Floats) -> tuple[float, float, float, float, float]:
    """Normalised squared error, then error and standard deviation of position and of rotation."""
    there = true[:3, 3] / (1 if pose.is_metric else np.linalg.norm(true[:3, 3]))
    error = np.r_[pose.T_ref_cur[:3, 3] - there, turn_of(pose.T_ref_cur[:3, :3] @ true[:3, :3].T)]
    square = float(error @ np.linalg.pinv(pose.covariance, rcond=1e-9, hermitian=True) @ error)
    parts = [
        v
        for at in (slice(3), slice(3, 6))
        for v in (np.linalg.norm(error[at]), np.trace(pose.covariance[at, at]) ** 0.5)
    ]
    return square, float(parts[0]), float(parts[1]), float(parts[2]), float(parts[3])


def figures(kind: str, rows: list[tuple[float, float, float, float, float]]) -> dict[str, float]:
    freedom = 6 if kind == 'metres' else 5
    square, *errors = np.array(rows, np.float64).reshape(-1, 5).T
    names = 'position_error', 'position_sigma', 'rotation_error_rad', 'rotation_sigma_rad'
    return {
        'poses': len(rows),
        'degrees_of_freedom': freedom,
        'nees_mean': round(float(square.mean()), 2),
        'nees_worst': round(float(square.max(initial=0)), 1),
        'inside_95_percent': round(float((square < BOUNDS[freedom]).mean()), 3),
        **{name: round(float(np.median(values)), 4) for name, values in zip(names, errors, strict=True)},
    }


if __name__ == '__main__':
    main()
