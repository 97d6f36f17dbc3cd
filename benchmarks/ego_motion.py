# SPDX-License-Identifier: Apache-2.0
"""Ego-motion against motion chained from image to image, on the same flights. Prints JSON.

    python benchmarks/ego_motion.py ../shared/data/uav_odm_caliterra/caliterra.png

The peer is what one writes with plain OpenCV: ORB, brute-force matching with cross-check, keypoints laid on the ground
by measured attitude and altitude, a turn and a shift fitted by RANSAC from image to image, summed up. Both get the same
images and the same sensors, in turns.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.ego_motion import EgoMotionConfig
from waymark.evaluation.odometry import OdometryStep, figures, fly
from waymark.image.rotation import rotation_of, yaw_of
from waymark.types import Frame, Header
from waymark_sim.flights import Flight, FlightPlan, FlightStep, SensorErrors, open_ground
from waymark_sim.ortho import R_BASE_CAMERA

Floats = NDArray[np.float64]


class Chain:
    """Plain OpenCV, image to image."""

    def __init__(self, K: Floats) -> None:
        self.K = K
        self.orb, self.matcher = cv2.ORB_create(1000), cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
        self.before: tuple[object, object, Floats, float] | None = None
        self.place, self.yaw = np.zeros(2), 0.0

    def observe(self, gray: NDArray[np.uint8], range_m: float, up: Floats) -> None:
        """Add one image's motion; an image without a homography adds none."""
        keypoints, descriptors = self.orb.detectAndCompute(gray, None)
        pitch, roll = math.asin(-up[0]), math.atan2(up[1], up[2])
        level = rotation_of(np.array([0.0, pitch, 0.0])) @ rotation_of(np.array([roll, 0.0, 0.0]))
        height = range_m * level[2, 2]
        if self.before is not None and descriptors is not None and self.before[1] is not None:
            self._add(keypoints, descriptors, level, height)
        self.before = keypoints, descriptors, level, height

    def _add(self, keypoints: object, descriptors: object, level: Floats, height: float) -> None:
        kp_before, desc_before, level_before, height_before = self.before
        pairs = self.matcher.match(desc_before, descriptors)
        if len(pairs) < 8:
            return
        a = self._ground(np.array([kp_before[m.queryIdx].pt for m in pairs]), level_before, height_before)
        b = self._ground(np.array([keypoints[m.trainIdx].pt for m in pairs]), level, height)
        # Both on the ground now, in metres: what is left is a turn and a shift.
        M, _ = cv2.estimateAffinePartial2D(a, b, method=cv2.RANSAC, ransacReprojThreshold=3.0 * height / self.K[0, 0])
        if M is None:
            return
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        origin = np.linalg.solve(M[:, :2], -M[:, 2])  # where the vehicle is now, seen from before
        self.place = self.place + np.array([[c, -s], [s, c]]) @ origin
        self.yaw -= math.atan2(M[1, 0] - M[0, 1], M[0, 0] + M[1, 1])

    def _ground(self, pixels: Floats, level: Floats, height: float) -> Floats:
        rays = np.c_[pixels, np.ones(len(pixels))] @ np.linalg.inv(self.K).T @ (level @ R_BASE_CAMERA).T
        return rays[:, :2] * (height / -rays[:, 2:])


def both(flight: Flight, errors: SensorErrors, config: EgoMotionConfig) -> tuple[object, dict[str, float]]:
    """Fly once; ours and the peer see each image in turns."""
    chain, ms, places, truths = Chain(flight.renderer.camera.K), [], [], []

    def steps() -> Iterable[OdometryStep]:
        for step in flight.steps(errors):
            gray = cv2.cvtColor(step.rgb, cv2.COLOR_RGB2GRAY)
            began = time.perf_counter()
            chain.observe(gray, step.range_m, step.R_world_base[2])
            ms.append(1000 * (time.perf_counter() - began))
            places.append(chain.place.copy())
            truths.append(step.T_map_base)
            yield of(step, gray, flight)

    record = fly(steps(), config, False)
    turn = -yaw_of(truths[0][:3, :3])
    c, s = math.cos(turn), math.sin(turn)
    true = np.array([np.array([[c, -s], [s, c]]) @ (T[:2, 3] - truths[0][:2, 3]) for T in truths])
    error = np.linalg.norm(np.array(places) - true, axis=1)
    return record, {'drift': 100 * float(error.max()) / record.distance_m, 'ms': float(np.median(ms))}


def of(step: FlightStep, gray: NDArray[np.uint8], flight: Flight) -> OdometryStep:
    """The step as ours takes it."""
    from waymark.ego_motion import Altitude

    frame = Frame(Header(round((1 + step.stamp_s) * 1e9)), gray, 'mono')
    altitude = Altitude(step.range_m, along_beam=True)
    return OdometryStep(frame, flight.renderer.camera, altitude, step.R_world_base, step.T_map_base)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('ground', type=str, help="A picture, or 'ground'.")
    parser.add_argument('--metres-per-pixel', type=float, default=0.2)
    parser.add_argument('--altitudes', type=float, nargs='+', default=[10.0, 15.0, 25.0])
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--rate', type=float, default=5.0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    config, rows = EgoMotionConfig(), {}
    noise, bias = math.radians(config.attitude_noise_deg), math.radians(config.attitude_bias_deg)
    errors = SensorErrors(config.range_noise, config.range_bias, noise, bias)
    for altitude in args.altitudes:
        pairs = []
        for seed in range(args.seeds):
            ground = open_ground(args.ground, args.metres_per_pixel, seed)
            flight = Flight(ground, FlightPlan(altitude, 5.0, 200.0, seed, rate_hz=args.rate))
            pairs.append(both(flight, errors, config))
        ours, peer = figures([p[0] for p in pairs]), [p[1] for p in pairs]
        rows[f'{altitude:g} m'] = {
            'waymark_drift_percent': ours['drift_percent'],
            'chained_drift_percent': float(np.mean([p['drift'] for p in peer])),
            'waymark_nees_mean': ours['nees_mean'],
            'waymark_ms': ours['ms_per_frame'],
            'chained_ms': float(np.median([p['ms'] for p in peer])),
        }
    print(json.dumps({'ground': Path(args.ground).name, 'seeds': args.seeds, 'flights': rows}, indent=2))


if __name__ == '__main__':
    main()
