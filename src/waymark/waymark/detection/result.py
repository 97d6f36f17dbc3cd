# SPDX-License-Identifier: Apache-2.0
"""What was seen in an image: oriented boxes with scores and classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes import canonical
from waymark.checks import require_finite, require_shape


@dataclass(frozen=True, eq=False)
class Detections:
    """Boxes in an image, as found or as labelled; arrays are read-only.

    Attributes:
        boxes: (N, 5) cx, cy, w, h in px, theta in rad, canonical; integers are pixel centres. Boxes may reach beyond
            the image.
        scores: (N,) 0 to 1; of labels 1.
        classes: (N,) indices into `class_names`.
        class_names: By index.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: NDArray[np.int64]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        boxes, scores = canonical(self.boxes), np.array(self.scores, np.float64)
        classes = np.array(self.classes, np.int64)
        require_shape('boxes', boxes, ('N', 5))
        require_shape('scores', scores, (len(boxes),))
        require_shape('classes', classes, (len(boxes),))
        require_finite('scores', scores)
        if len(classes) and not 0 <= classes.min() <= classes.max() < len(self.class_names):
            raise ValueError(
                f'classes: expected 0 to {len(self.class_names) - 1}, got {classes.min()} to {classes.max()}'
            )
        for name, value in (('boxes', boxes), ('scores', scores), ('classes', classes)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def names(self) -> tuple[str, ...]:
        """The class name of each box."""
        return tuple(self.class_names[c] for c in self.classes)

    def chosen(self, indices: ArrayLike) -> Detections:
        """Those at `indices` (or where a mask is true), in that order."""
        which = np.asarray(indices)
        which = which if which.size else which.astype(np.intp)
        return Detections(self.boxes[which], self.scores[which], self.classes[which], self.class_names)
