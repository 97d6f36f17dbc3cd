# SPDX-License-Identifier: Apache-2.0
"""Run a policy over recorded episodes and compare what it would have done with what was done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.datasets.info import ACTION
from waymark.datasets.reading import Dataset, Episode, Step
from waymark.errors import PolicyError
from waymark.policy.contract import Contract

Vectors = NDArray[np.float32]


class Predictor(Protocol):
    """A policy: PolicyClient is one."""

    @property
    def contract(self) -> Contract:
        """What it takes and gives."""
        ...

    def predict(self, observation: Mapping[str, Any], seed: int | None = None) -> Vectors:
        """Actions (T, D) for an observation."""
        ...


@dataclass(frozen=True)
class ReplayedEpisode:
    """An episode and a policy's answers to it.

    Attributes:
        index: Of the episode.
        fps: Steps per second.
        names: Of the action's elements.
        recorded: (N, D) actions as they were.
        chunks: First step and answer (T, D) of each question; no chunk reaches beyond the episode.
        seconds: How long each answer took.
    """

    index: int
    fps: float
    names: tuple[str, ...]
    recorded: Vectors
    chunks: tuple[tuple[int, Vectors], ...]
    seconds: tuple[float, ...]

    @property
    def errors(self) -> Vectors:
        """(M, D) absolute differences of all answered steps."""
        return np.concatenate([np.abs(c - self.recorded[k : k + len(c)]) for k, c in self.chunks])

    @property
    def hold_errors(self) -> Vectors:
        """(M, D) likewise for who repeats the last action before each question: what a policy must beat."""
        held = [(k, self.recorded[max(k - 1, 0)], len(c)) for k, c in self.chunks]
        return np.concatenate([np.abs(last - self.recorded[k : k + n]) for k, last, n in held])


def require_fit(contract: Contract, dataset: Dataset) -> None:
    """Refuse a dataset that does not hold what the policy takes and gives.

    Raises:
        PolicyError: It names every feature that is missing or of another kind.
    """
    features = dataset.info.features
    wrong = [f'no camera {c.key}' for c in contract.cameras if c.key not in dataset.info.cameras]
    for wanted in (*contract.states, contract.action):
        feature = features.get(wanted.key)
        if feature is None or feature.is_visual:
            wrong.append(f'no {wanted.key}')
        elif feature.shape != (wanted.dim,):
            wrong.append(f'{wanted.key} of {feature.shape[0]} numbers, the policy has {wanted.dim}')
        elif wanted.names and feature.names and wanted.names != feature.names:
            other = next(f'{a} instead of {b}' for a, b in zip(feature.names, wanted.names, strict=False) if a != b)
            wrong.append(f'{wanted.key} with {other}')
    if wrong:
        held = ', '.join(k for k in features if k.startswith(('observation', ACTION)))
        raise PolicyError(f'{dataset.folder} does not go with the policy: {"; ".join(wrong)}. It holds {held}.')
    if contract.fps and abs(contract.fps - dataset.info.fps) > 0.01:
        raise PolicyError(
            f'{dataset.folder} has {dataset.info.fps:g} steps per second, the policy learned from {contract.fps:g}. '
            'Record it at that rate.'
        )


def squeezed_cameras(contract: Contract, dataset: Dataset) -> tuple[str, ...]:
    """Cameras whose images are of another size than the policy takes, and are scaled to it."""
    sizes = {k: dataset.info.features[k].shape[1::-1] for k in dataset.info.cameras}
    return tuple(c.key for c in contract.cameras if sizes[c.key] != c.size_wh)


def replay_episode(
    dataset: Dataset,
    episode: Episode,
    policy: Predictor,
    every: int = 0,
    each: Callable[[float], None] = lambda _: None,
) -> ReplayedEpisode:
    """Ask a policy along an episode.

    Args:
        dataset: Where the episode is.
        episode: Its files must be there.
        policy: Asked with the recorded observations; each question has the seed of its step.
        every: Steps from question to question; 0: as many as an answer has, so that each step is answered once.
        each: Called with 1 after each step.

    Raises:
        SourceError: A file is missing or broken.
        PolicyError: The policy does not answer.
    """
    contract = policy.contract
    cameras = tuple(c.key for c in contract.cameras)
    past: list[dict[str, NDArray[Any]]] = []
    recorded, chunks, seconds = [], [], []
    due = 0
    for step in dataset.steps(episode, cameras):
        recorded.append(step.vectors[ACTION])
        past = [*past, _seen(contract, step)][-contract.observation_steps :]
        if step.index == due:
            began = time.perf_counter()
            answer = policy.predict(_observation(contract, past, step.task), step.index)
            seconds.append(time.perf_counter() - began)
            chunks.append((step.index, answer[: episode.length - step.index]))
            due += every or len(answer)
        each(1)
    names = dataset.info.features[ACTION].names or tuple(f'action {i}' for i in range(contract.action.dim))
    return ReplayedEpisode(
        episode.index, dataset.info.fps, names, np.stack(recorded), tuple(chunks), tuple(seconds)
    )  # fmt: skip


def replay_figures(replayed: list[ReplayedEpisode]) -> dict[str, Any]:
    """Mean absolute errors beside those of holding the last action, per element and in all, and times.

    `share_of_spread` is the error divided by the standard deviation of the recorded action: 1 is no better than a
    constant.
    """
    errors, held = (np.concatenate(v) for v in zip(*((r.errors, r.hold_errors) for r in replayed), strict=True))
    first = np.concatenate([np.abs(c[:1] - r.recorded[k : k + 1]) for r in replayed for k, c in r.chunks])
    spread = np.concatenate([r.recorded for r in replayed]).std(axis=0)
    moves = spread > 1e-6
    seconds = [s for r in replayed for s in r.seconds]
    return {
        'episodes': len(replayed),
        'steps': int(sum(len(r.recorded) for r in replayed)),
        'questions': len(seconds),
        'mean_absolute_error': _round(errors.mean()),
        'mean_absolute_error_first_action': _round(first.mean()),
        'mean_absolute_error_hold': _round(held.mean()),
        'share_of_spread': _round((errors.mean(axis=0)[moves] / spread[moves]).mean()) if moves.any() else None,
        'seconds_per_answer_p50': _round(np.median(seconds)),
        'seconds_per_answer_p95': _round(np.quantile(seconds, 0.95)),
        'per_action': {n: _round(e) for n, e in zip(replayed[0].names, errors.mean(axis=0), strict=True)},
    }


def _seen(contract: Contract, step: Step) -> dict[str, NDArray[Any]]:
    seen: dict[str, NDArray[Any]] = {s.key: step.vectors[s.key] for s in contract.states}
    for camera in contract.cameras:
        seen[camera.key] = _image(step.images[camera.key], camera.size_wh, camera.channels)
    return seen


def _image(rgb: NDArray[np.uint8], size_wh: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    if rgb.shape[1::-1] != size_wh:
        rgb = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return rgb if channels == 3 else np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None]


def _observation(contract: Contract, past: list[dict[str, NDArray[Any]]], task: str) -> dict[str, Any]:
    """The newest step, or the last few where the policy wants several; at the beginning the first repeats."""
    count = contract.observation_steps
    padded = [past[0]] * (count - len(past)) + past
    arrays = {k: np.stack([p[k] for p in padded]) if count > 1 else past[-1][k] for k in past[-1]}
    return {**arrays, 'task': task}


def _round(value: Any) -> float:
    return float(f'{float(value):.4g}')
