# SPDX-License-Identifier: Apache-2.0
"""Timing of functions that take turns, so that whatever else the machine does hits all of them alike."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

THREAD_VARIABLES = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS')


def limit_threads(count: int) -> None:
    """Call before NumPy is imported; torch and OpenCV are told by `limit_libraries`."""
    for name in THREAD_VARIABLES:
        os.environ[name] = str(count)


def limit_libraries(count: int) -> None:
    """Tell libraries that have already been imported."""
    import sys

    if 'cv2' in sys.modules:
        sys.modules['cv2'].setNumThreads(count)
    if 'torch' in sys.modules:
        sys.modules['torch'].set_num_threads(count)


def take_turns(
    functions: Mapping[str, Callable[[], Any]], seconds: float, least_ms: float = 5.0, pause_s: float = 0.0
) -> dict[str, Any]:
    """Time functions in turn.

    Args:
        functions: By name; the first is ours.
        seconds: For all of them together.
        least_ms: A turn repeats a short function until it takes about this long.
        pause_s: Before each turn, for libraries whose threads go on spinning for a while.

    Returns:
        By name: wall-clock `median_ms` and `min_ms` per call, `cpu_ms` (median, all threads), and how many times this
        one ours takes, the median over the turns (a slow minute counts on both sides): `ratio` of wall-clock time,
        `cpu_ratio` of CPU time, which is the one to quote for one thread on a machine that does other things too.
    """
    inner = {name: max(1, int(least_ms / 1000 / max(_once(f)[0], 1e-7))) for name, f in functions.items()}
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in functions}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(samples[next(iter(functions))]) < 5:
        for name, function in functions.items():
            time.sleep(pause_s)
            samples[name].append(_timed(function, inner[name]))
    ours = samples[next(iter(functions))]
    return {name: _summary(timed, ours) for name, timed in samples.items()}


def machine() -> dict[str, Any]:
    """What the numbers were measured on, and how busy it was."""
    lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines() if Path('/proc/cpuinfo').exists() else []
    model = next(
        (line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')), platform.processor()
    )
    return {'cpu': model, 'cores': os.cpu_count(), 'load': [round(v, 1) for v in os.getloadavg()]}


def versions(*names: str) -> dict[str, str]:
    """Versions of installed distributions; those that are not there are left out."""
    found = {'python': platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _once(function: Callable[[], Any]) -> tuple[float, float]:
    function()  # loads, allocates, plans
    return _timed(function, 1)


def _timed(function: Callable[[], Any], count: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        function()
    return (time.perf_counter() - wall) / count, (time.process_time() - cpu) / count


def _summary(timed: list[tuple[float, float]], ours: list[tuple[float, float]]) -> dict[str, float]:
    walls, cpus = (list(values) for values in zip(*timed, strict=True))
    ratios = [(o / w, p / max(c, 1e-9)) for (o, p), (w, c) in zip(ours, timed, strict=True)]
    return {
        'median_ms': round(1000 * _median(walls), 4),
        'min_ms': round(1000 * min(walls), 4),
        'cpu_ms': round(1000 * _median(cpus), 4),
        'ratio': round(_median([wall for wall, _ in ratios]), 4),
        'cpu_ratio': round(_median([cpu for _, cpu in ratios]), 4),
        'turns': len(walls),
    }


def _median(values: list[float]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
