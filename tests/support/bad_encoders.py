# SPDX-License-Identifier: Apache-2.0
"""Models that must be refused, each made from a good one. Runs in .venv-models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

Request = dict[str, Any]


def _copy(models: Path, family: str, folder: Path) -> Path:
    shutil.copytree(models / family, folder)
    return folder


def _pickled(models: Path, folder: Path) -> Request:
    import torch
    from safetensors.torch import load_file

    weights = _copy(models, 'vit', folder) / 'model.safetensors'
    torch.save(load_file(weights), folder / 'pytorch_model.bin')
    weights.unlink()
    return {'model': str(folder)}


def _without(name: str, family: str = 'vit') -> Callable[[Path, Path], Request]:
    def spoil(models: Path, folder: Path) -> Request:
        (_copy(models, family, folder) / name).unlink()
        return {'model': str(folder)}

    return spoil


def _text_model(models: Path, folder: Path) -> Request:
    import transformers as t

    sizes = {'hidden_size': 32, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'intermediate_size': 32}
    t.BertModel(t.BertConfig(**sizes, vocab_size=32)).save_pretrained(folder)
    shutil.copy(models / 'vit' / 'preprocessor_config.json', folder)
    return {'model': str(folder)}


def _half_the_weights(models: Path, folder: Path) -> Request:
    from safetensors.torch import load_file, save_file

    path = _copy(models, 'vit', folder) / 'model.safetensors'
    kept = {name: tensor for name, tensor in load_file(path).items() if 'layer.1.' not in name}
    save_file(kept, path, metadata={'format': 'pt'})
    return {'model': str(folder)}


def _own_code(models: Path, folder: Path) -> Request:
    path = _copy(models, 'vit', folder) / 'config.json'
    values = json.loads(path.read_text()) | {'model_type': 'mine', 'auto_map': {'AutoConfig': 'evil.Config'}}
    path.write_text(json.dumps(values))
    (folder / 'evil.py').write_text(f'open({str(folder / "ran")!r}, "w")\n')
    return {'model': str(folder)}


def _padding_processor(models: Path, folder: Path) -> Request:
    path = _copy(models, 'vit', folder) / 'preprocessor_config.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | {'do_pad': True}))
    return {'model': str(folder)}


def _broken_weights(models: Path, folder: Path) -> Request:
    """Weights that are not numbers."""
    from safetensors.torch import load_file, save_file

    path = _copy(models, 'vit', folder) / 'model.safetensors'
    save_file({n: t * float('nan') for n, t in load_file(path).items()}, path, metadata={'format': 'pt'})
    return {'model': str(folder)}


def _loud(models: Path, folder: Path) -> Request:
    """Weights whose activations do not fit into fp16."""
    from safetensors.torch import load_file, save_file

    path = _copy(models, 'resnet', folder) / 'model.safetensors'
    tensors = {name: 1e6 * t if name.startswith('embedder') else t for name, t in load_file(path).items()}
    save_file(tensors, path, metadata={'format': 'pt'})
    return {'model': str(folder), 'precision': 'fp16'}


BAD: dict[str, Callable[[Path, Path], Request]] = {
    'absent': lambda _, folder: {'model': str(folder / 'nothing')},
    'hub': lambda *_: {'model': 'facebook/no-such-model-here'},
    'timm': lambda *_: {'model': 'timm:no_such_net'},
    'pickled': _pickled,
    'no-weights': _without('model.safetensors'),
    'no-config': _without('config.json'),
    'no-processor': _without('preprocessor_config.json'),
    'no-tokenizer': _without('tokenizer.json', 'clip'),
    'text-model': _text_model,
    'half-the-weights': _half_the_weights,
    'own-code': _own_code,
    'broken-weights': _broken_weights,
    'padding': _padding_processor,
    'no-class-token': lambda models, _: {'model': str(models / 'resnet'), 'pooling': 'cls'},
    'no-calibration': lambda models, _: {'model': str(models / 'resnet'), 'precision': 'int8'},
    'too-loud': _loud,
}
