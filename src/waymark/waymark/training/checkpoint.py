# SPDX-License-Identifier: Apache-2.0
"""A training that was interrupted: tensors as safetensors, the rest as JSON; no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from waymark.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor, nn


class Resumable(Protocol):
    """A training that can be stopped between two steps.

    Attributes:
        step: Steps done.
        loss: Running mean of the loss.
        optimizer: torch's.
    """

    step: int
    loss: float
    optimizer: Any

    def parts(self) -> dict[str, nn.Module]:
        """All that has tensors to be kept, beside the optimizer."""
        ...


_TENSORS, _STATE = 'checkpoint.safetensors', 'checkpoint.json'


def save_checkpoint(trainer: Resumable, folder: Path, request: str) -> None:
    """Write a checkpoint; the one before stays until the new one is whole.

    Args:
        trainer: Between two steps.
        folder: Made when missing.
        request: What was asked for, as JSON: another request is refused when resuming.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f'{part}.{name}': t for part, module in trainer.parts().items() for name, t in _tensors(module).items()}
    state = trainer.optimizer.state_dict()
    for index, values in state['state'].items():
        tensors |= {f'optimizer.{index}.{key}': value for key, value in values.items()}
    fresh = folder / f'{_TENSORS}.new'
    save_file({name: t.detach().clone().contiguous() for name, t in tensors.items()}, str(fresh))
    notes = folder / f'{_STATE}.new'
    notes.write_text(json.dumps({'step': trainer.step, 'loss': trainer.loss, 'request': request}, indent=2))
    fresh.replace(folder / _TENSORS)
    notes.replace(folder / _STATE)


def load_checkpoint(trainer: Resumable, folder: Path, request: str) -> None:
    """Put a trainer back to where it was saved.

    Raises:
        ConfigError: There is no checkpoint, or it is of another request.
    """
    from safetensors.torch import load_file

    try:
        state = json.loads((folder / _STATE).read_text())
        tensors = load_file(str(folder / _TENSORS))
    except (OSError, ValueError) as error:
        raise ConfigError(f'resume: no checkpoint in {str(folder)!r} ({error}). Leave --resume out.') from error
    if state['request'] != request:
        raise ConfigError(f'resume: {str(folder)!r} was begun with other settings. Use the same, or another --out.')
    for part, module in trainer.parts().items():
        _restore(module, {n.removeprefix(f'{part}.'): t for n, t in tensors.items() if n.startswith(f'{part}.')})
    optimizer = trainer.optimizer.state_dict()
    for name, tensor in tensors.items():
        if name.startswith('optimizer.'):
            _, index, key = name.split('.')
            optimizer['state'].setdefault(int(index), {})[key] = tensor
    trainer.optimizer.load_state_dict(optimizer)
    trainer.step, trainer.loss = int(state['step']), float(state['loss'])


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers, also those that state_dict() leaves out (lightly's queue)."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _restore(module: Any, tensors: dict[str, Tensor]) -> None:
    present = _tensors(module)
    for name, tensor in tensors.items():
        if present[name].shape == tensor.shape:
            present[name].data.copy_(tensor)
        else:  # a queue gets its size with the first batch
            parent, _, leaf = name.rpartition('.')
            setattr(module.get_submodule(parent), leaf, tensor)
