# SPDX-License-Identifier: Apache-2.0
"""Text vectors of a live map: keyframes described a second time, by an encoder that takes texts too.

The second encoder is another node, which answers when it likes: before the keyframe is made, or long after.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.errors import MapError
from waymark.maps import Keyframe, MapInfo
from waymark.maps.stored import StoredKeyframe

_WAITING = 60  # vectors and keyframes that wait for each other


class TextColumn:
    """Brings text vectors and keyframes of the same image together.

    Attributes:
        fingerprint: Of the encoder that made the vectors, '' before the first.
        model_id: Its short name.
    """

    def __init__(self) -> None:
        """Start with nothing that waits."""
        self.fingerprint, self.model_id = '', ''
        self._vectors: OrderedDict[int, NDArray[np.float32]] = OrderedDict()
        self._keyframes: OrderedDict[int, int] = OrderedDict()

    def add_vector(self, stamp_ns: int, vector: NDArray[np.float32]) -> int | None:
        """Take in a vector (T,) of an image.

        Returns:
            Id of the keyframe that it belongs to; None where that is not made (yet).
        """
        require_shape('vector', vector, ('T',))
        require_finite('vector', vector)
        if stamp_ns in self._keyframes:
            return self._keyframes.pop(stamp_ns)
        _keep(self._vectors, stamp_ns, vector)
        return None

    def add_keyframe(self, keyframe: Keyframe) -> NDArray[np.float32] | None:
        """Take in a keyframe.

        Returns:
            Its vector (T,), None where that has not come (yet).
        """
        stamp_ns = keyframe.header.stamp_ns
        if stamp_ns in self._vectors:
            return self._vectors.pop(stamp_ns)
        _keep(self._keyframes, stamp_ns, keyframe.keyframe_id)
        return None

    def clear(self) -> None:
        """Stamps begin anew: nothing that waits will be met."""
        self._vectors.clear()
        self._keyframes.clear()


def require_text_encoder(info: MapInfo, fingerprint: str) -> None:
    """Refuse an encoder whose text vectors can't be compared with the map's; a map without any takes each.

    Raises:
        MapError: Naming the right encoder and the way out.
    """
    if info.text_fingerprint not in ('', fingerprint):
        raise MapError(
            f"the place map's text vectors are of encoder {info.text_model_id!r} (fingerprint "
            f'{info.text_fingerprint[:16]}…), these have fingerprint {fingerprint[:16]}…. Use that encoder, or write '
            'them anew: waymark map reencode --text.'
        )


def with_text_vector(keyframe: Keyframe, vector: NDArray[np.float32]) -> Keyframe:
    """The same view with a text vector (T,); features and thumbnail of a stored one stay in its file."""
    if isinstance(keyframe, StoredKeyframe):
        return keyframe.changed(text_vector=vector)
    return replace(keyframe, text_vector=vector)


def _keep(waiting: OrderedDict[int, NDArray[np.float32]] | OrderedDict[int, int], stamp_ns: int, item: object) -> None:
    waiting[stamp_ns] = item  # type: ignore[assignment]
    if len(waiting) > _WAITING:
        waiting.popitem(last=False)
