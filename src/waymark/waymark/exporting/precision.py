# SPDX-License-Identifier: Apache-2.0
"""From an fp32 ONNX model to the format and precision asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ModelError
from waymark.exporting.quiet import quietly

Tensors = Sequence[NDArray[np.float32]]
_FEW_WEIGHTS = 256
# OpenVINO's names of operators whose results int8 spoils, or passes on spoilt; they cost little.
_INEXACT = ['Abs', 'Add', 'AvgPool', 'Concat', 'Divide', 'Multiply', 'ReduceMean', 'ReduceSum', 'Sqrt', 'Subtract']


def quantize_static(source: Path, target: Path, tensors: Tensors, input_name: str, for_tensorrt: bool = False) -> None:
    """Quantise weights and activations of an ONNX model to int8, ranges taken from calibration tensors.

    Args:
        source: fp32 model.
        target: File to write (QDQ nodes, which ONNX Runtime, TensorRT and OpenVINO understand).
        tensors: (1, C, h, w) each.
        input_name: The model's input.
        for_tensorrt: Activations around zero, as TensorRT wants them.

    Only convolutions and products with constant weights are quantised: there is the arithmetic, and roots, divisions
    and attention's softmax don't bear it.
    """
    from onnxruntime import quantization as q
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = target.with_suffix('.prepared.onnx')
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    _quietly(
        q.quantize_static,
        str(prepared),
        str(target),
        _Reader(tensors, input_name),
        quant_format=q.QuantFormat.QDQ,
        per_channel=True,
        op_types_to_quantize=['Conv', 'MatMul', 'Gemm'],
        nodes_to_exclude=_with_few_weights(prepared),
        activation_type=q.QuantType.QInt8 if for_tensorrt else q.QuantType.QUInt8,
        weight_type=q.QuantType.QInt8,
        calibrate_method=q.CalibrationMethod.MinMax,
        extra_options={'ActivationSymmetric': for_tensorrt, 'MatMulConstBOnly': True, 'WeightSymmetric': True},
    )
    prepared.unlink()


def quantize_dynamic(source: Path, target: Path) -> None:
    """Quantise the weights of matrix products to int8; activations get their range anew for each image."""
    from onnxruntime import quantization as q

    _quietly(
        q.quantize_dynamic,
        str(source),
        str(target),
        weight_type=q.QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=['MatMul', 'Gemm'],
        extra_options={'MatMulConstBOnly': True},
    )


def halve_onnx(model: Any) -> Any:
    """Turn an ONNX model's weights and arithmetic into fp16, with fp32 in and out.

    Raises:
        ModelError: It has operators that can't be.
    """
    from onnxconverter_common import float16

    for index, node in enumerate(model.graph.node):
        node.name = node.name or f'{node.op_type}_{index}'  # the converter tells its casts apart by these

    return _quietly(float16.convert_float_to_float16, model, keep_io_types=True)


def write_openvino(source: Path, target: Path, half: bool) -> None:
    """Write an ONNX model as OpenVINO's .xml and .bin; `half` keeps the weights in fp16."""
    import openvino

    openvino.save_model(openvino.convert_model(str(source)), str(target), compress_to_fp16=half)


def quantize_openvino(source: Path, target: Path, tensors: Tensors, is_transformer: bool) -> None:
    """Quantise an ONNX model to int8 with NNCF and write it as OpenVINO's .xml and .bin.

    Args:
        source: fp32 model.
        target: The .xml to write.
        tensors: (1, C, h, w) each, for calibration.
        is_transformer: NNCF then leaves attention's sensitive parts alone and smooths activations.
    """
    import nncf
    import openvino

    dataset = nncf.Dataset(list(tensors))
    kind = nncf.ModelType.TRANSFORMER if is_transformer else None
    model: Any = _quietly(
        nncf.quantize,
        openvino.convert_model(str(source)),
        dataset,
        model_type=kind,
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(_with_few_weights(source), types=_INEXACT, validate=False),
        subset_size=len(tensors),
        fast_bias_correction=True,
    )
    openvino.save_model(model, str(target), compress_to_fp16=False)


def _with_few_weights(path: Path) -> list[str]:
    """Name the convolutions and products that have next to no weights: fixed filters and the like.

    They cost next to nothing, what they give (differences of neighbours) is small, and roots of it magnify each error.
    """
    import onnx

    graph = onnx.load(str(path)).graph
    sizes = {w.name: int(np.prod(w.dims)) for w in graph.initializer}
    kinds = ('Conv', 'MatMul', 'Gemm')
    return [n.name for n in graph.node if n.op_type in kinds and 0 < sizes.get(n.input[1], 0) < _FEW_WEIGHTS]


class _Reader:
    """What ONNX Runtime's calibration takes its inputs from."""

    def __init__(self, tensors: Tensors, input_name: str) -> None:
        self._inputs = iter([{input_name: t} for t in tensors])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._inputs, None)


def _quietly(function: Any, *arguments: Any, **settings: Any) -> Any:
    """Call a converter without its chatter; whatever it raises becomes a ModelError."""
    try:
        with quietly():
            return function(*arguments, **settings)
    except Exception as error:
        text = ' '.join(str(error).split())[:200]
        raise ModelError(f'this model can not be converted: {text}. Use another precision.') from error
