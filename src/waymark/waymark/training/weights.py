# SPDX-License-Identifier: Apache-2.0
"""A taught network as an ONNX file and back: the initializers of the file are the weights, there is no second copy."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waymark.errors import ModelError
from waymark.training.layout import PlaceNetLayout
from waymark.training.network import build_network

if TYPE_CHECKING:
    from torch import nn

LAYOUT_KEY = 'waymark_layout'
INPUT, VECTOR, TOKENS = 'image', 'embedding', 'tokens'
_OPSET = 17  # what rknn-toolkit2 takes


def folded(network: nn.Module, layout: PlaceNetLayout) -> nn.Module:
    """Return the network without batch normalisation that computes the same in evaluation mode."""
    return fold_into(build_network(layout, normalised=False), network)


def fold_into(plain: nn.Module, network: nn.Module) -> nn.Module:
    """Give a network without batch normalisation the weights with which it computes what one with it does."""
    from torch import nn
    from torch.nn.utils import fusion

    source = network.eval()
    targets = dict(plain.named_modules())
    state = {k: v for k, v in source.state_dict().items() if k in plain.state_dict()}
    plain.load_state_dict(state, strict=False)
    for name, module in source.named_modules():
        if isinstance(module, nn.Sequential) and len(module) == 2 and isinstance(module[1], nn.BatchNorm2d):
            targets[f'{name}.0'].load_state_dict(fusion.fuse_conv_bn_eval(module[0], module[1]).state_dict())
    return plain.eval()


def write_network(network: nn.Module, layout: PlaceNetLayout, path: Path) -> None:
    """Write a network without batch normalisation as ONNX, one image at a time; its layout goes into the metadata."""
    export_onnx(network, layout.input_wh, (VECTOR, TOKENS), {LAYOUT_KEY: json.dumps(dataclasses.asdict(layout))}, path)


def export_onnx(
    network: nn.Module, input_wh: tuple[int, int], outputs: Sequence[str], metadata: Mapping[str, str], path: Path
) -> None:
    """Write a network as ONNX, one RGB image at a time, with the weights' own names and with metadata."""
    import onnx
    import torch

    image = torch.zeros(1, 3, input_wh[1], input_wh[0])
    with warnings.catch_warnings():
        # The exporter by tracing keeps the weights' names; its successor writes opsets that NPU tools don't take.
        warnings.simplefilter('ignore')
        torch.onnx.export(
            network.eval(),
            (image,),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=[INPUT],
            output_names=list(outputs),
        )
    model = onnx.load(str(path))
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, str(path))


def read_network(path: Path) -> tuple[nn.Module, PlaceNetLayout]:
    """Read back what `write_network` wrote, ready to be taught further.

    Raises:
        ModelError: It is another kind of model.
    """
    import onnx

    model = onnx.load(str(path))
    layouts = [p.value for p in model.metadata_props if p.key == LAYOUT_KEY]
    if not layouts:
        raise ModelError(
            f'model {str(path)!r} is not a Waymark place encoder: it can be a --teacher, not adapted itself.'
        )
    layout = _layout(json.loads(layouts[0]))
    return with_weights(build_network(layout, normalised=False), model, path), layout


def with_weights(network: nn.Module, model: Any, path: Path) -> nn.Module:
    """Give a network the initializers of an ONNX model; ready to be used.

    Raises:
        ModelError: The model at `path` lacks some, or they have other shapes.
    """
    import torch
    from onnx import numpy_helper

    state = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in model.graph.initializer}
    wanted = network.state_dict()
    missing = sorted(name for name in wanted if name not in state or state[name].shape != wanted[name].shape)
    if missing:
        raise ModelError(f'model {str(path)!r} lacks weights ({missing[0]} ...): it was optimised. Adapt the original.')
    network.load_state_dict({name: state[name] for name in wanted})
    return network.eval()


def _layout(values: dict[str, Any]) -> PlaceNetLayout:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return PlaceNetLayout(**fields)
