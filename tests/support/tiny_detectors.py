# SPDX-License-Identifier: Apache-2.0
"""ONNX detectors that answer the same boxes for every image: what they answer is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from waymark.manifest import file_sha256, write_manifest
from waymark.types import ModelManifest


def constant_model(
    path: Path,
    outputs: Mapping[str, NDArray[np.float32]],
    input_shape: tuple[int | str, ...] = (1, 3, 64, 64),
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a model whose outputs are the given arrays, plus nothing (the image's mean times zero)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nodes = [
        helper.make_node('ReduceMean', ['images'], ['mean'], keepdims=0),
        helper.make_node('Mul', ['mean', 'zero'], ['nothing']),
    ]
    constants = [numpy_helper.from_array(np.float32(0), 'zero')]
    declared = []
    for name, value in outputs.items():
        constants.append(numpy_helper.from_array(np.asarray(value, np.float32), f'{name}_value'))
        nodes.append(helper.make_node('Add', [f'{name}_value', 'nothing'], [name]))
        declared.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, np.shape(value)))
    images = helper.make_tensor_value_info('images', TensorProto.FLOAT, input_shape)
    graph = helper.make_graph(nodes, 'constant', [images], declared, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, str(path))
    return path


def model_folder(folder: Path, outputs: Mapping[str, NDArray[np.float32]], **fields: object) -> Path:
    """Such a model with a manifest; `fields` are the manifest's."""
    size = fields.get('input_wh', (64, 64))
    model = constant_model(folder / 'model.onnx', outputs, (1, 3, size[1], size[0]))
    described = {'input_wh': (64, 64), 'resize': 'letterbox', 'class_names': ('car', 'ship'), **fields}
    manifest = ModelManifest('constant', file_sha256(model), 'made here', 'Apache-2.0', **described)
    write_manifest(manifest, model, folder / 'manifest.json')
    return folder


def yolo_table(rows: NDArray[np.float64], class_count: int = 2, is_oriented: bool = True) -> NDArray[np.float32]:
    """(1, 4 + C [+ 1], N) from rows cx, cy, w, h, theta, score, class."""
    rows = np.asarray(rows, np.float64).reshape(-1, 7)
    scores = np.zeros((len(rows), class_count))
    scores[np.arange(len(rows)), rows[:, 6].astype(int)] = rows[:, 5]
    columns = [rows[:, :4], scores] + ([rows[:, 4:5]] if is_oriented else [])
    return np.concatenate(columns, axis=1).T[None].astype(np.float32)
