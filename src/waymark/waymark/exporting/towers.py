# SPDX-License-Identifier: Apache-2.0
"""Image towers: from a checkpoint to a torch module that takes pixels and gives one vector and patch tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waymark.errors import ConfigError, ModelError
from waymark.exporting.checkpoint import Checkpoint, load_weights
from waymark.exporting.families import Run, prepare, special_model_class

_MOST_PREFIX_TOKENS = 16  # class token, distillation token, registers


@dataclass(frozen=True)
class ImageTower:
    """A model's image half.

    Attributes:
        module: torch module, (B, C, h, w) pixels to (vector (B, D),) or (vector, tokens (B, rows * columns, D')).
        output: Name of the vector, which says what it is: 'image_embeds', 'pooler_output', 'cls', 'mean', 'gem'.
        dim: D.
        input_wh: Width and height that it is made for, px.
        grid_hw: Rows and columns of the tokens; (0, 0) where there are none.
        is_convolutional: True when it has no attention (int8 is then calibrated, not dynamic).
        model: The whole model, for its text tower.
        notes: What the user should know.
    """

    module: Any
    output: str
    dim: int
    input_wh: tuple[int, int]
    grid_hw: tuple[int, int]
    is_convolutional: bool
    model: Any
    notes: tuple[str, ...] = ()


def load_tower(checkpoint: Checkpoint, input_wh: tuple[int, int], pooling: str) -> ImageTower:
    """Load a checkpoint's image tower.

    Args:
        checkpoint: The model.
        input_wh: Input size, px.
        pooling: 'default', 'cls', 'mean' or 'gem'.

    Raises:
        ModelError: It has no image tower, or its file lacks weights that the tower needs.
        ConfigError: The model has no such pooling.
    """
    from transformers import AutoModel

    model, missing = load_weights(special_model_class(checkpoint) or AutoModel, checkpoint)
    run, notes = prepare(model, checkpoint.family, input_wh)
    channels = image_config(checkpoint.config).get('num_channels', 3)
    probe = _probe(run, checkpoint, channels, input_wh)
    head = _head(probe, pooling, model, missing, checkpoint)
    require_weights(missing, checkpoint, used=lambda name: 'pooler' not in name or head == 'pooler_output')
    grid_hw = _grid(probe.get('last_hidden_state'), image_config(checkpoint.config), input_wh)
    return finish_tower(run, head, grid_hw, input_wh, model, channels, notes)


def finish_tower(
    run: Run,
    head: str,
    grid_hw: tuple[int, int],
    input_wh: tuple[int, int],
    model: Any,
    channels: int = 3,
    notes: tuple[str, ...] = (),
) -> ImageTower:
    """Wrap `run` (pixels to a mapping of outputs) into the module that is exported."""
    import torch

    module = _module(run, head, grid_hw, model)
    with torch.no_grad():
        vector = module(torch.zeros(1, channels, input_wh[1], input_wh[0]))[0]
    is_convolutional = not any('attention' in type(m).__name__.lower() for m in model.modules())
    return ImageTower(module, head, int(vector.shape[1]), input_wh, grid_hw, is_convolutional, model, notes)


def image_config(config: Any) -> dict[str, Any]:
    """Configuration of the image half, as plain values."""
    nested = getattr(config, 'vision_config', None)
    values: dict[str, Any] = (nested or config).to_dict()
    return values


def require_weights(missing: set[str], checkpoint: Checkpoint, used: Callable[[str], bool]) -> None:
    """Refuse a model some of whose parameters are random because its file lacks them.

    Raises:
        ModelError: Their count and the first names.
    """
    lacking = sorted(name for name in missing if used(name))
    if lacking:
        raise ModelError(
            f'model {checkpoint.source!r} lacks {len(lacking)} of its weights ({", ".join(lacking[:3])}): they would '
            'be random. Give the whole model, or one of another head.'
        )


def _probe(run: Run, checkpoint: Checkpoint, channels: int, input_wh: tuple[int, int]) -> Any:
    """Outputs for a black image, which show what the model gives."""
    import torch

    pixels = torch.zeros(1, channels, input_wh[1], input_wh[0])
    try:
        with torch.no_grad():
            outputs = dict(run(pixels).items())
    except Exception as error:  # a model without an image tower, or one of another size: whatever it raises
        raise ModelError(
            f'model {checkpoint.source!r} ({checkpoint.family}) has no image tower that takes {input_wh[0]} x '
            f'{input_wh[1]} px: {" ".join(str(error).split())[:160]}. Give a vision model, or another --image-size.'
        ) from error
    return outputs


def _head(probe: Any, pooling: str, model: Any, missing: set[str], checkpoint: Checkpoint) -> str:
    """Name of the vector that this model is meant for, or that was asked for."""
    hidden = probe.get('last_hidden_state')
    if pooling != 'default':
        if hidden is None or (pooling == 'cls' and hidden.ndim == 4):
            raise ConfigError(f'pooling {pooling}: a {checkpoint.family} model has no tokens for it. Use default.')
        return pooling
    if 'image_embeds' in probe:
        return 'image_embeds'
    if checkpoint.family in _CLS_FAMILIES:
        return 'cls'
    has_pooler = probe.get('pooler_output') is not None and not any('pooler' in name for name in missing)
    if has_pooler:
        return 'pooler_output'
    if hidden is None:
        raise ModelError(
            f'model {checkpoint.source!r} ({checkpoint.family}) gives {", ".join(probe)}, neither a vector nor tokens. '
            'Give a vision model.'
        )
    return 'mean'


# The class token after the last norm is what these were trained for; a ViT's tanh pooler belongs to its classifier,
# and most files lack it.
_CLS_FAMILIES = ('vit', 'vit_mae', 'vit_msn', 'deit', 'dinov2', 'dinov2_with_registers', 'dinov3_vit')


def _grid(hidden: Any, values: dict[str, Any], input_wh: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the patch tokens in the last hidden state; (0, 0) where it has no grid."""
    if hidden is not None and hidden.ndim == 4:
        return int(hidden.shape[2]), int(hidden.shape[3])
    stride = _stride(values)
    if hidden is None or hidden.ndim != 3 or not stride:
        return 0, 0
    rows, columns = input_wh[1] // stride, input_wh[0] // stride
    prefix = hidden.shape[1] - rows * columns
    return (rows, columns) if rows * columns > 0 and 0 <= prefix <= _MOST_PREFIX_TOKENS else (0, 0)


def _stride(values: dict[str, Any]) -> int:
    """Pixels per token along one side, 0 where unknown."""
    patch = values.get('patch_size')
    patch = patch[0] if isinstance(patch, list | tuple) else patch
    if values.get('model_type') in ('swin', 'swinv2'):
        return int(patch * 2 ** (len(values['depths']) - 1))
    if values.get('model_type') == 'dinov3_convnext':
        return 32
    return patch if isinstance(patch, int) else 0


def _module(run: Run, head: str, grid_hw: tuple[int, int], model: Any) -> Any:
    import torch

    patches = grid_hw[0] * grid_hw[1]

    class Tower(torch.nn.Module):  # type: ignore[misc]
        """Pixels to the vector and, where there are any, the patch tokens."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model  # so that its parameters are this module's

        def forward(self, pixel_values: Any) -> tuple[Any, ...]:
            outputs = run(pixel_values)
            hidden = outputs.get('last_hidden_state')
            tokens = hidden.flatten(2).transpose(1, 2) if hidden is not None and hidden.ndim == 4 else hidden
            vector = _pooled(head, outputs, tokens, patches)
            return (vector, tokens[:, -patches:]) if patches else (vector,)

    return Tower().eval()


def _pooled(head: str, outputs: Any, tokens: Any, patches: int) -> Any:
    """(B, D); class token and registers stand before the patches and are no part of their mean."""
    if head == 'cls':
        return tokens[:, 0]
    if head == 'mean':
        return tokens[:, -patches:].mean(dim=1)
    if head == 'gem':  # power 3: Radenovic et al., TPAMI 2019
        return tokens[:, -patches:].clamp(min=1e-6).pow(3).mean(dim=1).pow(1 / 3)
    return outputs[head].flatten(1)
