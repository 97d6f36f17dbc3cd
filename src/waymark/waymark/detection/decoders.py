# SPDX-License-Identifier: Apache-2.0
"""From what a detector's network gives to boxes in its input: one function per family, by name.

All families count pixel edges (0 is the left edge of the first pixel); so do the boxes here. The Detector moves them
to pixel centres.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.detection.box_net import box_net_cells
from waymark.errors import ModelError

Outputs = Sequence[NDArray[Any]]

_ORIENTED = np.array([[0], [1], [2], [3], [-1]])  # rows of a table that are cx, cy, w, h, theta


@dataclass(frozen=True)
class Wanted:
    """What is asked of a decoder.

    Attributes:
        model: Its name, for errors.
        input_wh: Of the network, px.
        class_count: Classes that the manifest names.
        confidence: Least score.
    """

    model: str
    input_wh: tuple[int, int]
    class_count: int
    confidence: float

    def require_classes(self, found: int) -> None:
        """Refuse a network with another number of classes than there are names.

        Raises:
            ModelError: With both numbers.
        """
        if found != self.class_count:
            raise ModelError(
                f'model {self.model!r} has {found} classes, its manifest names {self.class_count}. '
                'Correct class_names, or the decoder.'
            )


@dataclass(frozen=True)
class Raw:
    """Boxes in a network's input.

    Attributes:
        boxes: (N, 5) cx, cy, w, h, theta in px from the input's upper left corner, rad; not canonical.
        scores: (N,).
        classes: (N,).
    """

    boxes: NDArray[Any]
    scores: NDArray[Any]
    classes: NDArray[Any]


@dataclass(frozen=True)
class Decoder:
    """One family of detectors.

    Attributes:
        decode: Outputs, in the model's order, to boxes.
        is_unique: The network already gives each object once: no suppression afterwards.
        about: What it is, for people.
        is_exclusive: An object is of one class: boxes of different classes suppress each other.
    """

    decode: Callable[[Outputs, Wanted], Raw]
    is_unique: bool
    about: str
    is_exclusive: bool = False


def yolo_obb(outputs: Outputs, wanted: Wanted) -> Raw:
    """(1, 4 + C + 1, N) of ultralytics' YOLOv8-OBB, 11 and 26: cx, cy, w, h in px, C scores, angle in rad."""
    table = _one_image(outputs, 3, wanted)[0]
    wanted.require_classes(table.shape[0] - 5)
    scores, classes, at = _best(table[4:-1], wanted)
    return Raw(table[_ORIENTED, at].T, scores, classes)


def yolo(outputs: Outputs, wanted: Wanted) -> Raw:
    """(1, 4 + C, N) of ultralytics' upright YOLOv8, 11 and 26: cx, cy, w, h in px, C scores."""
    table = _one_image(outputs, 3, wanted)[0]
    wanted.require_classes(table.shape[0] - 4)
    scores, classes, at = _best(table[4:], wanted)
    return Raw(_upright(table[:4].take(at, axis=1).T), scores, classes)


def yolo_obb_end2end(outputs: Outputs, wanted: Wanted) -> Raw:
    """(1, K, 7) of YOLO26-OBB and of exports with nms=True: cx, cy, w, h in px, score, class, angle in rad."""
    rows = _rows(outputs, 7, wanted)
    return Raw(rows[:, [0, 1, 2, 3, 6]], rows[:, 4], _classes(rows[:, 5], wanted))


def yolo_end2end(outputs: Outputs, wanted: Wanted) -> Raw:
    """(1, K, 6) of upright YOLO26, YOLOv10 and of exports with nms=True: x1, y1, x2, y2 in px, score, class."""
    rows = _rows(outputs, 6, wanted)
    return Raw(_from_edges(rows[:, :4]), rows[:, 4], _classes(rows[:, 5], wanted))


def rtmdet_rotated(outputs: Outputs, wanted: Wanted) -> Raw:
    """RTMDet-R of MMRotate, deployed by MMDeploy: (1, K, 6) cx, cy, w, h in px, rad (le90), score; classes (1, K)."""
    dets, labels = _one_image(outputs[:1], 3, wanted)[0], np.asarray(outputs[1]).reshape(-1)
    keep = dets[:, 5] >= wanted.confidence
    _require_numbers(dets[:, 5], wanted)
    return Raw(dets[keep, :5], dets[keep, 5], _classes(labels[keep], wanted))


def detr(outputs: Outputs, wanted: Wanted) -> Raw:
    """DETR of transformers: logits (1, Q, C + 1), the last of them `no object`, softmax; boxes (1, Q, 4) as shares."""
    logits = _one_image(outputs[:1], 3, wanted)[0].astype(np.float64)
    wanted.require_classes(logits.shape[1] - 1)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = (shares / shares.sum(axis=1, keepdims=True))[:, :-1]
    scores, classes, at = _best(shares.T, wanted)
    return Raw(_of_shares(outputs[1], at, wanted), scores, classes)


def detr_sigmoid(outputs: Outputs, wanted: Wanted) -> Raw:
    """RT-DETR, D-FINE of transformers: logits (1, Q, C), sigmoid; the best Q of all Q * C scores."""
    return _of_sigmoids(outputs, wanted, None)


def deformable_detr(outputs: Outputs, wanted: Wanted) -> Raw:
    """Deformable and Conditional DETR of transformers: the same, but the best 100 however many queries there are."""
    return _of_sigmoids(outputs, wanted, 100)


def _of_sigmoids(outputs: Outputs, wanted: Wanted, most: int | None) -> Raw:
    logits = _one_image(outputs[:1], 3, wanted)[0].astype(np.float64)
    wanted.require_classes(logits.shape[1])
    scores = sigmoid(logits).ravel()
    _require_numbers(scores, wanted)
    at = np.argsort(-scores, kind='stable')[: most or len(logits)]
    at = at[scores[at] >= wanted.confidence]
    return Raw(_of_shares(outputs[1], at // wanted.class_count, wanted), scores[at], at % wanted.class_count)


def rockchip_obb(outputs: Outputs, wanted: Wanted) -> Raw:
    """Rockchip's split YOLOv8-OBB for NPUs: (1, 64 + C, h, w) per stride, and angles of all cells, 0 to 1.

    A cell's 64 values are the logits of 16 distances (0 to 15 strides) to its left, upper, right and lower side along
    the box's own axes; C logits of classes; the angle is (a - 1/4) pi (rknn_model_zoo, examples/yolov8_obb).
    """
    heads = sorted((o for o in outputs if np.ndim(o) == 4 and o.shape[1] > 64), key=lambda o: -o.shape[2] * o.shape[3])
    angles = [np.asarray(o).reshape(-1) for o in outputs if not any(o is head for head in heads)]
    cells = sum(head.shape[2] * head.shape[3] for head in heads)
    if len(angles) != 1 or len(angles[0]) != cells:
        raise ModelError(
            f'model {wanted.model!r} gave {[np.shape(o) for o in outputs]}: expected heads (1, 64 + C, h, w) and '
            f'{cells} angles. Export it as rknn_model_zoo does.'
        )
    parts, start = [], 0
    for head in heads:
        count = head.shape[2] * head.shape[3]
        parts.append(_rockchip_head(head, angles[0][start : start + count], wanted))
        start += count
    return Raw(*(np.concatenate(v) for v in zip(*((p.boxes, p.scores, p.classes) for p in parts), strict=True)))


def box_net(outputs: Outputs, wanted: Wanted) -> Raw:
    """Waymark's own: (1, C + 6, h, w) per stride (see box_net_cells)."""
    boxes, scores, classes, count = box_net_cells(outputs, wanted.input_wh, wanted.confidence, wanted.model)
    wanted.require_classes(count)
    return Raw(boxes, scores, classes)


def _rockchip_head(head: NDArray[Any], angles: NDArray[Any], wanted: Wanted) -> Raw:
    table = _one_image([head], 4, wanted)[0].reshape(head.shape[1], -1)
    wanted.require_classes(len(table) - 64)
    scores, classes, at = _best(sigmoid(table[64:].astype(np.float64)), wanted)
    logits = table[:64].take(at, axis=1).reshape(4, 16, -1).astype(np.float64)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    left, top, right, bottom = np.einsum('dkn,k->dn', shares / shares.sum(axis=1, keepdims=True), np.arange(16.0))
    theta = (angles[at].astype(np.float64) - 0.25) * np.pi
    along, across, cos, sin = (right - left) / 2, (bottom - top) / 2, np.cos(theta), np.sin(theta)
    columns = head.shape[3]
    x, y = at % columns + 0.5 + along * cos - across * sin, at // columns + 0.5 + along * sin + across * cos
    stride_x, stride_y = wanted.input_wh[0] / columns, wanted.input_wh[1] / head.shape[2]
    sides = (left + right) * stride_x, (top + bottom) * stride_x
    return Raw(np.column_stack([x * stride_x, y * stride_y, *sides, theta]), scores, classes)


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


DECODERS: Mapping[str, Decoder] = {
    'box_net': Decoder(box_net, False, "Waymark's own, oriented", is_exclusive=True),
    'yolo_obb': Decoder(yolo_obb, False, 'oriented YOLO, all candidates'),
    'yolo_obb_end2end': Decoder(yolo_obb_end2end, True, 'oriented YOLO, end to end'),
    'yolo': Decoder(yolo, False, 'upright YOLO, all candidates'),
    'yolo_end2end': Decoder(yolo_end2end, True, 'upright YOLO, end to end'),
    'rockchip_obb': Decoder(rockchip_obb, False, "oriented YOLO in Rockchip's split layout"),
    'rtmdet_rotated': Decoder(rtmdet_rotated, True, 'RTMDet-R as MMDeploy exports it'),
    'detr': Decoder(detr, True, 'DETR (softmax with no object)'),
    'detr_sigmoid': Decoder(detr_sigmoid, True, 'RT-DETR, D-FINE (sigmoid)'),
    'deformable_detr': Decoder(deformable_detr, True, 'Deformable DETR (sigmoid, the best 100)'),
}


def _best(scores: NDArray[Any], wanted: Wanted) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]:
    """Best score and class of each column of (C, N) that reaches the least score, and which columns those are."""
    best = scores.max(axis=0)
    _require_numbers(best, wanted)
    at = (best >= wanted.confidence).nonzero()[0]
    return best[at], scores.take(at, axis=1).argmax(axis=0), at


def _rows(outputs: Outputs, width: int, wanted: Wanted) -> NDArray[Any]:
    """Rows (K, width) whose score, column 4, is enough; end-to-end models fill up with zeros."""
    rows = _one_image(outputs[:1], 3, wanted)[0]
    if rows.shape[1] != width:
        raise ModelError(f'model {wanted.model!r} gave rows of {rows.shape[1]}, its decoder reads {width} numbers.')
    _require_numbers(rows[:, 4], wanted)
    return np.asarray(rows[rows[:, 4] >= wanted.confidence])


def _one_image(outputs: Outputs, axes: int, wanted: Wanted) -> NDArray[Any]:
    output = np.asarray(outputs[0])
    if output.ndim != axes or len(output) != 1:
        raise ModelError(f'model {wanted.model!r} gave an output of shape {output.shape}. Export it for one image.')
    return output


def _classes(numbers: NDArray[Any], wanted: Wanted) -> NDArray[np.intp]:
    classes = np.rint(numbers).astype(np.intp)
    if len(classes) and not 0 <= classes.min() <= classes.max() < wanted.class_count:
        raise ModelError(
            f'model {wanted.model!r} gave class {classes.max()}, its manifest names {wanted.class_count}. '
            'Correct class_names.'
        )
    return np.asarray(classes, np.intp)


def _require_numbers(scores: NDArray[Any], wanted: Wanted) -> None:
    bad = int(scores.size - np.count_nonzero(np.isfinite(scores)))
    if bad:
        raise ModelError(
            f'model {wanted.model!r} gave {bad} of {scores.size} scores that are not finite. Export it again.'
        )


def _upright(boxes: NDArray[Any]) -> NDArray[Any]:
    """(N, 4) cx, cy, w, h with theta = 0."""
    return np.column_stack([boxes, np.zeros(len(boxes), boxes.dtype)])


def _from_edges(edges: NDArray[Any]) -> NDArray[Any]:
    """(N, 4) x1, y1, x2, y2 as (N, 5)."""
    return _upright(np.column_stack([(edges[:, :2] + edges[:, 2:]) / 2, edges[:, 2:] - edges[:, :2]]))


def _of_shares(output: NDArray[Any], at: NDArray[np.intp], wanted: Wanted) -> NDArray[Any]:
    """Rows `at` of (1, Q, 4) cx, cy, w, h as shares of the input."""
    boxes = _one_image([output], 3, wanted)[0][at].astype(np.float64)
    return _upright(boxes * np.tile(wanted.input_wh, 2))
