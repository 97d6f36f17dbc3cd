# SPDX-License-Identifier: Apache-2.0
"""A policy without a network: its actions follow from its state, so that each value of an answer is known."""

from __future__ import annotations

import threading
import time

import numpy as np

from waymark.policy.contract import CameraFeature, Contract, VectorFeature
from waymark.policy.observation import Chunk, Request

FRONT, STATE = 'observation.images.front', 'observation.state'
CONTRACT = Contract(
    'tame',
    (CameraFeature(FRONT, (64, 48)),),
    (VectorFeature(STATE, 2, ('x', 'y'), 'MEAN_STD'),),
    VectorFeature('action', 2, ('forward', 'turn'), 'MEAN_STD'),
    chunk_steps=20,
    takes_instruction=True,
    fps=10.0,
)


class TamePolicy:
    """Answers state + k in step k, after `thinks_s`; hangs while `go_on` is cleared.

    Attributes:
        asked: Requests so far.
    """

    def __init__(self, contract: Contract = CONTRACT, thinks_s: float = 0.0) -> None:
        self.contract, self.thinks_s = contract, thinks_s
        self.asked: list[Request] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def answer(self, request: Request) -> Chunk:
        self.asked.append(request)
        self.go_on.wait(60.0)
        if request.task == 'break':
            raise RuntimeError('out of memory')
        time.sleep(self.thinks_s)
        steps = np.arange(self.contract.chunk_steps, dtype=np.float32)[:, None]
        actions = request.arrays[STATE][None, :] + steps
        if request.task == 'nan':
            actions[0, 0] = np.nan
        return Chunk(actions, actions / 10, self.thinks_s)


def seen(x: float = 1.0, y: float = 2.0, task: str = 'go') -> dict[str, object]:
    """An observation that the policy takes."""
    return {FRONT: np.zeros((48, 64, 3), np.uint8), STATE: np.array([x, y], np.float32), 'task': task}
