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
from kidnap import Robot
from numpy.typing import NDArray

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark_sim.ortho import Look, OrthoRenderer
from waymark_sim.world import World, build_world

RATE_HZ = 5.0
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


def flown(world: World, change: tuple[float, float, float, bool]) -> list[NDArray[np.float64]]:
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


def repeat(world: World, encoder: Encoder, change: tuple[float, float, float, bool]) -> dict[str, float]:
    """Map the first flight, then fly again."""
    robot, kept = Robot(encoder), {}
    for index, T in enumerate(flown(world, REPEATS['the same'])):
        said = robot.see(world.renderer.render(T, index), keep=True)
        if said.new_keyframe is not None:
            kept[said.new_keyframe.keyframe_id] = T
    robot.forget()
    field_rad = np.radians(world.config.fov_deg)
    size_wh = world.config.width, world.config.height
    look = Look(change[2], 0.5, 4.0)
    renderer = OrthoRenderer(world.ground, size_wh, field_rad, look, seed=99)
    first, localized, wrong = None, 0, 0
    poses = flown(world, change)
    for index, T in enumerate(poses):
        said = robot.see(renderer.render(T, index), keep=False)
        if said.match is None:
            continue
        first = index / RATE_HZ if first is None else first
        localized += 1
        there = kept[said.match.keyframe_id]
        reach = (T[2, 3] + there[2, 3]) * np.tan(field_rad / 2) * np.hypot(1, size_wh[0] / size_wh[1])
        wrong += int(np.linalg.norm(there[:2, 3] - T[:2, 3]) > reach)
    return {
        'keyframes': len(kept),
        'images': len(poses),
        'seconds_until_localized': first,
        'localized': localized,
        'wrong': wrong,
    }


if __name__ == '__main__':
    main()
