# SPDX-License-Identifier: Apache-2.0
"""The parity gate of detectors: does this model, on this backend, still find the boxes that its reference found?

A manifest's reference is an image and, flat, seven numbers per box: cx, cy, w, h, theta (px of the image, rad), score,
class. Boxes match one to one, by class and rotated IoU. A box that has no match and whose score lies just above the
threshold does not count: the slightest rounding takes it below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.boxes import rotated_iou_matrix
from waymark.detection.config import DetectorConfig
from waymark.detection.result import Detections
from waymark.errors import ModelError, ParityError
from waymark.types import ModelManifest

LIMITS = {'fp32': 0.99, 'fp16': 0.98, 'bf16': 0.95, 'int8': 0.85}  # least share of boxes matched, by precision
_MATCH_IOU = 0.9
_SURE = DetectorConfig().confidence + 0.03  # references are found with the default threshold
_NUMBERS = 7


@dataclass(frozen=True)
class BoxParity:
    """How far a detector is from its reference.

    Attributes:
        share: Boxes matched at IoU .9, of all that either found and that count.
        boxes: Of the references.
        limit: Least share that passes.
        precision: That the limit belongs to.
    """

    share: float
    boxes: int
    limit: float
    precision: str

    def __str__(self) -> str:
        sign = '>=' if self.share >= self.limit else '<'
        return f'{self.share:.3f} of {self.boxes} boxes at IoU .9 {sign} {self.limit:g} ({self.precision})'


def reference_output(found: Detections) -> tuple[float, ...]:
    """Boxes as a manifest's reference holds them."""
    rows = np.column_stack([found.boxes, found.scores, found.classes])
    return tuple(float(v) for v in rows.ravel())


def require_parity(
    detect: Callable[[NDArray[np.uint8]], Detections], manifest: ModelManifest, folder: Path
) -> BoxParity | None:
    """Compare a detector with its manifest's references.

    Args:
        detect: Finds boxes in an image (H, W, 3) uint8 RGB.
        manifest: With the references.
        folder: That the references' paths are relative to.

    Returns:
        The parity, or None where there are no references.

    Raises:
        ModelError: A reference can't be read, or is none of a detector.
        ParityError: Too few boxes match.
    """
    if not manifest.references:
        return None
    hits, either, boxes = 0, 0, 0
    for reference in manifest.references:
        expected = _expected(reference.output, manifest)
        image = cv2.imread(str(folder / reference.image), cv2.IMREAD_COLOR)
        if image is None:
            raise ModelError(f'reference image {reference.image!r} can not be read. Copy the whole model folder again.')
        got = detect(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))
        matched, missed = _matched(got, expected)
        hits, boxes, either = hits + matched, boxes + len(expected), either + matched + missed
    parity = BoxParity(hits / either if either else 1.0, boxes, LIMITS[manifest.precision], manifest.precision)
    if parity.share < parity.limit:
        raise ParityError(
            f'model {manifest.name!r} no longer finds what its reference did: {parity}. '
            'Export it again, or use another backend or precision.'
        )
    return parity


def _expected(output: tuple[float, ...], manifest: ModelManifest) -> Detections:
    if len(output) % _NUMBERS:
        raise ModelError(
            f'model {manifest.name!r}: a reference has {len(output)} numbers, expected {_NUMBERS} for each box.'
        )
    rows = np.reshape(np.asarray(output, np.float64), (-1, _NUMBERS))
    try:
        return Detections(rows[:, :5], rows[:, 5], rows[:, 6].astype(np.int64), manifest.class_names)
    except ValueError as error:
        raise ModelError(f'model {manifest.name!r}: a reference holds no boxes ({error}).') from None


def _matched(got: Detections, expected: Detections) -> tuple[int, int]:
    """Pairs of one class at IoU .9, each box in one at most, the best pairs first; and sure boxes without a pair."""
    ious = rotated_iou_matrix(got.boxes, expected.boxes)
    ious[got.classes[:, None] != expected.classes] = 0
    alone, lost = got.scores >= _SURE, expected.scores >= _SURE
    count = 0
    while ious.size and ious.max() >= _MATCH_IOU:
        row, column = np.unravel_index(ious.argmax(), ious.shape)
        ious[row], ious[:, column] = 0, 0
        alone[row] = lost[column] = False
        count += 1
    return count, int(np.count_nonzero(alone) + np.count_nonzero(lost))
