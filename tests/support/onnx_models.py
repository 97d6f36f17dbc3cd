# SPDX-License-Identifier: Apache-2.0
"""Small ONNX models with weights that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

TYPES = {'fp32': TensorProto.FLOAT, 'fp16': TensorProto.FLOAT16, 'bf16': TensorProto.BFLOAT16}
WEIGHTS = np.random.default_rng(7).normal(size=(48, 32)).astype(np.float32)


def tensor(name: str, values: np.ndarray, kind: str = 'fp32') -> onnx.TensorProto:
    """An initializer with raw bytes, as exporters write them."""
    if kind == 'bf16':  # the upper half of a float32
        raw = (values.astype('<f4').view('<u4') >> 16).astype('<u2').tobytes()
    else:
        raw = values.astype('<f2' if kind == 'fp16' else '<f4').tobytes()
    return helper.make_tensor(name, TYPES[kind], values.shape, raw, raw=True)


def make(nodes: list, inputs: list, outputs: list, weights: list = (), opset: int = 17) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, 'g', inputs, outputs, list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=9)


def info(name: str, shape: list, kind: str = 'fp32') -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TYPES[kind], shape)


def projection(path: Path, kind: str = 'fp32', batch: int | str = 1, outside: str = '') -> Path:
    """images (batch, 3, 4, 4) -> vector (batch, 32) = flattened images @ WEIGHTS, weights and edges of type `kind`.

    `outside` keeps the weights in that file, as the model names it.
    """
    weights = tensor('w', WEIGHTS, kind)
    if outside:
        raw, weights.data_location = weights.raw_data, TensorProto.EXTERNAL
        weights.ClearField('raw_data')
        for key, value in (('location', outside), ('offset', '0'), ('length', str(len(raw)))):
            weights.external_data.add(key=key, value=value)
    nodes = [helper.make_node('Flatten', ['images'], ['flat']), helper.make_node('MatMul', ['flat', 'w'], ['vector'])]
    model = make(nodes, [info('images', [batch, 3, 4, 4], kind)], [info('vector', [batch, 32], kind)], [weights])
    path.write_bytes(model.SerializeToString())
    return path


def quantised(path: Path) -> Path:
    """`projection` with int8 weights inside (QDQ form), float32 outside."""
    scale = float(np.abs(WEIGHTS).max() / 127)
    whole = np.round(WEIGHTS / scale).astype(np.int8)
    weights = [
        helper.make_tensor('w8', TensorProto.INT8, whole.shape, whole.tobytes(), raw=True),
        helper.make_tensor('scale', TensorProto.FLOAT, [], [scale]),
        helper.make_tensor('zero', TensorProto.INT8, [], [0]),
    ]
    nodes = [
        helper.make_node('DequantizeLinear', ['w8', 'scale', 'zero'], ['w']),
        helper.make_node('Flatten', ['images'], ['flat']),
        helper.make_node('MatMul', ['flat', 'w'], ['vector']),
    ]
    model = make(nodes, [info('images', [1, 3, 4, 4])], [info('vector', [1, 32])], weights)
    path.write_bytes(model.SerializeToString())
    return path
