# SPDX-License-Identifier: Apache-2.0
"""A taught detector as an ONNX file and back: the initializers of the file are the weights."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waymark.errors import ModelError
from waymark.training.detector.layout import STRIDES, BoxNetLayout
from waymark.training.detector.network import build_network
from waymark.training.weights import export_onnx, fold_into, with_weights

if TYPE_CHECKING:
    from torch import nn

LAYOUT_KEY = 'waymark_box_net'
OUTPUTS = tuple(f'stride{s}' for s in STRIDES)


def folded(network: nn.Module, layout: BoxNetLayout) -> nn.Module:
    """Return the network without batch normalisation that computes the same in evaluation mode."""
    return fold_into(build_network(layout, normalised=False), network)


def write_network(network: nn.Module, layout: BoxNetLayout, path: Path) -> None:
    """Write a network without batch normalisation as ONNX; its layout goes into the metadata."""
    export_onnx(network, layout.input_wh, OUTPUTS, {LAYOUT_KEY: json.dumps(dataclasses.asdict(layout))}, path)


def read_network(path: Path) -> tuple[nn.Module, BoxNetLayout]:
    """Read back what `write_network` wrote, ready to be taught further.

    Raises:
        ModelError: It is another kind of model.
    """
    import onnx

    model = onnx.load(str(path))
    layouts = [p.value for p in model.metadata_props if p.key == LAYOUT_KEY]
    if not layouts:
        raise ModelError(f'model {str(path)!r} is not a Waymark detector: it can be used, not taught further.')
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(layouts[0]).items()}
    layout = BoxNetLayout(**fields)
    return with_weights(build_network(layout, normalised=False), model, path), layout
