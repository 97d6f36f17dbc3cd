# SPDX-License-Identifier: Apache-2.0
"""Search for similar vectors beside faiss and usearch, taking turns on one thread; prints JSON.

    .venv-bench/bin/python benchmarks/retrieval.py [--seconds 10] [--sizes 10000 100000] [--dim 384] [--json OUT]
    .venv-bench/bin/python benchmarks/retrieval.py --ground caliterra.png     # vectors of real views, too

exact: top-10 among N vectors; `ratio` is ours over that peer (goals: 1.1 of faiss flat at 10,000, .9 at 100,000).
graph: HNSW of the same N; recall of the ten most similar and of the single most similar against exact search, ms per
query and per added vector, bytes per vector: what the index says it holds, and what the process grew by.
Vectors: `route` are views along a way, alike when near (a walk in 32 dimensions and noise in all of them); `isotropic`
are independent, the hardest there is and like no encoder's. `ground`: photographs cut from a real orthophoto at random
places and headings, encoded by the default encoder; queries are the same places from 10 % higher and a little aside.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from turns import limit_threads, machine, take_turns, versions

limit_threads(1)

import cv2  # noqa: E402
import faiss  # noqa: E402
import numpy as np  # noqa: E402
import psutil  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from usearch.index import Index, search  # noqa: E402

from waymark.encoding import EncoderConfig, load_encoder  # noqa: E402
from waymark.places.retrieval import ExactIndex, HnswIndex, RetrievalConfig, VectorIndex  # noqa: E402

Vectors = NDArray[np.float32]
K, QUERIES = 10, 200
GOALS = {10_000: 1.1, 100_000: 0.9}


def unit(vectors: NDArray[np.floating]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def route(count: int, dim: int) -> tuple[Vectors, Vectors]:
    """Views along a way, and the same places seen again."""
    rng = np.random.default_rng(0)
    axes = rng.standard_normal((32, dim))
    walk = rng.standard_normal((count, 32))
    for i in range(1, count):
        walk[i] = 0.9 * walk[i - 1] + 0.436 * walk[i]
    again = rng.integers(0, count, QUERIES)
    noise = 0.5 * np.sqrt(32)
    views = walk @ axes + noise * rng.standard_normal((count, dim))
    return unit(views), unit(walk[again] @ axes + noise * rng.standard_normal((QUERIES, dim)))


def isotropic(count: int, dim: int) -> tuple[Vectors, Vectors]:
    rng = np.random.default_rng(0)
    return unit(rng.standard_normal((count, dim))), unit(rng.standard_normal((QUERIES, dim)))


def ground(path: Path, count: int) -> tuple[Vectors, Vectors]:
    """Real views: cut from an orthophoto at any heading, encoded."""
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    encoder, rng = load_encoder(EncoderConfig(threads=1)), np.random.default_rng(0)
    side = min(picture.shape[:2]) // 8
    poses = np.column_stack(
        [
            rng.uniform(side, picture.shape[1] - side, count),
            rng.uniform(side, picture.shape[0] - side, count),
            rng.uniform(0, 360, count),
        ]  # fmt: skip
    )
    again = poses[rng.integers(0, count, QUERIES)] + rng.normal(0, 1, (QUERIES, 3)) * (side / 20, side / 20, 4)
    return tuple(  # type: ignore[return-value]
        np.stack([encoder.encode(cut(picture, pose, side * scale)).vector for pose in some])
        for some, scale in ((poses, 1.0), (again, 1.1))
    )


def cut(picture: NDArray[np.uint8], pose: NDArray[np.float64], side: float) -> NDArray[np.uint8]:
    """A square of `side` px of the picture, centred at x, y and turned by degrees, as 160 x 160 px."""
    turn = cv2.getRotationMatrix2D((float(pose[0]), float(pose[1])), float(pose[2]), 160 / side)
    turn[:, 2] += 80 - pose[:2]
    flags = cv2.INTER_AREA if side > 160 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(picture, turn, (160, 160), flags=flags, borderMode=cv2.BORDER_REFLECT), np.uint8)


def cycled(queries: Vectors, ask: Callable[[Vectors], Any]) -> Callable[[], Any]:
    """Ask another query at each call: no index may live on the last answer."""
    state = [0]

    def call() -> Any:
        state[0] += 1
        return ask(queries[state[0] % len(queries)])

    return call


def filled(index: VectorIndex, vectors: Vectors) -> Any:
    index.extend(np.arange(len(vectors)), vectors)
    return index


def exact_rows(vectors: Vectors, queries: Vectors, seconds: float) -> dict[str, Any]:
    """Ours, faiss's and usearch's search of everything, and whether they agree."""
    ours, flat = filled(ExactIndex(vectors.shape[1]), vectors), faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    same = [ours.search(q, K)[0].tolist() == flat.search(q[None], K)[1][0].tolist() for q in queries[:50]]
    timed = take_turns(
        {
            'waymark': cycled(queries, lambda q: ours.search(q, K)),
            'faiss flat': cycled(queries, lambda q: flat.search(q[None], K)),
            'usearch exact': cycled(queries, lambda q: search(vectors, q, K, 'ip', exact=True, threads=1)),
        },
        seconds,
    )
    goal = GOALS.get(len(vectors))
    return {'agrees': sum(same) / len(same), 'goal': goal, **timed}


def grown(build: Callable[[], Any]) -> tuple[Any, float, int]:
    """What a function makes, its seconds, and by how many bytes the process grew."""
    before, start = psutil.Process().memory_info().rss, time.process_time()
    made = build()
    return made, time.process_time() - start, psutil.Process().memory_info().rss - before


def one_by_one(index: Any, vectors: Vectors) -> Any:
    for key, vector in enumerate(vectors):
        index.add(key, vector)
    return index


def graph_rows(vectors: Vectors, queries: Vectors, seconds: float) -> dict[str, Any]:
    """Ours, usearch alone with the same settings, and faiss's HNSW."""
    count, dim = vectors.shape
    config = RetrievalConfig()
    settings = {'connectivity': config.hnsw_links, 'expansion_add': 128, 'expansion_search': config.hnsw_effort}
    exact = filled(ExactIndex(dim), vectors)
    ours, ours_s, ours_bytes = grown(lambda: one_by_one(HnswIndex(dim, config), vectors))
    raw, raw_s, raw_bytes = grown(
        lambda: one_by_one(Index(ndim=dim, metric='ip', dtype='f32', **settings), vectors)
    )  # fmt: skip
    peer = faiss.IndexHNSWFlat(dim, config.hnsw_links // 2, faiss.METRIC_INNER_PRODUCT)
    peer.hnsw.efConstruction, peer.hnsw.efSearch = 128, config.hnsw_effort
    _, peer_s, peer_bytes = grown(lambda: peer.add(vectors))
    asked: dict[str, Callable[[Vectors], Any]] = {
        'waymark hnsw f16': lambda q: ours.search(q, K)[0],
        'usearch hnsw f32': lambda q: raw.search(q, K, threads=1).keys,
        'faiss hnsw f32': lambda q: peer.search(q[None], K)[1][0],
        'waymark exact': lambda q: exact.search(q, K)[0],
    }
    timed = take_turns({name: cycled(queries, ask) for name, ask in asked.items()}, seconds)
    truth = [exact.search(q, K)[0].tolist() for q in queries]
    facts = {
        'waymark hnsw f16': (ours_s, ours_bytes, ours.memory_bytes),
        'usearch hnsw f32': (raw_s, raw_bytes, raw.serialized_length),
        'faiss hnsw f32': (peer_s, peer_bytes, None),
        'waymark exact': (0.0, None, 4 * dim * count),
    }
    return {
        name: {**recall(ask, queries, truth), **timed[name], **described(*facts[name], count)}
        for name, ask in asked.items()
    }


def recall(ask: Callable[[Vectors], Any], queries: Vectors, truth: list[list[int]]) -> dict[str, float]:
    found = [[int(i) for i in ask(q)] for q in queries]
    return {
        'recall_at_10': sum(len(set(f) & set(t)) for f, t in zip(found, truth, strict=True)) / (K * len(truth)),
        'recall_at_1': sum(f[:1] == t[:1] for f, t in zip(found, truth, strict=True)) / len(truth),
    }


def described(seconds: float, process_bytes: int | None, held_bytes: int | None, count: int) -> dict[str, Any]:
    return {
        'add_ms': round(1000 * seconds / count, 4),
        'held_bytes_per_vector': None if held_bytes is None else round(held_bytes / count),
        'process_bytes_per_vector': None if process_bytes is None else round(process_bytes / count),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=float, default=10.0, help='per row')
    parser.add_argument('--sizes', type=int, nargs='+', default=[10_000, 100_000])
    parser.add_argument('--dim', type=int, default=384)
    parser.add_argument('--ground', type=Path, help='an orthophoto, for real vectors (the smallest size only)')
    parser.add_argument('--exact-only', action='store_true', help='leave the graphs out, which take long to build')
    parser.add_argument('--json', type=Path)
    asked = parser.parse_args()
    faiss.omp_set_num_threads(1)
    cv2.setNumThreads(1)
    said: dict[str, Any] = {'exact': {}, 'graph': {}}
    for count in asked.sizes:
        said['exact'][f'{count} x {asked.dim}'] = exact_rows(*isotropic(count, asked.dim), asked.seconds)
        for make in () if asked.exact_only else (route, isotropic):
            said['graph'][f'{make.__name__}, {count} x {asked.dim}'] = graph_rows(
                *make(count, asked.dim), asked.seconds
            )
    if asked.ground:
        vectors, queries = ground(asked.ground, min(asked.sizes))
        said['exact'][f'ground, {len(vectors)} x {vectors.shape[1]}'] = exact_rows(vectors, queries, asked.seconds)
        said['graph'][f'ground, {len(vectors)} x {vectors.shape[1]}'] = graph_rows(vectors, queries, asked.seconds)
    said |= {'machine': machine(), 'versions': versions('numpy', 'faiss-cpu', 'usearch')}
    text = json.dumps(said, indent=2)
    print(text)
    if asked.json:
        asked.json.write_text(text + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
