# SPDX-License-Identifier: Apache-2.0
"""What is asked of a policy and what it answers, checked against its contract at both ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from waymark.errors import PolicyError
from waymark.policy.contract import Contract

TASK = 'task'
MAX_TASK = 1000


@dataclass(frozen=True, eq=False)
class Overlap:
    """What is being carried out while the policy thinks, for policies that can continue it.

    Attributes:
        raw: (N, D) what is left of the last chunk from the time of the observation on, as the policy gave it
            (normalised): the `raw` of that chunk.
        delay_steps: How many of these will have been carried out when the answer comes.
    """

    raw: NDArray[np.float32]
    delay_steps: int


@dataclass(frozen=True, eq=False)
class Request:
    """One question to a policy.

    Attributes:
        arrays: (H, W, C) uint8 images and (D,) float32 vectors by key, as the contract's `shape_of` says.
        task: The instruction; '' for policies that take none.
        seed: Makes the answer repeatable; None leaves it to chance.
        overlap: None where nothing is being carried out, or the policy can't use it.
    """

    arrays: Mapping[str, NDArray[Any]]
    task: str = ''
    seed: int | None = None
    overlap: Overlap | None = None


@dataclass(frozen=True, eq=False)
class Chunk:
    """Actions that follow each other, 1 / fps apart; the first belongs to the time of the observation.

    Attributes:
        actions: (T, D) float32 in the units of the policy's data.
        raw: (T, D) float32 as the policy gave them, normalised: what `Overlap` takes.
        seconds: Time that the policy thought.
    """

    actions: NDArray[np.float32]
    raw: NDArray[np.float32]
    seconds: float = 0.0


class Predictor(Protocol):
    """Whoever answers requests: a policy in this process, or one behind a connection."""

    @property
    def contract(self) -> Contract:
        """What it takes and gives."""

    def answer(self, request: Request) -> Chunk:
        """Answer.

        Raises:
            PolicyError: It can't.
        """


def require_request(contract: Contract, request: Request) -> None:
    """Refuse what the policy does not take.

    Raises:
        PolicyError: An array is missing, too many, of another shape or dtype, not finite, or no instruction.
    """
    keys, given = set(contract.keys), set(request.arrays)
    if keys != given:
        missing, unknown = ', '.join(sorted(keys - given)), ', '.join(sorted(given - keys))
        raise PolicyError(f'the policy takes {", ".join(sorted(keys))}; missing: {missing or "-"}, '
                          f'unknown: {unknown or "-"}.')  # fmt: skip
    images = {c.key for c in contract.cameras}
    for key, array in request.arrays.items():
        shape, dtype = contract.shape_of(key), 'uint8' if key in images else 'float32'
        if array.shape != shape or array.dtype.name != dtype:
            raise PolicyError(f'{key}: the policy takes {dtype} {shape}, got {array.dtype.name} {array.shape}.')
        if dtype == 'float32' and not np.isfinite(array).all():
            raise PolicyError(f'{key}: {np.count_nonzero(~np.isfinite(array))} of its values are not finite.')
    if contract.takes_instruction and not request.task.strip():
        raise PolicyError('the policy takes an instruction, and none was given.')
    if len(request.task) > MAX_TASK:
        raise PolicyError(f'the instruction has {len(request.task)} characters; {MAX_TASK} are allowed.')
    if request.overlap is not None:
        _require_overlap(contract, request.overlap)


def _require_overlap(contract: Contract, overlap: Overlap) -> None:
    if not contract.has_rtc:
        raise PolicyError(f'a policy of type {contract.policy_type} can not continue a chunk.')
    raw, most = overlap.raw, contract.chunk_steps
    fits = raw.ndim == 2 and 0 < len(raw) <= most and raw.shape[1] == contract.action.dim
    if not fits or raw.dtype.name != 'float32' or not np.isfinite(raw).all():
        raise PolicyError(f'what is left of a chunk must be float32 (up to {most}, {contract.action.dim}) and finite.')
    if not 0 <= overlap.delay_steps <= len(raw):
        raise PolicyError(f'delay_steps must be 0 to {len(raw)}, got {overlap.delay_steps}.')


def require_chunk(contract: Contract, chunk: Chunk) -> None:
    """Refuse an answer that is none: an action that nobody checked would move the vehicle.

    Raises:
        PolicyError: Another number of values or steps, or not finite.
    """
    for name, array in (('actions', chunk.actions), ('raw', chunk.raw)):
        fits = array.ndim == 2 and 0 < len(array) <= contract.chunk_steps and array.shape[1] == contract.action.dim
        if not fits or array.dtype.name != 'float32':
            raise PolicyError(
                f'the policy answered {name} {array.dtype.name} {array.shape}; its contract says float32 '
                f'({contract.chunk_steps}, {contract.action.dim}).'
            )
        if not np.isfinite(array).all():
            raise PolicyError(f'the policy answered {name} that are not finite: its weights or its input are broken.')


def request_of(observation: Mapping[str, Any], seed: int | None = None) -> Request:
    """A request from a plain observation: arrays by key, and the instruction under 'task'."""
    arrays = {k: np.asarray(v) for k, v in observation.items() if k != TASK}
    arrays = {k: a if a.dtype == np.uint8 else a.astype(np.float32) for k, a in arrays.items()}
    return Request(arrays, str(observation.get(TASK, '')), seed)
