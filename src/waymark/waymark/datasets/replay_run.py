# SPDX-License-Identifier: Apache-2.0
"""`waymark policy replay`: start the policy, ask it along the episodes, keep plots and figures."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waymark.datasets.reading import Dataset, Episode
from waymark.datasets.replay import replay_episode, replay_figures, require_fit, squeezed_cameras
from waymark.datasets.replay_plot import write_replay_plot
from waymark.errors import PolicyError
from waymark.labelling.progress import Bar
from waymark.policy.client import PolicyClient, PolicyUnreachable
from waymark.policy.contract import Contract
from waymark.policy.folder import read_contract
from waymark.policy.process import PolicyProcess
from waymark.policy.serving import ServeConfig

START_S = 300.0  # a large policy from a slow disk
ANSWER_S = 120.0


@dataclass(frozen=True)
class ReplayRequest:
    """What to replay: the policy, episodes (none: the first that is whole), steps between questions, interpreter."""

    serve: ServeConfig
    episodes: tuple[int, ...] = ()
    every: int = 0
    python: str = ''


def replay_dataset(dataset: Dataset, request: ReplayRequest, out: Path) -> tuple[dict[str, Any], list[Path]]:
    """Replay episodes.

    Args:
        dataset: What was recorded.
        request: What to do.
        out: Folder for episode-N.png and replay.json.

    Returns:
        The figures, and the files that were written.

    Raises:
        PolicyError: The policy can't be loaded, does not fit the dataset, or does not answer.
        SourceError: No episode is whole, or a file is broken.
        BackendUnavailable: There is no interpreter with lerobot.
    """
    saved = Path(request.serve.policy).expanduser()
    if saved.is_dir():  # what does not fit is told before minutes of loading
        chosen_episodes(dataset, read_contract(saved), request.episodes)
    with served(request.serve, request.python) as policy:
        chosen = chosen_episodes(dataset, policy.contract, request.episodes)
        with Bar('asking the policy', sum(e.length for e in chosen)) as bar:
            replayed = [replay_episode(dataset, e, policy, request.every, bar.advance) for e in chosen]
        scaled = squeezed_cameras(policy.contract, dataset)
    figures = replay_figures(replayed) | {'scaled_cameras': list(scaled)}
    files = []
    for one in replayed:
        files.append(out / f'episode-{one.index}.png')
        write_replay_plot(files[-1], one, f'{dataset.folder.resolve().name}, episode {one.index}')
    files.append(out / 'replay.json')
    files[-1].write_text(json.dumps(figures, indent=2), encoding='utf-8')
    return figures, files


def chosen_episodes(dataset: Dataset, contract: Contract, wanted: tuple[int, ...]) -> tuple[Episode, ...]:
    """The episodes of these numbers, or the first whose files are all there.

    Raises:
        PolicyError: The dataset does not go with the policy.
        SourceError: There is none, or files of one are missing.
    """
    require_fit(contract, dataset)
    cameras = [c.key for c in contract.cameras]
    if not wanted:
        return dataset.present(cameras)[:1]
    episodes = tuple(dataset.episode(index) for index in wanted)
    for episode in episodes:
        dataset.require_whole(episode, cameras)
    return episodes


@contextlib.contextmanager
def served(config: ServeConfig, python: str) -> Iterator[PolicyClient]:
    """A policy in a process of its own, ready to answer.

    Raises:
        PolicyError: It does not load; the process said why on stderr.
    """
    process = PolicyProcess(config, python)
    client = PolicyClient(process.address, timeout_s=ANSWER_S)
    try:
        process.ensure()
        until_s = time.monotonic() + START_S
        while True:
            try:
                client.connect()
                break
            except PolicyUnreachable:
                if process.pid is None or time.monotonic() > until_s:
                    raise PolicyError(f'{config.policy}: its process did not start. See what it said above.') from None
                time.sleep(0.1)
        yield client
    finally:
        client.close()
        process.stop()
