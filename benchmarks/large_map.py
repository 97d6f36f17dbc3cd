# SPDX-License-Identifier: Apache-2.0
"""A place map of any size, from simulated flights over generated grounds; what place_stream.py and open_map.py use.

    python benchmarks/large_map.py out/large.wmap --keyframes 10000

Each ground (100 x 100 m, all different) is surveyed in lanes 6 m above it, half a picture apart; every 2.5 m is a
keyframe, made as the node makes it: embedding, ORB features, summary, thumbnail. 1,100 to a ground; a minute for each
3,000.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from kidnap import flight_over, lanes, pose
from numpy.typing import NDArray

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.maps import Keyframe, MapInfo, create_map, encode_thumbnail
from waymark.places import PlacesConfig
from waymark.places.finder import view_of
from waymark.places.summary import pack_summary
from waymark.types import Frame, Header
from waymark_sim.ground import generate_ground
from waymark_sim.ortho import Look, OrthoRenderer

FOV, ALTITUDE_M, STEP_M = np.radians(60), 6.0, 2.5
FIRST_SEED = 100


def surveys(size_wh: tuple[int, int]) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.uint8]]]:
    """Number of the ground, T_map_base (4, 4) and image, ground after ground, without end."""
    seed = FIRST_SEED
    while True:
        flight, rng = (
            flight_over(generate_ground(seed, 2048, 100.0), ALTITUDE_M, slice(None)),
            np.random.default_rng(seed),
        )
        renderer = OrthoRenderer(flight.ground, size_wh, FOV, Look(noise=4.0), seed=seed)
        for number, (xy, heading) in enumerate(lanes(flight, ALTITUDE_M, STEP_M)):
            T = pose(xy, ALTITUDE_M, heading, rng)
            yield seed, T, renderer.render(T, number)
        seed += 1


def make_map(path: Path, count: int, size_wh: tuple[int, int], encoder: Encoder) -> None:
    """Write a map of `count` keyframes."""
    config = PlacesConfig()
    with create_map(path, MapInfo(encoder.fingerprint, encoder.model_id)) as file:
        for number, (_, _, rgb) in zip(range(count), surveys(size_wh), strict=False):
            frame = Frame(Header((number + 1) * 10**9, 'camera'), rgb)
            view = view_of(frame, encoder.encode(rgb).vector, config)
            jpeg, summary = encode_thumbnail(rgb), pack_summary(view.summary)
            file.append(Keyframe(number, frame.header, view.vector, view.features, number, jpeg, summary=summary))
            if number % 500 == 499:
                file.flush()
                print(f'{number + 1} of {count} keyframes', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('map', type=Path)
    parser.add_argument('--keyframes', type=int, default=10_000)
    parser.add_argument('--size', default='1280x720')
    args = parser.parse_args()
    cv2.setNumThreads(1)
    width, height = (int(v) for v in args.size.split('x'))
    args.map.parent.mkdir(parents=True, exist_ok=True)
    make_map(args.map, args.keyframes, (width, height), load_encoder(EncoderConfig(threads=1)))


if __name__ == '__main__':
    main()
