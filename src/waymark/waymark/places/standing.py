# SPDX-License-Identifier: Apache-2.0
"""A query that stays: tells when the wanted view comes into sight, once per appearance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.config import Config, param


@dataclass(frozen=True)
class StandingQueryConfig(Config):
    """When a wanted view counts as seen, and when as gone."""

    threshold: float = param(
        0.5, 'Cosine similarity from which the view is the wanted one; texts want less, CLIP about 0.25.', ge=-1, le=1
    )
    release: float = param(
        0.05, 'So far below the threshold must similarity fall before the view counts as gone.', ge=0, le=2
    )
    appear_after: int = param(2, 'Images in a row at or above the threshold that raise the event.', ge=1)
    gone_after: int = param(5, 'Images in a row below the release that end the appearance.', ge=1)


@dataclass(frozen=True)
class Appearance:
    """The wanted view has come into sight.

    Attributes:
        name: Of the query.
        stamp_ns: Of the image that raised the event.
        since_ns: Of the first image of the row that did.
        similarity: Of the image that raised it, -1 to 1.
        proof: What `shows` gave for that image (local features that agree); 0 where nobody was asked.
    """

    name: str
    stamp_ns: int
    since_ns: int
    similarity: float
    proof: int = 0


class StandingQuery:
    """Compares each image of a stream with what is wanted.

    Raised where similarity reaches the threshold in `appear_after` images in a row; then silent until it has been
    lower than threshold - release in `gone_after` images in a row: a view on the threshold raises one event, not many.
    """

    def __init__(self, name: str, vector: NDArray[np.float32], config: StandingQueryConfig | None = None) -> None:
        """Want something.

        Args:
            name: For people: what is looked for.
            vector: (D,) unit vector of an image or a text, by the encoder of the stream.
            config: Threshold and hysteresis.

        Raises:
            ValueError: The vector is all zeros (nothing to find) or not finite.
        """
        require_shape('vector', vector, ('D',))
        require_finite('vector', vector)
        if not vector.any():
            raise ValueError(f'vector: standing query {name!r} has no direction, nothing would be found')
        self.name = name
        self._vector = np.array(vector, np.float32)
        self._config = config or StandingQueryConfig()
        self.reset()

    @property
    def in_sight(self) -> bool:
        """Whether the wanted view has appeared and is not gone yet."""
        return self._in_sight

    @property
    def similarity(self) -> float:
        """Of the latest image; 0 before the first."""
        return self._similarity

    def reset(self) -> None:
        """Forget the stream: its stamps began anew."""
        self._in_sight = False
        self._row = 0  # images in a row that speak for a change
        self._since_ns = 0
        self._similarity = 0.0

    def observe(
        self, vector: NDArray[np.float32], stamp_ns: int, shows: Callable[[], int] | None = None
    ) -> Appearance | None:
        """Take in one image.

        Args:
            vector: (D,) its unit vector; all zeros (nothing in view) is never what is wanted.
            stamp_ns: Of the image.
            shows: Proves what similarity suggests, and is asked only then: local features that agree, 0 for too few.

        Returns:
            The event, with the image that completes an appearance; else None.

        Raises:
            ValueError: `vector` has another shape than the query's, or is not finite.
        """
        require_shape('vector', vector, self._vector.shape)
        require_finite('vector', vector)
        self._similarity = float(vector @ self._vector)
        proof = 0 if shows is None or self._is_away(vector) else shows()
        is_shown = shows is None or proof > 0
        is_there, is_away = self._is_there(vector) and is_shown, self._is_away(vector) or not is_shown
        changes = is_away if self._in_sight else is_there
        if changes and self._row == 0:
            self._since_ns = stamp_ns
        self._row = self._row + 1 if changes else 0
        if self._row < (self._config.gone_after if self._in_sight else self._config.appear_after):
            return None
        self._in_sight, self._row = not self._in_sight, 0
        return Appearance(self.name, stamp_ns, self._since_ns, self._similarity, proof) if self._in_sight else None

    def _is_there(self, vector: NDArray[np.float32]) -> bool:
        return self._similarity >= self._config.threshold and bool(vector.any())

    def _is_away(self, vector: NDArray[np.float32]) -> bool:
        return self._similarity < self._config.threshold - self._config.release or not vector.any()
