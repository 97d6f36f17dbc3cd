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
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.places import Localization, PlaceRecognizer, PlacesConfig, PlaceState
from waymark.types import Frame, Header
from waymark_sim.ground import Ground, generate_ground, load_ground
from waymark_sim.ortho import Look, OrthoRenderer
from waymark_sim.route import rotation

SIZE_WH, FOV = (320, 240), np.radians(60)
RATE_HZ, SPEED_M_S = 5.0, 2.0
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


def pose(xy: NDArray[np.float64], altitude_m: float, heading: float, rng: np.random.Generator) -> NDArray[np.float64]:
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


class Robot:
    """The recognizer with a camera that can be put anywhere."""

    def __init__(self, encoder: Encoder) -> None:
        # No new keyframe after mapping: what was learned outside must not be recognized there.
        self.config = PlacesConfig(exclude_recent=0)
        self.encoder, self.recognizer = encoder, PlaceRecognizer.from_config(self.config)
        self.stamp_ns, self.ms = 0, []

    def forget(self) -> None:
        """Not know where it is: as after a start with a map from a file."""
        known = self.recognizer.keyframes
        self.recognizer = PlaceRecognizer.from_config(self.config)
        self.recognizer.load(known, self.encoder.fingerprint)

    def see(self, rgb: NDArray[np.uint8], keep: bool) -> Localization:
        """Take the next image; `keep` while mapping."""
        self.stamp_ns += round(1e9 / RATE_HZ)
        frame = Frame(Header(self.stamp_ns), rgb)
        start = time.perf_counter()
        vector = self.encoder.encode(frame.rgb).vector
        said = self.recognizer.observe(frame, vector, self.encoder.fingerprint, keep=keep)
        self.ms.append(1000 * (time.perf_counter() - start))
        return said


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
    kept = survey(robot, mapped, args.altitude, rng)
    inside = [jump(robot, mapped, args, rng, kept, args.seconds) for _ in range(args.inside)]
    grounds = [generate_ground(seed, 2048, 100.0) for seed in range(4)]
    others = [other, *(flight_over(g, args.altitude * 1.15, slice(None)) for g in grounds)]
    outside = []
    for number in range(args.outside):
        jump(robot, mapped, args, rng, kept, 1.0)  # from a place that it knows, as it would be
        outside.append(jump(robot, others[number % len(others)], args, rng, None, args.seconds))
    return figures(robot, kept, inside, outside)


def survey(robot: Robot, flight: Flight, altitude_m: float, rng: np.random.Generator) -> dict[int, NDArray[np.float64]]:
    """Map the ground; where each keyframe was taken, by id."""
    renderer = OrthoRenderer(flight.ground, SIZE_WH, FOV, Look(noise=4.0), seed=1)
    kept = {}
    for number, (xy, heading) in enumerate(lanes(flight, altitude_m, 1.0)):
        T = pose(xy, altitude_m, heading, rng)
        said = robot.see(renderer.render(T, number), keep=True)
        if said.new_keyframe is not None:
            kept[said.new_keyframe.keyframe_id] = T
    return kept


@dataclass(frozen=True)
class Jump:
    """What came of one: seconds until LOCALIZED (None: never), images LOCALIZED, and those of them that were wrong."""

    seconds: float | None
    localized: int
    wrong: int
    after: tuple[PlaceState, ...]


def jump(
    robot: Robot,
    flight: Flight,
    args: argparse.Namespace,
    rng: np.random.Generator,
    kept: dict[int, NDArray[np.float64]] | None,
    seconds: float,
) -> Jump:
    """Fly somewhere else for some seconds."""
    look = Look(float(rng.uniform(0.6, 1.4)), float(rng.uniform(0, 0.7)), 4.0)
    renderer = OrthoRenderer(flight.ground, SIZE_WH, FOV, look, seed=int(rng.integers(1 << 30)))
    altitude, heading = args.altitude * rng.uniform(0.8, 1.15), rng.uniform(0, 2 * np.pi)
    first, localized, wrong, states = None, 0, 0, []
    for number, xy in enumerate(hop(flight, seconds, rng)):
        T = pose(xy, altitude, heading, rng)
        said = robot.see(renderer.render(T, number), keep=False)
        states.append(said.state)
        if said.match is None:
            continue
        first = (number + 1) / RATE_HZ if first is None else first
        localized += 1
        reach = (altitude + args.altitude) * np.tan(FOV / 2) * np.hypot(1, SIZE_WH[0] / SIZE_WH[1])
        wrong += int(kept is None or np.linalg.norm(kept[said.match.keyframe_id][:2, 3] - xy) > reach)
    return Jump(first, localized, wrong, tuple(states))


def figures(
    robot: Robot, kept: dict[int, NDArray[np.float64]], inside: list[Jump], outside: list[Jump]
) -> dict[str, float]:
    seconds = [j.seconds for j in inside if j.seconds is not None]
    return {
        'keyframes': len(kept),
        'inside': len(inside),
        'relocalized': len(seconds),
        'seconds_median': float(np.median([np.inf if j.seconds is None else j.seconds for j in inside])),
        'seconds_95': round(float(np.quantile(seconds, 0.95)), 2) if seconds else float('inf'),
        'wrong_localized': sum(j.wrong for j in inside),
        'images_localized_inside': sum(j.localized for j in inside),
        'outside': len(outside),
        'outside_images': sum(len(j.after) for j in outside),
        'false_localized': sum(j.localized for j in outside),
        'images_until_lost_median': float(
            np.median([next((i for i, s in enumerate(j.after) if s is PlaceState.LOST), len(j.after)) for j in outside])
        ),
        'ms_per_image_median': round(float(np.median(robot.ms)), 2),
    }


if __name__ == '__main__':
    main()
