# SPDX-License-Identifier: Apache-2.0
"""A detector as an ONNX file that truly looks: it finds one red, one green and one blue rectangle by their moments.

A uniform rectangle of sides w, h has variances w^2 / 12, h^2 / 12 along its axes (in pixels: less 1 / 12); its angle is
atan2(2 c_xy, c_xx - c_yy) / 2. An image that is white all over makes its numbers NaN, as a broken network's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAMES = ('red', 'green', 'blue')
METADATA = {'task': 'obb', 'names': str(dict(enumerate(NAMES))), 'version': '8.4'}


class _Graph:
    """Writes operators one after another."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object) -> str:
        name = f'c{len(self.constants)}'
        array = np.asarray(value)
        self.constants.append(numpy_helper.from_array(array if array.dtype == np.int64 else array.astype('f4'), name))
        return name

    def __call__(self, operator: str, *inputs: object, name: str = '', **attributes: object) -> str:
        names = [v if isinstance(v, str) else self.constant(v) for v in inputs]
        name = name or f'n{len(self.nodes)}'
        self.nodes.append(helper.make_node(operator, names, [name], **attributes))
        return name


def rectangle_finder(path: Path, size_wh: tuple[int, int] = (320, 240), gain: float = 0.0) -> Path:
    """Write the model: raw outputs (1, 4 + 3 + 1, 3) of an oriented YOLO, as ultralytics describes it.

    Args:
        path: The .onnx file.
        size_wh: Of its input, px.
        gain: Above 0, two convolutions in front, for quantisers: one divides by it, the other multiplies.
    """
    width, height = size_wh
    g = _Graph()
    axes = np.array([2, 3])
    pixels = (np.arange(width) + 0.5 - width / 2).reshape(1, 1, 1, -1)
    rows = (np.arange(height) + 0.5 - height / 2).reshape(1, 1, -1, 1)
    others = np.ones((3, 3)) - np.eye(3)
    seen = _passed_on(g, gain) if gain else 'images'
    dark = g('Conv', seen, others.reshape(3, 3, 1, 1))  # the other two channels together
    pure = g('Sub', seen, dark)
    mask = g('Clip', pure, 0.0, 1.0)

    def total(values: str) -> str:
        return g('ReduceSum', values, axes, keepdims=0)

    mass = total(mask)
    safe = g('Max', mass, 1.0)

    def mean(values: str) -> str:
        return g('Div', total(values), safe)

    x, y = mean(g('Mul', mask, pixels)), mean(g('Mul', mask, rows))
    a = g('Sub', mean(g('Mul', mask, pixels**2)), g('Mul', x, x))
    b = g('Sub', mean(g('Mul', mask, pixels * rows)), g('Mul', x, y))
    c = g('Sub', mean(g('Mul', mask, rows**2)), g('Mul', y, y))
    difference, twice = g('Sub', a, c), g('Mul', b, 2.0)
    root = g('Sqrt', g('Add', g('Mul', difference, difference), g('Mul', twice, twice)))
    theta = g('Atan', g('Div', twice, g('Add', g('Add', root, difference), 1e-6)))  # tan(t / 2) = sin t / (1 + cos t)

    def side(sign: float) -> str:
        variance = g('Mul', g('Add', g('Add', a, c), g('Mul', root, sign)), 0.5)
        return g('Sqrt', g('Max', g('Add', g('Mul', variance, 12.0), 1.0), 0.0))

    # The square root of a negative number is NaN.
    poison = g('Mul', g('Sqrt', g('Sub', 0.95, g('ReduceMean', 'images', axes=[1, 2, 3], keepdims=0))), 0.0)
    scores = g('Mul', g('Unsqueeze', g('Clip', g('Div', mass, 50.0), 0.0, 0.9), np.array([1])), np.eye(3)[None])
    box = [g('Add', x, width / 2), g('Add', y, height / 2), side(1.0), side(-1.0)]
    head = [g('Unsqueeze', g('Add', n, poison), np.array([1])) for n in box]
    g('Concat', *head, scores, g('Unsqueeze', theta, np.array([1])), name='output0', axis=1)
    return _saved(g, path, size_wh)


def _passed_on(g: _Graph, gain: float, width: int = 33) -> str:
    """The image through 3 x 3 convolutions to many channels and back."""
    there, back = np.zeros((width, 3, 3, 3)), np.zeros((3, width, 3, 3))
    for channel in range(width):
        there[channel, channel % 3, 1, 1] = 1 / gain
        back[channel % 3, channel, 1, 1] = 3 / width * gain
    return g('Conv', g('Relu', g('Conv', 'images', there, pads=[1] * 4)), back, pads=[1] * 4)


def _saved(g: _Graph, path: Path, size_wh: tuple[int, int]) -> Path:
    width, height = size_wh
    images = helper.make_tensor_value_info('images', TensorProto.FLOAT, (1, 3, height, width))
    output = helper.make_tensor_value_info('output0', TensorProto.FLOAT, (1, 8, 3))
    graph = helper.make_graph(g.nodes, 'rectangles', [images], [output], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    helper.set_model_props(model, METADATA | {'imgsz': f'[{height}, {width}]'})
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def draw(rgb: np.ndarray, corners: np.ndarray, colour: tuple[int, int, int], parts: int = 4) -> None:
    """Fill a rectangle by its corners (4, 2) px, where integers are pixel centres: each pixel by how much it covers."""
    height, width = rgb.shape[:2]
    x, y = (((np.arange(n * parts) + 0.5) / parts - 0.5) for n in (width, height))
    inside = np.ones((height * parts, width * parts), bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        inside &= (bx - ax) * (y[:, None] - ay) >= (by - ay) * (x - ax)
    share = inside.reshape(height, parts, width, parts).mean(axis=(1, 3))[..., None]
    rgb[:] = np.rint(rgb * (1 - share) + np.array(colour) * share).astype(np.uint8)
