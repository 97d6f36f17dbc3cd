# SPDX-License-Identifier: Apache-2.0
"""A flight repeated at another altitude, heading and light: when is it LOCALIZED, how often wrongly? Prints JSON.

    python benchmarks/repeat_flight.py ../shared/data/uav_odm_caliterra/caliterra.png

The first flight makes the map. Each repeat flies the same route with one thing or all changed, the last ones backwards.
An image is wrong when the keyframe it is said to show shares no ground with it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from flights import RATE_HZ, Pose, Robot, fly, survey

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark_sim.ortho import Look, OrthoRenderer
from waymark_sim.world import World, build_world

# Height, turn of the camera in rad, light, whether the route is flown from its end.
REPEATS = {
    'the same': (1.0, 0.0, 1.0, False),
    'altitude x 1.3': (1.3, 0.0, 1.0, False),
    'altitude x 0.75': (0.75, 0.0, 1.0, False),
    'camera turned 45 degrees': (1.0, np.pi / 4, 1.0, False),
    'light x 0.5': (1.0, 0.0, 0.5, False),
    'altitude x 1.3, 45 degrees, light x 0.5': (1.3, np.pi / 4, 0.5, False),
    'altitude x 0.8, 30 degrees, light x 1.5': (0.8, np.pi / 6, 1.5, False),
    'backwards': (1.0, 0.0, 1.0, True),
    'backwards, altitude x 1.3, light x 0.5': (1.3, 0.0, 0.5, True),
}


def flown(world: World, change: tuple[float, float, float, bool]) -> list[Pose]:
    """T_map_base of each image of one lap."""
    height, turn, _, is_backwards = change
    poses = []
    for index in range(round(world.config.lap_s * RATE_HZ)):
        T = world.route.pose(index / RATE_HZ).copy()
        T[2, 3] *= height
        c, s = np.cos(turn), np.sin(turn)
        T[:3, :3] = T[:3, :3] @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
        poses.append(T)
    if is_backwards:
        for T in poses:
            T[:3, :2] *= -1  # the nose ahead, in the other direction
        poses.reverse()
    return poses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('orthophoto', type=Path)
    parser.add_argument('--altitude', type=float, default=8.0)
    parser.add_argument('--seed', type=int, default=5)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    uri = f'sim:{args.orthophoto.resolve()}?metres_per_pixel=0.1&altitude={args.altitude}&laps=1&width=320&height=240'
    world = build_world(f'{uri}&seed={args.seed}&pad=0&lap_s=40')
    encoder = load_encoder(EncoderConfig(threads=1))
    print(json.dumps({name: repeat(world, encoder, change) for name, change in REPEATS.items()}, indent=2))


def repeat(world: World, encoder: Encoder, change: tuple[float, float, float, bool]) -> dict[str, float | None]:
    """Map the first flight, then fly again."""
    robot = Robot(encoder)
    kept = survey(robot, world.renderer, flown(world, REPEATS['the same']))
    robot.forget()
    size_wh = world.config.width, world.config.height
    renderer = OrthoRenderer(
        world.ground, size_wh, np.radians(world.config.fov_deg), Look(change[2], 0.5, 4.0), seed=99
    )
    found = fly(robot, renderer, flown(world, change), kept)
    return {
        'keyframes': len(kept),
        'images': len(found.states),
        'seconds_until_localized': None if found.first is None else found.first / RATE_HZ,
        'localized': found.localized,
        'wrong': found.wrong,
    }


if __name__ == '__main__':
    main()
