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
    g, area = _Graph(), size_wh[0] * size_wh[1]
    half = max(size_wh) / 2  # the unit of all lengths: fp16 holds small numbers well
    others = np.ones((3, 3)) - np.eye(3)
    seen = _passed_on(g, gain) if gain else 'images'
    dark = g('Conv', seen, others.reshape(3, 3, 1, 1))  # the other two channels together
    mask = g('Clip', g('Sub', seen, dark), 0.0, 1.0)
    mass, x, y, a, b, c = _moments(g, mask, size_wh, half)
    difference, twice = g('Sub', a, c), g('Mul', b, 2.0)
    root = g('Sqrt', g('Add', g('Mul', difference, difference), g('Mul', twice, twice)))
    theta = g('Atan', g('Div', twice, g('Add', g('Add', root, difference), 1e-6)))  # tan(t / 2) = sin t / (1 + cos t)

    def side(sign: float) -> str:
        variance = g('Mul', g('Add', g('Add', a, c), g('Mul', root, sign)), 0.5)
        return g('Mul', g('Sqrt', g('Max', g('Add', g('Mul', variance, 12.0), half**-2), 0.0)), half)

    # The square root of a negative number is NaN.
    poison = g('Mul', g('Sqrt', g('Sub', 0.95, g('ReduceMean', 'images', axes=[1, 2, 3], keepdims=0))), 0.0)
    score = g('Clip', g('Mul', mass, area / 50), 0.0, 0.9)
    centre = [g('Add', g('Mul', v, half), size / 2) for v, size in zip((x, y), size_wh, strict=True)]
    row = np.array([1])
    head = [g('Unsqueeze', g('Add', n, poison), row) for n in (*centre, side(1.0), side(-1.0))]
    scores = g('Mul', g('Unsqueeze', score, row), np.eye(3)[None])
    g('Concat', *head, scores, g('Unsqueeze', theta, row), name='output0', axis=1)
    return _saved(g, path, size_wh)


def _moments(g: _Graph, mask: str, size_wh: tuple[int, int], half: float) -> tuple[str, ...]:
    """Share of the image, mean x and y, and their covariances xx, xy, yy, in units of `half` from the middle."""
    width, height = size_wh
    x = ((np.arange(width) + 0.5 - width / 2) / half).reshape(1, 1, 1, -1)
    y = ((np.arange(height) + 0.5 - height / 2) / half).reshape(1, 1, -1, 1)

    def over_image(values: str) -> str:
        return g('ReduceMean', values, axes=[2, 3], keepdims=0)

    mass = over_image(mask)
    safe = g('Max', mass, 1 / (width * height))
    mx, my, xx, xy, yy = (g('Div', over_image(g('Mul', mask, w)), safe) for w in (x, y, x * x, x * y, y * y))
    pairs = ((xx, mx, mx), (xy, mx, my), (yy, my, my))
    return mass, mx, my, *(g('Sub', second, g('Mul', one, other)) for second, one, other in pairs)


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
