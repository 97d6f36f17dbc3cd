# SPDX-License-Identifier: Apache-2.0
"""Linear CKA and ViTScore against their plain forms, side by side on one thread; prints JSON.

    python benchmarks/token_metrics.py

CKA: against HSIC with an explicit centring matrix H (tr(HKH HLH), as in many repositories), in float64 as there and in
our float32. ViTScore: against a double loop, and against normalising, one matrix product and two maxima; 'ours, unit'
gets tokens that are unit vectors already, as when one image is compared with many. CPU milliseconds, median of at least
5 ms each; peers take turns, so that other load hits all alike. `ratio` is ours over that peer, `difference` the largest
between the numbers that they give.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[name] = '1'  # before NumPy is loaded: CPU time of one thread means the same on every machine

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.similarity import cka, vit_score  # noqa: E402

Features = NDArray[np.floating[Any]]
GOALS = {'cka': ('naive HKH, float64', 0.015), 'vit_score': ('plain matmul', 0.9)}


def cka_naive(x: Features, y: Features) -> float:
    n = len(x)
    H = (np.eye(n) - np.ones((n, n)) / n).astype(x.dtype)
    K, L = x @ x.T, y @ y.T

    def hsic(a: Features, b: Features) -> float:
        return float(np.trace(H @ a @ H @ H @ b @ H))

    return hsic(K, L) / float(np.sqrt(hsic(K, K) * hsic(L, L)))


def vit_score_loops(x: Features, y: Features) -> float:
    def cos(a: Features, b: Features) -> float:
        return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))

    recall = np.mean([max(cos(a, b) for b in y) for a in x])
    precision = np.mean([max(cos(a, b) for a in x) for b in y])
    return float(2 * recall * precision / (recall + precision))


def vit_score_matmul(x: Features, y: Features) -> float:
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    y = y / np.linalg.norm(y, axis=1, keepdims=True)
    cosines = x @ y.T
    recall, precision = cosines.max(1).mean(), cosines.max(0).mean()
    return float(2 * recall * precision / (recall + precision))


def cpu_ms(function: Callable[[], float], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        function()
    return 1000 * (time.process_time() - began) / times


def measure(functions: dict[str, Callable[[], float]], repeats: int, slow: int) -> dict[str, Any]:
    """CPU ms of each, taking turns; the first is ours. Those above 100 ms run only every `slow`-th turn."""
    values = {name: float(f()) for name, f in functions.items()}  # warms up, too
    inner = {name: max(1, int(5 / cpu_ms(f, 3))) for name, f in functions.items()}
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(repeats):
        for name, function in functions.items():
            if turn % slow == 0 or samples[name][0] < 100:
                samples[name].append(cpu_ms(function, inner[name]))
    medians = {name: float(np.median(s)) for name, s in samples.items()}
    ours = next(iter(functions))
    return {
        'cpu_ms': {name: round(ms, 4) for name, ms in medians.items()},
        'ratio': {name: round(medians[ours] / ms, 4) for name, ms in medians.items() if name != ours},
        'difference': max(abs(v - values[ours]) for v in values.values()),
    }


def features(rng: np.random.Generator, n: int, d: int) -> tuple[Features, Features]:
    x = rng.normal(size=(n, d)).astype(np.float32)
    related = x @ rng.normal(size=(d, d)).astype(np.float32) * np.float32(0.05)
    return x, related + rng.normal(size=(n, d)).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--repeats', type=int, default=201)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    x, y = features(rng, 1024, 384)
    x64, y64 = x.astype(np.float64), y.astype(np.float64)
    a, b = features(rng, 256, 384)
    a_unit, b_unit = (f / np.linalg.norm(f, axis=1, keepdims=True) for f in (a, b))
    rows = {
        'cka': {
            'ours': lambda: cka(x, y),
            'ours, float64': lambda: cka(x64, y64),
            'naive HKH, float64': lambda: cka_naive(x64, y64),
            'naive HKH, float32': lambda: cka_naive(x, y),
        },
        'vit_score': {
            'ours': lambda: vit_score(a, b),
            'ours, unit': lambda: vit_score(a_unit, b_unit, are_unit=True),
            'plain matmul': lambda: vit_score_matmul(a, b),
            'loops': lambda: vit_score_loops(a, b),
        },
    }
    result: dict[str, Any] = {}
    for name, functions in rows.items():
        row = measure(functions, args.repeats, slow=max(args.repeats // 5, 1))
        peer, goal = GOALS[name]
        result[name] = {**row, 'goal': f'<= {goal} of {peer}', 'met': row['ratio'][peer] <= goal}
    result['versions'] = {'numpy': np.__version__, 'python': sys.version.split()[0]}
    result['load'] = os.getloadavg()
    print(json.dumps(result, indent=2))


if __name__ == '__main__':
    main()
