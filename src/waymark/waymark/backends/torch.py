# SPDX-License-Identifier: Apache-2.0
"""PyTorch, by way of transformers: the reference that exports are held against. Weights come as safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.arrays import first_line
from waymark.backends.base import BackendOptions, Shape, require_inputs
from waymark.backends.files import model_parts, read_model
from waymark.errors import BackendUnavailable, ModelError

_INPUT = 'pixel_values'
# The image's own vector first: the one that shares its space with texts, then the pooled one.
_ORDER = ('image_embeds', 'pooler_output', 'last_hidden_state')
_TYPES = {'fp32': 'float32', 'fp16': 'float16', 'bf16': 'bfloat16', 'int8': 'float32'}


class TorchBackend:
    """A folder's config.json and model.safetensors; the path is the .safetensors. `device` is cpu, cuda or cuda:1."""

    name = 'torch'

    def __init__(self, path: Path, options: BackendOptions) -> None:
        self.require(options)
        torch = _library()
        self._path, self._torch, self._device = path, torch, options.device
        _require_files(path)
        if options.threads:
            torch.set_num_threads(options.threads)
        self._type = getattr(torch, _TYPES[options.precision])
        self._model, self._dropped = _load(path, self._type, options.device)
        self.input_shapes: Mapping[str, Shape] = {_INPUT: _input_shape(self._model.config)}
        shape = [s or 1 if i == 0 else s or 224 for i, s in enumerate(self.input_shapes[_INPUT])]
        self.output_names = tuple(self._outputs(np.zeros(shape, np.float32)))

    @classmethod
    def require(cls, options: BackendOptions) -> None:
        """Refuse a missing torch or transformers, then a missing device (see Backend)."""
        _require_device(_library(), options.device)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once (see Backend)."""
        require_inputs(self.input_shapes, inputs)
        return self._outputs(inputs[_INPUT])

    def _outputs(self, images: NDArray[Any]) -> dict[str, NDArray[Any]]:
        torch = self._torch
        tensor = torch.from_numpy(np.array(images, np.float32)).to(self._device, self._type)
        try:
            with torch.inference_mode():
                found = _forward(self._model, tensor)
        except Exception as error:
            raise ModelError(f'model {str(self._path)!r} failed in torch: {first_line(error)}') from error
        tensors = {n: v for n, v in found.items() if torch.is_tensor(v) and n not in self._dropped}
        names = sorted(tensors, key=lambda n: (_ORDER.index(n) if n in _ORDER else len(_ORDER), n))
        return {n: tensors[n].float().cpu().numpy() for n in names}


def _library() -> Any:
    try:
        import torch
        import transformers  # noqa: F401 - asked for here, so that it is missed before any file is read
    except ImportError as error:
        raise BackendUnavailable(
            f'backend torch is unavailable: {error}. Run make models and start from that environment, '
            'or export the model and set backend: onnx.'
        ) from error
    return torch


def _require_device(torch: Any, device: str) -> None:
    kind, _, number = device.partition(':')
    has_it = device == 'cpu' or (
        kind == 'cuda' and torch.cuda.is_available() and int(number or 0) < torch.cuda.device_count()
    )
    if not has_it:
        offered = 'cpu, cuda' if torch.cuda.is_available() else 'cpu'
        raise BackendUnavailable(
            f'backend torch has no device {device!r}: this torch offers {offered}. Set device: cpu.'
        )


def _require_files(path: Path) -> None:
    for part in model_parts(path):
        read_model(part)
    if path.name != 'model.safetensors':  # the one name that transformers looks for
        raise ModelError(f'model {str(path)!r} is not a model.safetensors beside its config.json. Save it as that.')


def _load(path: Path, dtype: Any, device: str) -> tuple[Any, frozenset[str]]:
    """The model, and the outputs that its weights say nothing about."""
    from transformers import AutoModel
    from transformers.utils import logging as transformers_log

    transformers_log.set_verbosity_error()  # what matters comes back as errors; keep stderr clean
    transformers_log.disable_progress_bar()
    try:
        model, report = AutoModel.from_pretrained(
            str(path.parent), dtype=dtype, use_safetensors=True, local_files_only=True,
            trust_remote_code=False, output_loading_info=True,
        )  # fmt: skip
    except Exception as error:
        raise ModelError(
            f'model {str(path)!r} is not one that this transformers loads: {first_line(error)}. '
            'Give the model.safetensors beside its config.json.'
        ) from error
    # transformers fills what is missing with random numbers. Many checkpoints come without the last pooling layer.
    missing = sorted(report['missing_keys'])
    wrong = [k for k in missing if '.pooler.' not in f'.{k}']
    if wrong:
        raise ModelError(f'model {str(path)!r} lacks {len(wrong)} weights ({wrong[0]}, ...). Copy it again.')
    return model.to(device).eval(), frozenset({'pooler_output'} if missing else ())


def _forward(model: Any, tensor: Any) -> dict[str, Any]:
    if not hasattr(model, 'get_image_features'):
        return dict(model(tensor).items())
    features = model.get_image_features(pixel_values=tensor)
    # A tensor before transformers 5, after it an output whose pooled vector is that tensor.
    return {'image_embeds': getattr(features, 'pooler_output', features)}


def _input_shape(config: Any) -> Shape:
    """(any, channels, h, w) from the image tower's configuration."""
    vision = getattr(config, 'vision_config', config)
    size = getattr(vision, 'image_size', None)
    rows, columns = size if isinstance(size, list | tuple) else (size, size)
    return (None, getattr(vision, 'num_channels', 3), rows, columns)
