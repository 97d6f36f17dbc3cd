# SPDX-License-Identifier: Apache-2.0
"""A model as its author published it: a local folder or a Hugging Face id. Safetensors only, no code of others."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waymark.errors import ModelError

_PICKLES = ('*.bin', '*.pt', '*.pth', '*.ckpt')


@dataclass(frozen=True)
class Checkpoint:
    """Where a model's files are.

    Attributes:
        source: As the user named it.
        config: transformers' configuration object.
    """

    source: str
    config: Any

    @property
    def family(self) -> str:
        """Type of the model as transformers names it ('dinov2')."""
        return str(self.config.model_type)

    @property
    def origin(self) -> str:
        """What a manifest says about where it came from: hub id and revision, or the folder's name."""
        revision = getattr(self.config, '_commit_hash', None)
        if Path(self.source).is_dir():
            return f'folder {self.short_name}'
        return f'{self.source}@{revision}' if revision else self.source

    @property
    def short_name(self) -> str:
        """Last part of its name."""
        return Path(self.source).resolve().name or 'model'

    def file(self, name: str) -> Path | None:
        """Path of one of its files, or None where it has none of that name."""
        local = Path(self.source)
        if local.is_dir():
            return local / name if (local / name).is_file() else None
        from transformers.utils import cached_file

        found = cached_file(
            self.source,
            name,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        return None if found is None else Path(found)

    def weight_files(self) -> list[Path]:
        """Its safetensors files, all shards."""
        index = self.file('model.safetensors.index.json')
        names = ['model.safetensors']
        if index is not None:
            names = sorted(set(json.loads(index.read_text(encoding='utf-8'))['weight_map'].values()))
        return [path for path in map(self.file, names) if path is not None]

    def licence(self) -> str:
        """SPDX identifier from the model card, else 'unknown'."""
        card = self.file('README.md')
        return 'unknown' if card is None else card_licence(card.read_text(encoding='utf-8', errors='replace'))


def open_checkpoint(source: str) -> Checkpoint:
    """Find a model and read its configuration.

    Args:
        source: Local folder or Hugging Face id.

    Raises:
        ModelError: There is no such model, it has no configuration that transformers knows without foreign code, or
            its weights are pickled only.
    """
    folder = Path(source)
    if folder.is_file():
        raise ModelError(f'model {source!r} is a file. Give the folder that holds config.json and model.safetensors.')
    if folder.is_dir():
        _require_safetensors(folder)
    elif source.startswith(('.', '/', '~')) or source.count('/') > 1:
        raise ModelError(f'model {source!r}: there is no such folder. Give a folder, or a Hugging Face id.')
    from transformers import AutoConfig

    with said_plainly(f'model {source!r}'):
        return Checkpoint(source, AutoConfig.from_pretrained(source, trust_remote_code=False))


def _require_safetensors(folder: Path) -> None:
    if not (folder / 'config.json').is_file():
        raise ModelError(f'model {str(folder)!r} has no config.json. Give the folder that save_pretrained wrote.')
    if any(folder.glob('*.safetensors')):
        return
    pickled = sorted(p.name for pattern in _PICKLES for p in folder.glob(pattern))
    if pickled:
        raise ModelError(
            f'model {str(folder)!r} has only pickled weights ({pickled[0]}), which can run any code when they are '
            'read. Get its safetensors, or save it again with save_pretrained where you trust it.'
        )
    raise ModelError(f'model {str(folder)!r} has no weights: model.safetensors is missing.')


@contextlib.contextmanager
def said_plainly(what: str) -> Iterator[None]:
    """Turn what transformers and its hub raise into one ModelError."""
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        text = ' '.join(str(error).split())
        if 'trust_remote_code' in text:
            text = 'it needs code of its own, which is never run'
        if 'offline' in text.lower() or 'connect' in text.lower() or 'is not a local folder' in text:
            text = 'no such folder here, and the hub did not answer or does not have it'
        raise ModelError(f'{what} can not be loaded: {text[:240].rstrip(".")}. Check name, files and network.') from error


def load_weights(model_class: Any, checkpoint: Checkpoint, **settings: Any) -> tuple[Any, set[str]]:
    """Load a model in fp32 from safetensors, ready for inference.

    Returns:
        The model, and the names of parameters that the file lacks (they are random!).

    Raises:
        ModelError: The weights can't be loaded.
    """
    import torch

    with said_plainly(f'model {checkpoint.source!r}'):
        model, info = model_class.from_pretrained(
            checkpoint.source,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=torch.float32,
            **settings,
        )
    return model.eval().requires_grad_(False), set(info['missing_keys'])


def weights_sha256(tensors: Iterable[tuple[str, Any]]) -> str:
    """Hash tensors (name, torch tensor) by name, dtype, shape and bytes, in order of their names."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(tensors, key=lambda item: item[0]):
        digest.update(f'{name} {str(tensor.dtype).removeprefix("torch.")} {tuple(tensor.shape)}\n'.encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b'')
    return digest.hexdigest()


def file_tensors(files: Iterable[Path]) -> Iterator[tuple[str, Any]]:
    """Tensors of safetensors files, one by one."""
    from safetensors import safe_open

    for file in files:
        with safe_open(str(file), framework='pt') as opened:
            yield from ((name, opened.get_tensor(name)) for name in opened.keys())  # noqa: SIM118 - no mapping


def card_licence(card: str) -> str:
    """Read `license:` in the front matter of a model card; 'unknown' where there is none."""
    import yaml

    parts = card.split('---\n', 2)
    if len(parts) < 3 or parts[0].strip():
        return 'unknown'
    try:
        front = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return 'unknown'
    licence = front.get('license') if isinstance(front, dict) else None
    named = front.get('license_name') if licence == 'other' else licence
    return str(named) if isinstance(named, str) and named else 'unknown'


def prepare_libraries() -> None:
    """Keep pickles and telemetry off, and libraries from talking over the progress line. Call before their import."""
    os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'
    os.environ.setdefault('HF_HUB_DISABLE_TELEMETRY', '1')
    # OpenVINO's converter and NNCF report to their maker unless this can't be imported; no variable turns it off.
    sys.modules.setdefault('openvino_telemetry', None)  # type: ignore[arg-type]
    os.environ.setdefault('DISABLE_SAFETENSORS_CONVERSION', '1')  # nobody else's server converts pickles for us
    os.environ.setdefault('HF_HUB_DISABLE_PROGRESS_BARS', '1')
    warnings.filterwarnings('ignore')
    for name in ('transformers', 'torch.onnx', 'onnxscript', 'onnx_ir', 'nncf', 'huggingface_hub', 'timm'):
        logging.getLogger(name).setLevel(logging.ERROR)
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
