# SPDX-License-Identifier: Apache-2.0
"""From a torch module to one ONNX file, by torch's dynamo exporter alone: every family goes the same way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from waymark.errors import ModelError
from waymark.exporting.quiet import quietly

_MOST_BYTES = 2**31 - 2**20  # of one protobuf file


def write_onnx(
    module: Any, example: Any, input_name: str, output_names: Sequence[str], path: Path, batch: int, opset: int
) -> None:
    """Trace a module and write it.

    Args:
        module: torch module of one tensor to a tuple of tensors.
        example: Input for one image or text, with a leading axis of 1.
        input_name: Name of the input.
        output_names: Names of the outputs.
        path: File to write.
        batch: Fixed size of the leading axis; 0: free.
        opset: Version of the ONNX operators.

    Raises:
        ModelError: torch can't trace it, or it is too big for one file.
    """
    import torch

    size = sum(t.numel() * t.element_size() for t in module.state_dict().values())
    if size > _MOST_BYTES:
        raise ModelError(
            f'{path.name}: {size / 2**30:.1f} GiB of weights do not fit into one ONNX file (2 GiB). Use fp16.'
        )
    # A leading axis of 1 would be taken for a constant, so a free one is traced with 2.
    inputs = torch.cat([example] * (batch or 2))
    shapes = None if batch else ({0: torch.export.Dim('batch')},)
    try:
        with quietly(), torch.no_grad():
            torch.onnx.export(
                module,
                (inputs,),
                str(path),
                dynamo=True,
                input_names=[input_name],
                output_names=list(output_names),
                dynamic_shapes=shapes,
                opset_version=opset,
                external_data=False,
                optimize=True,
                verbose=False,
            )
    except Exception as error:  # the exporter raises what its passes raise
        reason = ' '.join(str(error.__cause__ or error).split())[:200]
        raise ModelError(f'{path.name}: torch can not export this model: {reason}. Try a fixed --batch 1.') from error
    _forget_sources(path)


def half_module(module: Any) -> Any:
    """Compute in fp16 inside, with fp32 in and out; changes the module's weights in place."""
    import torch

    class Half(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = module.half()

        def forward(self, pixel_values: Any) -> tuple[Any, ...]:
            return tuple(output.float() for output in self.inner(pixel_values.half()))

    return Half().eval()


def _forget_sources(path: Path) -> None:
    """Remove what the exporter notes on each node: lines and paths of this machine, half of a small file.

    Shapes inside go too: runtimes infer them, and quantisers trip over those of weights that they turn round.
    """
    import onnx

    model = onnx.load(str(path))
    graph = model.graph
    del graph.value_info[:]
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        part.ClearField('metadata_props')
        part.ClearField('doc_string')
    onnx.save(model, str(path))
