# SPDX-License-Identifier: Apache-2.0
"""Rates and latencies of the nodes, as they told /diagnostics, and what went wrong."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from waymark.report.plots import clock
from waymark.report.run import Run, StatusSample

_LEVELS = ('OK', 'WARN', 'ERROR', 'STALE')
_ERROR = 2  # diagnostic_msgs/msg/DiagnosticStatus
_WARN = 30  # rcl_interfaces/msg/Log
_LOG_NAMES = {30: 'WARN', 40: 'ERROR', 50: 'FATAL'}
_MAX_WARNINGS = 60
_SPARK_POINTS = 80


@dataclass(frozen=True)
class Number:
    """A value over the run: the last and the mean, as text; '' where it was never told."""

    last: str
    mean: str


@dataclass(frozen=True)
class NodeHealth:
    """One row of the table; `spark` is an SVG path of the rate over a box of 100 x 24."""

    name: str
    level: str
    message: str
    rate: Number
    p50: Number
    p95: Number
    frames: str
    skipped: str
    dropped: str
    errors: str
    extra: str
    spark: str


@dataclass(frozen=True)
class Trouble:
    """One kind of trouble: its latest text, how often, and when; numbers in the text may have differed."""

    level: str
    source: str
    text: str
    count: int
    when: str


def node_health(run: Run) -> list[NodeHealth]:
    """Summarize Waymark's own statuses per node, or all statuses where none is Waymark's."""
    ours = [s for s in run.statuses if s.hardware_id == 'waymark'] or run.statuses
    by_name: dict[str, list[StatusSample]] = defaultdict(list)
    for status in ours:
        by_name[status.name].append(status)
    return [_node(name, samples) for name, samples in by_name.items()]


def ended_early(run: Run) -> list[str]:
    """One sentence for each node whose last word was an error."""
    last = {s.name: s for s in run.statuses if s.hardware_id == 'waymark'}
    return [f'{name} {status.message}' for name, status in last.items() if status.level == _ERROR]


def warnings(run: Run) -> list[Trouble]:
    """Gather notes on the recording, log lines from WARN up and diagnostics that are not OK; worst first."""
    groups: dict[tuple[str, str, str], list[tuple[int, str]]] = defaultdict(list)
    for log in run.logs:
        if log.level >= _WARN:
            level = _LOG_NAMES.get(log.level, 'WARN')
            groups[level, log.name, _without_numbers(log.message)].append((log.stamp_ns, log.message))
    for status in run.statuses:
        if status.level:
            level = _LEVELS[min(status.level, 3)]
            text = f'{status.message}'
            groups[level, status.name, _without_numbers(text)].append((status.stamp_ns, text))
    found = [_warning(run, level, source, events) for (level, source, _), events in groups.items()]
    order = ('FATAL', 'ERROR', 'STALE', 'WARN')
    found.sort(key=lambda w: (order.index(w.level), -w.count))
    notes = [Trouble('NOTE', 'recording', note, 1, '') for note in run.notes]
    return notes + found[:_MAX_WARNINGS]


def _warning(run: Run, level: str, source: str, events: list[tuple[int, str]]) -> Trouble:
    times = [run.seconds(stamp) for stamp, _ in events if stamp >= run.span_ns[0]]
    when = ''
    if times:
        first, last = clock(min(times)), clock(max(times))
        when = f'at {first}' if first == last else f'{first} to {last}'
    return Trouble(level, source, events[-1][1], len(events), when)


def _without_numbers(text: str) -> str:
    return re.sub(r'\d+(\.\d+)?', '#', text)


def _node(name: str, samples: list[StatusSample]) -> NodeHealth:
    last = samples[-1]
    # Before its first image a node tells zeros, which no mean should hold.
    busy = [s for s in samples if s.values.get('frames') != '0'] or samples
    known = (
        'rate_hz',
        'latency_p50_ms',
        'latency_p95_ms',
        'frames',
        'skipped',
        'dropped',
        'errors',
        'last_error',
    )
    extra = [f'{k} {v}' for k, v in last.values.items() if k not in known and v]
    return NodeHealth(
        name=name,
        level=_LEVELS[min(max(s.level for s in samples[-1:]), 3)],
        message=last.message,
        rate=_number(busy, 'rate_hz', 1),
        p50=_number(busy, 'latency_p50_ms', 1),
        p95=_number(busy, 'latency_p95_ms', 1),
        frames=_count(last, 'frames'),
        skipped=_count(last, 'skipped'),
        dropped=_count(last, 'dropped'),
        errors=_count(last, 'errors'),
        extra=', '.join(extra),
        spark=_spark(busy),
    )


def _values(samples: list[StatusSample], key: str) -> list[float]:
    values = []
    for sample in samples:
        try:
            value = float(sample.values.get(key, 'nan'))
        except ValueError:
            continue
        if math.isfinite(value):
            values.append(value)
    return values


def _number(samples: list[StatusSample], key: str, decimals: int) -> Number:
    values = _values(samples, key)
    if not values:
        return Number('', '')
    return Number(f'{values[-1]:.{decimals}f}', f'{np.mean(values):.{decimals}f}')


def _count(status: StatusSample, key: str) -> str:
    value = status.values.get(key, '')
    return f'{int(value):,}' if value.isdecimal() else value


def _spark(samples: list[StatusSample]) -> str:
    values = _values(samples, 'rate_hz')
    if len(values) < 3:
        return ''
    keep = np.unique(np.linspace(0, len(values) - 1, min(_SPARK_POINTS, len(values))).astype(int))
    top = max(values) or 1.0
    points = [(100 * i / (len(values) - 1), 22 - 20 * values[i] / top) for i in keep]
    return 'M' + 'L'.join(f'{x:.1f} {y:.1f}' for x, y in points)
