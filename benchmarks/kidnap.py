# SPDX-License-Identifier: Apache-2.0
"""A drone carried off: how soon it knows where it is again, and whether it ever claims so where it can't; prints JSON.

    python benchmarks/kidnap.py ../shared/data/uav_odm_caliterra/caliterra.png

The western half of the orthophoto is mapped by flying lanes. Then come jumps: 100 to anywhere over the mapped half and
300 to where the map does not reach (the eastern half and generated grounds), in another heading, altitude and light
each, flown for some seconds. `false_localized` counts images that were LOCALIZED outside, `wrong_localized` those
inside whose match is another place: its picture shares no ground with the image.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from flights import RATE_HZ, Flown, Pose, Robot, fly, survey
from numpy.typing import NDArray

from waymark.encoding import EncoderConfig, load_encoder
from waymark.places import PlaceState
from waymark_sim.ground import Ground, generate_ground, load_ground
from waymark_sim.ortho import Look, OrthoRenderer
from waymark_sim.route import rotation

SIZE_WH, FOV = (320, 240), np.radians(60)
SPEED_M_S = 2.0
LANES_APART = 0.5  # of the picture's height on the ground


@dataclass(frozen=True, eq=False)
class Flight:
    """One ground, and where over it there is room."""

    ground: Ground
    free: NDArray[np.bool_]  # (H, W) a camera may be above this pixel of the ground, and sees known ground only

    def place(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw a free place (x, y), m."""
        rows, columns = np.nonzero(self.free)
        at = rng.integers(len(rows))
        return np.linalg.solve(self.ground.H_texture_from_ground, [columns[at], rows[at], 1.0])[:2]

    def is_free(self, xy: NDArray[np.float64]) -> bool:
        """Whether there is room above (x, y), m."""
        column, row = np.rint(self.ground.H_texture_from_ground @ [*xy, 1.0])[:2].astype(int)
        height, width = self.free.shape
        return 0 <= row < height and 0 <= column < width and bool(self.free[row, column])


def flight_over(ground: Ground, altitude_m: float, columns: slice) -> Flight:
    """Allow flight where a camera sees only known ground of some columns."""
    known = ground.known.copy()
    known[:, : columns.start or 0] = False
    known[:, columns.stop or known.shape[1] :] = False
    room = cv2.distanceTransform(np.pad(known, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    reach = altitude_m * np.tan(FOV / 2) * np.hypot(1, SIZE_WH[0] / SIZE_WH[1])
    return Flight(ground, room * ground.metres_per_pixel > reach)


def pose(xy: NDArray[np.float64], altitude_m: float, heading: float, rng: np.random.Generator) -> Pose:
    """T_map_base of a camera that looks down, but for a little tilt."""
    T = np.eye(4)
    T[:3, :3] = rotation(*rng.normal(0, np.radians(1.5), 2), heading)
    T[:3, 3] = *xy, altitude_m
    return T


def lanes(flight: Flight, altitude_m: float, step_m: float) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Places and headings of a survey: there and back, one lane beside the other."""
    height, width = flight.free.shape
    corners = np.linalg.solve(flight.ground.H_texture_from_ground, np.array([[0, 0, 1], [width, height, 1]], float).T)
    apart = LANES_APART * 2 * altitude_m * np.tan(FOV / 2)
    for number, x in enumerate(np.arange(corners[0, 0], corners[0, 1], apart)):
        ys = np.arange(corners[1, 1], corners[1, 0], step_m)
        heading = np.pi / 2 if number % 2 == 0 else -np.pi / 2
        for y in ys if number % 2 == 0 else ys[::-1]:
            xy = np.array([x, y])
            if flight.is_free(xy):
                yield xy, heading


def hop(flight: Flight, seconds: float, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Places along a straight line over free ground, drawn until one is long enough."""
    for _ in range(1000):
        start, course = flight.place(rng), rng.uniform(0, 2 * np.pi)
        steps = np.arange(round(seconds * RATE_HZ)) * SPEED_M_S / RATE_HZ
        path = [start + s * np.array([np.cos(course), np.sin(course)]) for s in steps]
        if all(flight.is_free(xy) for xy in path):
            return path
    raise SystemExit('no room for a jump: fly lower')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('orthophoto', type=Path)
    parser.add_argument('--metres-per-pixel', type=float, default=0.1)
    parser.add_argument('--altitude', type=float, default=6.0)
    parser.add_argument('--inside', type=int, default=100)
    parser.add_argument('--outside', type=int, default=300)
    parser.add_argument('--seconds', type=float, default=3.0, help='of flight after each jump')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(json.dumps(measure(args), indent=2))


def measure(args: argparse.Namespace) -> dict[str, float]:
    rng = np.random.default_rng(args.seed)
    ground = load_ground(args.orthophoto, args.metres_per_pixel)
    half = ground.rgb.shape[1] // 2
    mapped = flight_over(ground, args.altitude * 1.15, slice(None, half))
    other = flight_over(ground, args.altitude * 1.15, slice(half, None))
    robot = Robot(load_encoder(EncoderConfig(threads=1)))
    kept = mapped_by(robot, mapped, args.altitude, rng)
    inside = [jump(robot, mapped, args.altitude, rng, kept, args.seconds) for _ in range(args.inside)]
    grounds = [generate_ground(seed, 2048, 100.0) for seed in range(4)]
    others = [other, *(flight_over(g, args.altitude * 1.15, slice(None)) for g in grounds)]
    outside = []
    for number in range(args.outside):
        jump(robot, mapped, args.altitude, rng, kept, 1.0)  # from a place that it knows, as it would be
        outside.append(jump(robot, others[number % len(others)], args.altitude, rng, None, args.seconds))
    return figures(robot, len(kept), inside, outside)


def mapped_by(robot: Robot, flight: Flight, altitude_m: float, rng: np.random.Generator) -> dict[int, Pose]:
    """Map the ground; where each keyframe was taken, by id."""
    renderer = OrthoRenderer(flight.ground, SIZE_WH, FOV, Look(noise=4.0), seed=1)
    places = lanes(flight, altitude_m, 1.0)
    return survey(robot, renderer, (pose(xy, altitude_m, heading, rng) for xy, heading in places))


def jump(
    robot: Robot,
    flight: Flight,
    altitude_m: float,
    rng: np.random.Generator,
    kept: Mapping[int, Pose] | None,
    seconds: float,
) -> Flown:
    """Fly somewhere else for some seconds."""
    look = Look(float(rng.uniform(0.6, 1.4)), float(rng.uniform(0, 0.7)), 4.0)
    renderer = OrthoRenderer(flight.ground, SIZE_WH, FOV, look, seed=int(rng.integers(1 << 30)))
    altitude, heading = altitude_m * rng.uniform(0.8, 1.15), rng.uniform(0, 2 * np.pi)
    poses = [pose(xy, altitude, heading, rng) for xy in hop(flight, seconds, rng)]
    return fly(robot, renderer, poses, kept)


def figures(robot: Robot, keyframes: int, inside: list[Flown], outside: list[Flown]) -> dict[str, float]:
    seconds = [(j.first + 1) / RATE_HZ for j in inside if j.first is not None]
    return {
        'keyframes': keyframes,
        'inside': len(inside),
        'relocalized': len(seconds),
        'seconds_median': float(np.median(seconds + [np.inf] * (len(inside) - len(seconds)))),
        'seconds_95': round(float(np.quantile(seconds, 0.95)), 2) if seconds else float('inf'),
        'wrong_localized': sum(j.wrong for j in inside),
        'images_localized_inside': sum(j.localized for j in inside),
        'outside': len(outside),
        'outside_images': sum(len(j.states) for j in outside),
        'false_localized': sum(j.localized for j in outside),
        'images_until_lost_median': float(
            np.median(
                [next((i for i, s in enumerate(j.states) if s is PlaceState.LOST), len(j.states)) for j in outside]
            )
        ),
        'ms_per_image_median': round(float(np.median(robot.ms)), 2),
    }


def until_lost(states: Sequence[PlaceState]) -> int:
    return next((i for i, state in enumerate(states) if state is PlaceState.LOST), len(states))


if __name__ == '__main__':
    main()
