# SPDX-License-Identifier: Apache-2.0
"""Image towers of timm: `timm:NAME` from its hub, or a folder that timm saved."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable, ConfigError, ModelError
from waymark.exporting.checkpoint import said_plainly
from waymark.exporting.processors import Preprocessing
from waymark.exporting.towers import ImageTower, finish_tower

PREFIX = 'timm:'


def is_timm(source: str) -> bool:
    """Tell timm's models from transformers': by the prefix, or by the folder's config.json."""
    config = Path(source) / 'config.json'
    if source.startswith(PREFIX):
        return True
    try:
        values = json.loads(config.read_text(encoding='utf-8')) if config.is_file() else {}
    except ValueError:
        return False
    return isinstance(values, dict) and 'architecture' in values and 'model_type' not in values


class TimmSource(NamedTuple):
    """A timm model: its tower, preprocessing, licence, and timm's own preprocessing to compare with."""

    tower: ImageTower
    preprocessing: Preprocessing
    licence: str
    own_pixels: Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def load_timm(source: str, size_wh: tuple[int, int] | None, pooling: str) -> TimmSource:
    """Load a timm model as an image tower.

    Args:
        source: 'timm:NAME' or a folder with config.json and model.safetensors.
        size_wh: Another input size than the model's own, px.
        pooling: 'default' (the model's own), 'cls', 'mean' or 'gem'.

    Raises:
        BackendUnavailable: timm is missing.
        ModelError: There is no such model, or only pickled weights.
        ConfigError: It has no such pooling.
    """
    import torch

    model, settings = _create(source, size_wh)
    preprocessing = read_timm_preprocessing(settings, size_wh)
    width, height = preprocessing.input_wh

    def run(pixels: Any) -> dict[str, Any]:
        hidden = model.forward_features(pixels)
        pooled = model.forward_head(hidden, pre_logits=True)
        channels_last = hidden.ndim == 4 and getattr(model, 'output_fmt', 'NCHW') == 'NHWC'  # Swin
        return {
            'last_hidden_state': hidden.permute(0, 3, 1, 2) if channels_last else hidden,
            'pooler_output': pooled,
        }

    with torch.no_grad():
        probe = run(torch.zeros(1, 3, height, width))
    if pooling == 'cls' and probe['last_hidden_state'].ndim == 4:
        raise ConfigError(f'pooling cls: {source!r} has no class token. Use default.')
    head = 'pooler_output' if pooling == 'default' else pooling
    tower = finish_tower(run, head, _grid(model, probe['last_hidden_state']), (width, height), model)
    return TimmSource(tower, preprocessing, str(settings.get('license') or 'unknown'), _own_pixels(settings))


def read_timm_preprocessing(settings: Mapping[str, Any], size_wh: tuple[int, int] | None) -> Preprocessing:
    """Say timm's data configuration in a manifest's words.

    Raises:
        ModelError: It pads, or uses an interpolation without an antialiased counterpart.
    """
    channels, height, width = settings['input_size']
    wh = size_wh or (int(width), int(height))
    mode, crop = settings.get('crop_mode', 'center'), float(settings.get('crop_pct') or 1.0)
    interpolation = {'bilinear': 'bilinear', 'bicubic': 'bicubic', 'lanczos': 'lanczos'}.get(settings['interpolation'])
    if interpolation is None or mode not in ('center', 'squash') or (mode == 'squash' and crop < 1):
        raise ModelError(
            f"timm's {mode} crop of {crop:g} with {settings['interpolation']} can't be said in a manifest. "
            'Export a model with a centre crop.'
        )
    mean, std = (tuple(float(v) for v in settings[k]) for k in ('mean', 'std'))
    if mode == 'squash':
        return Preprocessing(wh, 'stretch', 0, interpolation, mean, std, 'rgb')
    return Preprocessing(wh, 'shortest_crop', math.floor(max(wh) / crop), interpolation, mean, std, 'rgb')


def _create(source: str, size_wh: tuple[int, int] | None) -> tuple[Any, dict[str, Any]]:
    try:
        import timm
    except ImportError as error:
        raise BackendUnavailable(f'{source!r} needs timm, which can not be imported: run make models.') from error
    local = not source.startswith(PREFIX)
    name = f'local-dir:{source}' if local else source.removeprefix(PREFIX)
    if local and not any(Path(source).glob('*.safetensors')):
        raise ModelError(f'model {source!r} has no model.safetensors; pickled weights are never read. Save it again.')
    with said_plainly(f'model {source!r}'):
        model = _with_size(timm, name, size_wh)
    settings = timm.data.resolve_model_data_config(model)
    return model.eval().requires_grad_(False), settings | {'license': model.pretrained_cfg.get('license')}


def _with_size(timm: Any, name: str, size_wh: tuple[int, int] | None) -> Any:
    if size_wh is None:
        return timm.create_model(name, pretrained=True, num_classes=0)
    try:
        return timm.create_model(name, pretrained=True, num_classes=0, img_size=size_wh[::-1])
    except TypeError:  # a convolutional model takes any size and no such argument
        return timm.create_model(name, pretrained=True, num_classes=0)


def _grid(model: Any, hidden: Any) -> tuple[int, int]:
    if hidden.ndim == 4:
        return int(hidden.shape[2]), int(hidden.shape[3])
    grid = getattr(getattr(model, 'patch_embed', None), 'grid_size', None)
    return (int(grid[0]), int(grid[1])) if grid else (0, 0)


def _own_pixels(settings: Mapping[str, Any]) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    import timm
    from PIL import Image

    names = ('input_size', 'interpolation', 'mean', 'std', 'crop_pct', 'crop_mode')
    transform = timm.data.create_transform(**{n: settings[n] for n in names}, is_training=False)
    return lambda rgb: np.asarray(transform(Image.fromarray(rgb))[None].numpy(), np.float32)
