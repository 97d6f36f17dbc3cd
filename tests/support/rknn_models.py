# SPDX-License-Identifier: Apache-2.0
"""Small models for NPUs, and model folders of them with references from ONNX Runtime in fp32."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from waymark.backends import load_backend
from waymark.encoding.manifest import MANIFEST_NAME, file_sha256, write_manifest
from waymark.exporting.references import reference_images
from waymark.image.preprocess import to_tensor
from waymark.types import ModelManifest, ReferencePair

SIZE_WH = (128, 96)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Network:
    """Nodes and weights, drawn from one seed."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.rng = np.random.default_rng(0)

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(self, name: str, shape: tuple[int, ...]) -> str:
        values = self.rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def conv(self, source: str, output: str, channels: tuple[int, int], kernel: int, stride: int = 1, group: int = 1):
        """Convolution without an activation; channels are (in, out)."""
        name = self.weight(f'{output}.w', (channels[1], channels[0] // group, kernel, kernel))
        pads = [kernel // 2] * 4
        return self.node(
            'Conv', [source, name], output, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads, group=group
        )

    def save(self, path: Path, shape: list[int | str], outputs: dict[str, list[int | str]], opset: int = 17) -> Path:
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            'network',
            [info('images', TensorProto.FLOAT, shape)],
            [info(name, TensorProto.FLOAT, s) for name, s in outputs.items()],
            self.weights,
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8), path)
        return path


def write_cnn(path: Path, batch: int | str = 1) -> Path:
    """Depthwise separable convolutions with residuals; mean and a 2 x 1 grid of cells, concatenated, to 64 numbers."""
    net = Network()
    x = net.node('Relu', [net.conv('images', 'stem', (3, 16), 3, stride=2)], 'stem.r')
    channels = 16
    for index, (wider, stride) in enumerate([(32, 2), (32, 1), (64, 2), (64, 1)]):
        deep = net.conv(x, f'd{index}', (channels, channels), 3, stride, group=channels)
        wide = net.conv(net.node('Relu', [deep], f'd{index}.r'), f'p{index}', (channels, wider), 1)
        x = net.node('Add', [wide, x], f'x{index}') if stride == 1 else net.node('Relu', [wide], f'x{index}')
        channels = wider
    mean = net.node('Flatten', [net.node('GlobalAveragePool', [x], 'mean4')], 'mean')
    cells = net.node('AveragePool', [net.conv(x, 'q', (channels, 8), 1)], 'cells', kernel_shape=[6, 8], strides=[6, 8])
    both = net.node('Concat', [mean, net.node('Flatten', [cells], 'grid')], 'both', axis=1)
    net.node('Gemm', [both, net.weight('fc', (64, channels + 8 * 4))], 'embedding', transB=1)
    return net.save(path, [batch, 3, SIZE_WH[1], SIZE_WH[0]], {'embedding': [batch, 64]})


def write_means(path: Path, channels: int = 3) -> Path:
    """A model that gives the mean of each channel of what reaches it."""
    net = Network()
    net.node('Flatten', [net.node('GlobalAveragePool', ['images'], 'pooled')], 'embedding')
    return net.save(path, [1, channels, SIZE_WH[1], SIZE_WH[0]], {'embedding': [1, channels]})


def write_pooled_tokens(path: Path) -> Path:
    """The mean of a (1, 32, 2, 2) map before its four places, normalised, as DINOv3's ConvNeXt has it."""
    net = Network()

    def constant(name: str, values: object) -> str:
        net.weights.append(numpy_helper.from_array(np.array(values), name))
        return name

    mean = net.node('ReduceMean', ['images', constant('axes', [-1, -2])], 'mean', keepdims=1)
    parts = []
    for name, source, count in (('first', mean, 1), ('places', 'images', 4)):
        flat = net.node('Reshape', [source, constant(f'{name}.shape', [1, 32, count])], f'{name}.flat')
        parts.append(net.node('Transpose', [flat], name, perm=[0, 2, 1]))
    scales = [constant('scale', np.ones(32, np.float32)), constant('bias', np.zeros(32, np.float32))]
    tokens = [net.node('Concat', parts, 'tokens', axis=1), *scales]
    normalised = net.node('LayerNormalization', tokens, 'normalised', axis=-1, epsilon=1e-6)
    net.node('Gather', [normalised, constant('zero', 0)], 'embedding', axis=1)
    return net.save(path, [1, 32, 2, 2], {'embedding': [1, 32]}, opset=18)


def write_folder(folder: Path, model: Path, dim: int, **manifest: object) -> Path:
    """A model folder of an ONNX file in it, with three references; its manifest's path."""
    settings = {'input_wh': SIZE_WH, 'mean': MEAN, 'std': STD, 'output_dim': dim} | manifest
    described = ModelManifest('small', file_sha256(model), 'made by a test', 'Apache-2.0', **settings)
    backend = load_backend('onnx', model)
    pairs = []
    for index, rgb in enumerate(reference_images()):
        name = f'reference_{index}.png'
        cv2.imwrite(str(folder / name), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        output = backend.run({'images': to_tensor(rgb, described)})['embedding'][0]
        pairs.append(ReferencePair(name, tuple(map(float, output))))
    described = ModelManifest(**(vars(described) | {'references': tuple(pairs)}))
    write_manifest(described, model, folder / MANIFEST_NAME)
    return folder / MANIFEST_NAME


def write_calibration(folder: Path, count: int = 12) -> list[Path]:
    """Crops of the reference images."""
    folder.mkdir()
    rng, images = np.random.default_rng(5), reference_images()
    paths = []
    for index in range(count):
        y, x = rng.integers(0, (120, 160))
        crop = images[index % len(images)][y : y + 240, x : x + 320]
        paths.append(folder / f'{index}.png')
        cv2.imwrite(str(paths[-1]), cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
    return paths
