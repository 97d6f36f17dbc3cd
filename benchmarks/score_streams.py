# SPDX-License-Identifier: Apache-2.0
"""The image streams that benchmarks/scores.py judges scores on: what an encoder says of them, and what is true."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.encoding import DenseEncoder, Encoder
from waymark.image.geometry import image_corners, transform_points
from waymark_sim.world import World, build_world

LOOK = 'width=320&height=240&noise=4'
FLIGHT_HZ = 2.0
# Frames apart: up to 5 s, as a keyframe selector compares; and one lap, as place recognition does.
LAGS = (1, 2, 3, 4, 5, 6, 8, 10, 119, 120, 121)
OVERLAP = 0.5


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of images of one stream.

    Attributes:
        vectors: (N, D) unit embeddings in order of time.
        tokens: (N, n, d) unit tokens; (N, 0, 0) where the encoder has none.
        first: (P,) number of the earlier image.
        second: (P,) number of the later one.
        known: (P,) how many images, from the first on, a mean may be taken over.
        same: (P,) whether both show the same.
    """

    vectors: NDArray[np.float64]
    tokens: NDArray[np.float32]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    known: NDArray[np.intp]
    same: NDArray[np.bool_]


def described(encoder: Encoder, images: Iterable[NDArray[np.uint8]]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Unit embeddings (N, D) and unit tokens (N, n, d) of RGB images."""
    vectors, tokens = [], []
    for rgb in images:
        if isinstance(encoder, DenseEncoder):
            dense = encoder.encode_dense(rgb)
            vectors.append(dense.embedding.vector)
            tokens.append(dense.tokens.reshape(-1, dense.tokens.shape[-1]))
        else:
            vectors.append(encoder.encode(rgb).vector)
            tokens.append(np.zeros((0, 0), np.float32))
    stacked = np.array(tokens, np.float32)
    length = np.linalg.norm(stacked, axis=-1, keepdims=True)
    return np.array(vectors, np.float64), stacked / np.where(length > 0, length, 1)


def image_files(folder: Path) -> Iterator[NDArray[np.uint8]]:
    files = [p for p in folder.iterdir() if p.suffix.lower() in ('.jpg', '.png')]
    for path in sorted(files, key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r'(\d+)', p.name)]):
        yield np.asarray(cv2.imread(str(path))[..., ::-1])


def corridor(encoder: Encoder, data: Path) -> Pairs:
    """vpr_corridor: each query (second) against each reference (first); references are known, queries not."""
    folder = data / 'vpr_corridor'
    truth = json.loads((folder / 'truth.json').read_text())['query_to_references']
    images = [*image_files(folder / 'ref'), *image_files(folder / 'query')]
    n = len(images) - len(truth)
    second, first = (a.ravel() for a in np.mgrid[: len(truth), :n])
    same = np.array([r in truth[str(q)] for q, r in zip(second, first, strict=True)])
    return Pairs(*described(encoder, images), first, second + n, np.full(first.shape, n), same)


def rooms(encoder: Encoder, data: Path, exclude: int = 10) -> Pairs:
    """rtabmap_samples online: each image against those before it but the last ten."""
    truth = cv2.imread(str(data / 'rtabmap_samples' / 'samples_GT.bmp'), cv2.IMREAD_GRAYSCALE) > 127
    second, first = np.nonzero(np.tril(np.ones(truth.shape), -exclude - 1))
    images = image_files(data / 'rtabmap_samples' / 'samples')
    return Pairs(*described(encoder, images), first, second, second, truth[second, first])


def flight(encoder: Encoder, uri: str) -> Pairs:
    """A simulated flight of two laps: pairs a few seconds or a lap apart; same where half of the view overlaps."""
    world = build_world(uri)
    count = round(world.config.laps * world.config.lap_s * FLIGHT_HZ)
    first, second = np.array([(k - lag, k) for k in range(count) for lag in LAGS if k >= lag]).T
    return _flown(encoder, world, first, second, second)


def laps(encoder: Encoder, uri: str) -> Pairs:
    """A simulated flight: each image of the second lap against all of the first; same as in flight()."""
    world = build_world(uri)
    n = round(world.config.lap_s * FLIGHT_HZ)
    second, first = (a.ravel() for a in np.mgrid[n : 2 * n, :n])
    return _flown(encoder, world, first, second, np.full(first.shape, n))


def _flown(
    encoder: Encoder, world: World, first: NDArray[np.intp], second: NDArray[np.intp], known: NDArray[np.intp]
) -> Pairs:
    poses = [world.route.pose(k / FLIGHT_HZ) for k in range(second.max() + 1)]
    images = (world.renderer.render(pose, k) for k, pose in enumerate(poses))
    same = np.array([overlap(world, poses[i], poses[j]) >= OVERLAP for i, j in zip(first, second, strict=True)])
    return Pairs(*described(encoder, images), first, second, known, same)


def overlap(world: World, T_map_first: NDArray[np.float64], T_map_second: NDArray[np.float64]) -> float:
    """Share of the second image that the first one shows, by the exact homography (no camera sees the horizon here)."""
    corners = image_corners(world.renderer.camera.size_wh)
    seen = transform_points(world.renderer.H_cur_ref(T_map_second, T_map_first), corners)
    shared, _ = cv2.intersectConvexConvex(seen.astype(np.float32), corners.astype(np.float32))
    return float(shared / cv2.contourArea(corners.astype(np.float32)))


def road(encoder: Encoder, data: Path, near_m: float = 5.0) -> Pairs:
    """kitti_mini: a road driven once; same where the car moved less than 5 m."""
    folder = data / 'kitti_mini' / 'KITTI_sequence_1'
    at = np.loadtxt(folder / 'poses.txt').reshape(-1, 3, 4)[:, :, 3]
    second, first = np.nonzero(np.tril(np.ones((len(at), len(at))), -1))
    same = np.linalg.norm(at[second] - at[first], axis=1) < near_m
    return Pairs(*described(encoder, image_files(folder / 'image_l')), first, second, second, same)


def video(encoder: Encoder, path: Path, cuts: tuple[int, ...]) -> Pairs:
    """Each frame of a clip against the one before; not the same at a cut."""
    return successive(*described(encoder, _frames(path)), cuts)


def spliced(encoder: Encoder, uris: tuple[str, ...], seed: int) -> Pairs:
    """Pieces of flights, 1 to 4 s at 10 Hz each, one after the other: a generated clip whose cuts are known."""
    rng = np.random.default_rng(seed)
    worlds = [build_world(uri) for uri in uris]
    images, cuts = [], []
    for piece in range(24):
        world = worlds[piece % len(worlds)]
        start_s = rng.uniform(0, world.config.lap_s)
        cuts.append(len(images))
        for k in range(rng.integers(10, 40)):
            images.append(world.renderer.render(world.route.pose(start_s + k / 10), len(images)))
    return successive(*described(encoder, images), tuple(cuts[1:]))


def successive(vectors: NDArray[np.float64], tokens: NDArray[np.float32], cuts: tuple[int, ...]) -> Pairs:
    second = np.arange(1, len(vectors))
    return Pairs(vectors, tokens, second - 1, second, second, ~np.isin(second, cuts))


def _frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path))
    while True:
        is_read, frame = capture.read()
        if not is_read:
            return
        yield np.asarray(frame[..., ::-1])


Make = Callable[[Encoder], Pairs]
Sets = dict[str, list[Make]]


def flights(seeds: Iterable[int], altitudes: Iterable[float], gains: Iterable[float]) -> list[str]:
    numbers = zip(seeds, altitudes, gains, strict=True)
    return [f'sim:ground?seed={s}&altitude={a}&gain={g}&{LOOK}' for s, a, g in numbers]


def development(data: Path) -> dict[str, Sets]:
    """Sets that settings and thresholds are chosen on: per task, by name."""
    seen = flights((11, 12, 13, 14), (12, 20, 20, 30), (1.0, 1.0, 0.6, 1.3))
    return {
        'retrieval': {
            'vpr_corridor': [partial(corridor, data=data)],
            'lap 2 in lap 1': [partial(laps, uri=uri) for uri in seen[:2]],
        },
        'keyframes': {'flights': [partial(flight, uri=uri) for uri in seen]},
        'boundaries': {'spliced flights': [partial(spliced, uris=tuple(seen), seed=1)]},
    }


def final(data: Path) -> dict[str, Sets]:
    """Sets that are looked at once, with what was chosen before: per task, by name."""
    unseen = flights((21, 22, 23, 24), (15, 25, 20, 35), (1.2, 0.7, 1.0, 1.0))
    photo = data / 'uav_odm_caliterra' / 'caliterra.png'
    real = [f'sim:{photo}?metres_per_pixel=0.2&altitude={a}&seed={s}&{LOOK}' for a, s in ((12, 1), (15, 2), (18, 3))]
    clips = data / 'shotboundary_pyscenedetect'
    return {
        'retrieval': {
            'rtabmap_samples': [partial(rooms, data=data)],
            'lap 2 in lap 1, caliterra': [partial(laps, uri=uri) for uri in real],
        },
        'keyframes': {
            'unseen flights': [partial(flight, uri=uri) for uri in unseen],
            'caliterra flights': [partial(flight, uri=uri) for uri in real],
            'kitti_mini': [partial(road, data=data)],
        },
        'boundaries': {
            'testvideo': [partial(video, path=clips / 'testvideo.mp4', cuts=(30, 180, 394))],
            'counter': [partial(video, path=clips / 'counter.mp4', cuts=(10, 20))],
        },
    }
