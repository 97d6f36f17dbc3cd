# SPDX-License-Identifier: Apache-2.0
"""What place recognition makes of an image beside its embedding, as bytes that a map keeps: layout and bag.

Made anew for 10,000 keyframes they take half a minute (thumbnails are decoded, features read); read from the map, half
a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from waymark.maps import Keyframe
from waymark.maps.packing import digest
from waymark.places.bag import BAG_DIM, Floats, bag_of, vocabulary_bytes
from waymark.places.layout import CHANNELS, GRID_HW, Layout, describe_layout, layout_form

_LAYOUT_SHAPE = (*GRID_HW, CHANNELS)
_LAYOUT_BYTES = 2 * int(np.prod(_LAYOUT_SHAPE))


@dataclass(frozen=True, eq=False)
class Summary:
    """Of one image.

    Attributes:
        layout: Its layout, None where it is not known (a keyframe without a thumbnail).
        bag: (BAG_DIM,) float32 unit vector: its bag of local features.
    """

    layout: Layout | None
    bag: Floats


def pack_summary(summary: Summary) -> bytes:
    """16-bit floats, little-endian: 7 kB. The first bytes say by which layout and which words it was made."""
    layout = b'' if summary.layout is None else summary.layout.astype('<f2').tobytes()
    return _form() + summary.bag.astype('<f2').tobytes() + layout


def unpack_summary(data: bytes | None) -> Summary | None:
    """The inverse of pack_summary; None for bytes of another Waymark, whose layouts or words are others."""
    form, size = _form(), 2 * BAG_DIM
    if data is None or data[: len(form)] != form or len(data) - len(form) not in (size, size + _LAYOUT_BYTES):
        return None
    bag = np.frombuffer(data, '<f2', BAG_DIM, len(form)).astype(np.float32)
    if len(data) == len(form) + size:
        return Summary(None, bag)
    layout = np.frombuffer(data, '<f2', offset=len(form) + size).astype(np.float16)  # a copy: `data` need not stay
    return Summary(layout.reshape(_LAYOUT_SHAPE), bag)


def summarise(keyframe: Keyframe) -> Summary:
    """Make it from the keyframe's thumbnail and features: 3 ms.

    Raises:
        MapError: They are damaged.
    """
    thumbnail = keyframe.thumbnail
    return Summary(None if thumbnail is None else describe_layout(thumbnail), bag_of(keyframe.features))


@cache
def _form() -> bytes:
    """Eight bytes that change when layouts or words do: summaries of then and of now can't be compared."""
    return digest(layout_form() + vocabulary_bytes())[:8]
