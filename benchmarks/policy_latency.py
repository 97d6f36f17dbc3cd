# SPDX-License-Identifier: Apache-2.0
"""Seconds a chunk and distance from fp32 of a SmolVLA of full size, through the policy process and its socket.

Every variant is a process of its own, loaded by `waymark policy serve`'s code; they are asked in turn, so that whatever
else the machine does hits all of them alike. `--folder` is where the policies with random weights are kept (made by
full_policy.py where they are not there); `--policy` takes one of yours instead, whose distances then mean something.

    .venv-models/bin/python benchmarks/policy_latency.py --folder out/full --markdown
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'src' / 'waymark'))

import full_policy
from turns import machine, versions

from waymark.policy.client import PolicyClient, PolicyUnreachable
from waymark.policy.contract import Contract
from waymark.policy.observation import Overlap, Request
from waymark.policy.process import PolicyProcess
from waymark.policy.serving import ServeConfig

VARIANTS: dict[str, dict[str, Any]] = {
    'fp32': {},
    'bf16': {'precision': 'bf16'},
    'int8': {'precision': 'int8'},
    'openvino fp32': {'engine': 'openvino'},
    'openvino int8': {'engine': 'openvino', 'precision': 'int8'},
    'openvino int8, 5 steps': {'engine': 'openvino', 'precision': 'int8', 'flow_steps': 5},
    'openvino int8, 3 steps': {'engine': 'openvino', 'precision': 'int8', 'flow_steps': 3},
    'fp32, 5 steps': {'flow_steps': 5},
    'int8, 5 steps': {'precision': 'int8', 'flow_steps': 5},
    'int8, 4 steps': {'precision': 'int8', 'flow_steps': 4},
    'int8, 3 steps': {'precision': 'int8', 'flow_steps': 3},
    'int8, 2 steps': {'precision': 'int8', 'flow_steps': 2},
}
SEED, AHEAD, DELAY = 3, 10, 5
LOAD_S = 1800.0


@dataclass
class Served:
    """One variant at work."""

    process: PolicyProcess
    client: PolicyClient
    load_s: float
    seconds: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    continued_s: list[float] = field(default_factory=list)
    socket_ms: list[float] = field(default_factory=list)
    rss_mib: float = 0.0

    def reach(self) -> PolicyClient:
        """The client, connected: a process that nobody asked for a minute ends the connection."""
        try:
            self.client.ping()
        except PolicyUnreachable:
            self.client.connect()
        return self.client

    def ask(self, request: Request) -> Any:
        """A chunk; its times are kept."""
        self.reach()
        worker = psutil.Process(self.process.pid)
        before, began_s = worker.cpu_times(), time.perf_counter()
        chunk = self.client.answer(request)
        whole_s, after = time.perf_counter() - began_s, worker.cpu_times()
        if request.overlap is not None:
            self.continued_s.append(chunk.seconds)
            return chunk
        self.seconds.append(chunk.seconds)
        self.cpu_s.append(after.user + after.system - before.user - before.system)
        self.socket_ms.append(1000 * (whole_s - chunk.seconds))
        self.rss_mib = max(self.rss_mib, worker.memory_info().rss / 2**20)
        return chunk


def serve(folder: Path, changes: dict[str, Any], asked: argparse.Namespace, stack: ExitStack) -> Served:
    """Start a process and wait until it answers."""
    config = ServeConfig(policy=str(folder), threads=asked.threads, max_distance=0.0, hang_s=LOAD_S, **changes)
    began_s, process = time.perf_counter(), PolicyProcess(config, asked.python)
    stack.callback(process.stop)
    process.ensure()
    client = stack.enter_context(closing(PolicyClient(process.address, timeout_s=LOAD_S)))
    while True:
        try:
            client.connect()
            return Served(process, client, time.perf_counter() - began_s)
        except PolicyUnreachable:
            if process.pid is None or time.perf_counter() - began_s > LOAD_S:
                raise SystemExit('the policy process ended, or never listened: see above') from None
            time.sleep(0.2)


def observation(contract: Contract, number: int) -> Request:
    """Pictures with large and small structure, and states of the usual size, for whatever the policy takes."""
    rng, arrays = np.random.default_rng(number), {}
    for camera in contract.cameras:
        width, height = camera.size_wh
        coarse = rng.integers(0, 256, (height // 32 + 1, width // 32 + 1, camera.channels))
        picture = np.kron(coarse, np.ones((32, 32, 1), int))[:height, :width]
        arrays[camera.key] = (picture + rng.integers(-20, 21, picture.shape)).clip(0, 255).astype(np.uint8)
    for state in contract.states:
        arrays[state.key] = rng.normal(size=state.dim).astype(np.float32)
    return Request(arrays, full_policy.TASK if contract.takes_instruction else '', SEED)


def distance(chunk: Any, exact: Any) -> dict[str, float]:
    """Of the normalised chunks: root mean square relative to the exact one's, and the largest difference."""
    apart = chunk.raw - exact.raw
    relative = np.sqrt((apart**2).mean() / (exact.raw**2).mean())
    return {'relative_rms': float(relative), 'largest': float(np.abs(apart).max())}


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All variants of one policy, in turn."""
    with ExitStack() as stack:
        served = {name: serve(folder, VARIANTS[name], asked, stack) for name in asked.variants}
        first = served[asked.variants[0]]
        contract = first.client.contract
        for one in served.values():
            one.reach().answer(observation(contract, 0))  # warm
        exact = first.reach().answer(observation(contract, 0))
        found = {name: distance(one.reach().answer(observation(contract, 0)), exact) for name, one in served.items()}
        yardstick = distance(first.reach().answer(observation(contract, 1)), exact)
        loads = []
        for turn in range(asked.turns):
            loads.append(round(os.getloadavg()[0], 1))
            for one in served.values():
                one.ask(observation(contract, turn))
            if contract.has_rtc:
                for one in served.values():
                    asked = observation(contract, turn + 1)
                    one.ask(Request(asked.arrays, asked.task, SEED, Overlap(exact.raw[AHEAD:], DELAY)))
        rows = {name: row(one, first, found[name]) for name, one in served.items()}
    return {'rows': rows, 'another_observation': yardstick, 'load': loads}


def row(one: Served, first: Served, apart: dict[str, float]) -> dict[str, Any]:
    """Medians of one variant; ratios are of the same turn."""
    ratios = [a / b for a, b in zip(one.seconds, first.seconds, strict=True)]
    cpu_ratios = [a / b for a, b in zip(one.cpu_s, first.cpu_s, strict=True)]
    values = {
        'load_s': one.load_s,
        'rss_mib': one.rss_mib,
        's_per_chunk': statistics.median(one.seconds),
        'least_s': min(one.seconds),
        'cpu_s': statistics.median(one.cpu_s),
        'ratio': statistics.median(ratios),
        'cpu_ratio': statistics.median(cpu_ratios),
        'continued_s': statistics.median(one.continued_s) if one.continued_s else None,
        'socket_ms': statistics.median(one.socket_ms),
        **apart,
    }
    return {k: v if v is None else float(f'{v:.4g}') for k, v in values.items()}


def markdown(case: str, found: dict[str, Any]) -> str:
    """A table of one policy."""
    lines = [f'| {case} | load s | RSS MiB | s a chunk | CPU s | of fp32 | continued s | relative RMS | largest |']
    lines.append('|' + '---|' * 9)
    for name, r in found['rows'].items():
        values = [r[k] for k in ('load_s', 'rss_mib', 's_per_chunk', 'cpu_s', 'cpu_ratio', 'continued_s')]
        values += [r['relative_rms'], r['largest']]
        lines.append(f'| {name} | ' + ' | '.join('-' if v is None else f'{v:.3g}' for v in values) + ' |')
    other = found['another_observation']
    lines.append(f'| (fp32, another observation) | | | | | | | {other["relative_rms"]:.3g} | {other["largest"]:.3g} |')
    return '\n'.join(lines)


def main() -> None:
    """Print JSON, and with --markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--folder', type=Path, default=Path('out/full_policy'))
    parser.add_argument('--policy', type=Path)
    parser.add_argument('--cases', nargs='+', default=['1x512x512'], choices=full_policy.NAMES)
    parser.add_argument('--variants', nargs='+', default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument('--turns', type=int, default=5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--python', default=sys.executable, help='interpreter that has lerobot')
    parser.add_argument('--markdown', action='store_true')
    asked = parser.parse_args()
    os.environ.setdefault('HF_HUB_OFFLINE', '1')
    if asked.policy is None:
        full_policy.save_all(asked.folder)
    folders = (
        {asked.policy.name: asked.policy} if asked.policy else {c: asked.folder.resolve() / c for c in asked.cases}
    )
    report: dict[str, Any] = {'machine': machine(), 'versions': versions('torch', 'lerobot', 'transformers')}
    report |= {'threads': asked.threads, 'turns': asked.turns, 'cases': {}}
    for case, folder in folders.items():
        report['cases'][case] = measure(folder, asked)
        if asked.markdown:
            print(markdown(case, report['cases'][case]), file=sys.stderr, flush=True)
    print(json.dumps(report, indent=2))


if __name__ == '__main__':
    main()
