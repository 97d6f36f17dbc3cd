# SPDX-License-Identifier: Apache-2.0
"""Model folders written on the spot: tiny ONNX models whose answers are known exactly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from waymark.encoding.manifest import file_sha256, write_manifest
from waymark.types import ModelManifest, TextTower

WORDS = {'[pad]': 0, '[start]': 1, '[end]': 2, '[unk]': 3, 'red': 4, 'green': 5, 'blue': 6, 'a': 7, 'thing': 8}
COLOURS = np.zeros((len(WORDS), 3), np.float32)
COLOURS[4:7] = np.eye(3)
LENGTH = 6  # tokens that the tiny text tower takes


def means_model(folder: Path, name: str = 'means', matmuls: int = 0, **fields: object) -> Path:
    """A model folder whose vector is the mean of R, G and B (0..1), and whose tokens are those of a 2 x 2 grid.

    Args:
        folder: Made when it is not there.
        name: In the manifest.
        matmuls: Products of 700 x 700 matrices on the way, to make it slow (about 7 ms each on one idle core).
        fields: Of the manifest, instead of the defaults.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images = helper.make_tensor_value_info('images', TensorProto.FLOAT, [1, 3, 4, 4])
    outputs = [
        helper.make_tensor_value_info('means', TensorProto.FLOAT, [1, 3, 1, 1]),
        helper.make_tensor_value_info('grid', TensorProto.FLOAT, [1, 3, 2, 2]),
    ]
    nodes = [
        helper.make_node('AveragePool', ['images'], ['grid'], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node('GlobalAveragePool', ['images'], ['pooled']),
    ]
    nodes += _slow(matmuls) + [helper.make_node('Add', ['pooled', 'nothing'], ['means'])]
    constants = [('side', np.array([700, 700])), ('share', np.float32(1 / 700)), ('zero', np.float32(0))]
    model = _save(nodes, [images], outputs, [numpy_helper.from_array(np.asarray(v), n) for n, v in constants],
                  folder / 'model.onnx')  # fmt: skip
    described = {'pooling': 'mean', 'output_dim': 3, 'tokens_output': 'grid', 'tokens_grid_hw': (2, 2), **fields}
    manifest = ModelManifest(name, file_sha256(model), 'made here', 'Apache-2.0', (4, 4), **described)
    write_manifest(manifest, model, folder / 'manifest.json')
    return folder


def colour_model(folder: Path, with_mask: bool = True, batch: str | int = 'batch', **tower: object) -> Path:
    """As `means_model`, with a text tower: the sum of the colours that a text names."""
    folder.mkdir(parents=True, exist_ok=True)
    model = text_tower(folder / 'text.onnx', with_mask, batch)
    write_tokenizer(folder / 'tokenizer.json')
    inputs = ('input_ids', 'attention_mask') if with_mask else ('input_ids',)
    described = {'max_length': LENGTH, 'pad_id': 0, 'inputs': inputs, **tower}
    return means_model(folder, 'colours', text=TextTower(model.name, file_sha256(model), **described))


def text_tower(path: Path, with_mask: bool, batch: str | int) -> Path:
    """Sum of COLOURS of the tokens that are not padding, or of all of them."""
    names = ['input_ids', 'attention_mask'] if with_mask else ['input_ids']
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, [batch, LENGTH]) for n in names]
    nodes = [helper.make_node('Gather', ['colours', 'input_ids'], ['tokens'])]
    if with_mask:
        nodes += [
            helper.make_node('Cast', ['attention_mask'], ['mask'], to=TensorProto.FLOAT),
            helper.make_node('Unsqueeze', ['mask', 'last'], ['weights']),
            helper.make_node('Mul', ['tokens', 'weights'], ['kept']),
        ]
    nodes.append(helper.make_node('ReduceSum', ['kept' if with_mask else 'tokens', 'second'], ['sums'], keepdims=0))
    constants = [('colours', COLOURS), ('last', np.array([-1])), ('second', np.array([1]))]
    outputs = [helper.make_tensor_value_info('sums', TensorProto.FLOAT, [batch, 3])]
    return _save(nodes, inputs, outputs, [numpy_helper.from_array(v, n) for n, v in constants], path)


def write_tokenizer(path: Path) -> None:
    """One token per word of WORDS, lower case, between a start and an end; with a padding of its own, to be ignored."""
    special = [{'id': i, 'content': w, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False,
                'special': True} for w, i in WORDS.items() if w[0] == '[']  # fmt: skip
    ends = [{'SpecialToken': {'id': w, 'type_id': 0}} for w in ('[start]', '[end]')]
    sequence = {'Sequence': {'id': 'A', 'type_id': 0}}
    described = {
        'version': '1.0',
        'truncation': None,
        'padding': {
            'strategy': {'Fixed': 3},
            'direction': 'Right',
            'pad_to_multiple_of': None,
            'pad_id': 3,
            'pad_type_id': 0,
            'pad_token': '[unk]',
        },  # fmt: skip
        'added_tokens': special,
        'normalizer': {'type': 'Lowercase'},
        'pre_tokenizer': {'type': 'Whitespace'},
        'post_processor': {
            'type': 'TemplateProcessing',
            'single': [ends[0], sequence, ends[1]],
            'pair': [sequence, {'Sequence': {'id': 'B', 'type_id': 0}}],
            'special_tokens': {w: {'id': w, 'ids': [WORDS[w]], 'tokens': [w]} for w in ('[start]', '[end]')},
        },
        'decoder': None,
        'model': {'type': 'WordLevel', 'vocab': WORDS, 'unk_token': '[unk]'},
    }
    path.write_text(json.dumps(described))


def _slow(matmuls: int) -> list[onnx.NodeProto]:
    """Work that depends on the image, takes long and adds nothing."""
    nodes = [
        helper.make_node('ReduceMean', ['images'], ['mean'], keepdims=0),
        helper.make_node('Mul', ['mean', 'share'], ['shared']),
        helper.make_node('Expand', ['shared', 'side'], ['product0']),
    ]
    for i in range(matmuls):
        nodes.append(helper.make_node('MatMul', [f'product{i}', 'product0'], [f'product{i + 1}']))
    nodes.append(helper.make_node('ReduceMean', [f'product{matmuls}'], ['left'], keepdims=0))
    return [*nodes, helper.make_node('Mul', ['left', 'zero'], ['nothing'])]


def _save(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: list[onnx.TensorProto],
    path: Path,
) -> Path:
    graph = helper.make_graph(nodes, 'tiny', inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8), path)
    return path
