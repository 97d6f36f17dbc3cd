# SPDX-License-Identifier: Apache-2.0
"""Which decoder a model needs, by the names and shapes of its outputs; what fits two is not guessed."""

from __future__ import annotations

from collections.abc import Mapping

from waymark.detection.decoders import DECODERS
from waymark.errors import ModelError

Shapes = Mapping[str, tuple[int, ...]]


def recognise(model: str, outputs: Shapes, class_count: int | None) -> str:
    """Name the one decoder that fits.

    Args:
        model: Its name, for the error.
        outputs: Shapes of its outputs for one image, by name, in the model's order.
        class_count: Number of class names; None where they are not known.

    Returns:
        A name in DECODERS.

    Raises:
        ModelError: None fits, or more than one.
    """
    fits = _candidates(list(outputs.items()), class_count)
    if len(fits) == 1:
        return fits[0]
    shown = ', '.join(f'{name} {shape}' for name, shape in outputs.items())
    classes = 'an unknown number of classes' if class_count is None else f'{class_count} class names'
    if fits:
        raise ModelError(
            f'model {model!r} gives {shown} with {classes}: that may be {" or ".join(fits)}. '
            'Name the decoder, or the classes.'
        )
    raise ModelError(
        f'model {model!r} gives {shown} with {classes}: no decoder reads that. Known: {", ".join(DECODERS)}. '
        'Correct class_names, or name the decoder.'
    )


def _candidates(outputs: list[tuple[str, tuple[int, ...]]], class_count: int | None) -> list[str]:
    names, shapes = [n for n, _ in outputs], [s for _, s in outputs]
    if names == ['logits', 'pred_boxes'] and all(len(s) == 3 for s in shapes):
        return _of_logits(shapes[0][2], class_count)
    if names == ['dets', 'labels'] and len(shapes[0]) == 3 and shapes[0][2] == 6:
        return ['rtmdet_rotated']
    heads = [s for s in shapes if len(s) == 4 and s[1] > 64]
    if heads and len(heads) == len(shapes) - 1 and (class_count is None or heads[0][1] == 64 + class_count):
        return ['rockchip_obb']
    if len(shapes) == 1 and len(shapes[0]) == 3:
        return _of_table(shapes[0], class_count)
    return []


def _of_logits(columns: int, class_count: int | None) -> list[str]:
    if class_count is None:
        return ['detr', 'detr_sigmoid']
    return [n for n, extra in (('detr', 1), ('detr_sigmoid', 0)) if columns == class_count + extra]


def _of_table(shape: tuple[int, ...], class_count: int | None) -> list[str]:
    """One table: candidates are columns (many of them) in exports without suppression, rows in those with."""
    fits = [n for n, width in (('yolo_end2end', 6), ('yolo_obb_end2end', 7)) if shape[2] == width]
    for name, extra in (('yolo', 4), ('yolo_obb', 5)):
        known = shape[1] == class_count + extra if class_count is not None else shape[1] > extra
        if known and shape[2] > 7:
            fits.append(name)
    return fits
