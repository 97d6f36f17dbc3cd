# SPDX-License-Identifier: Apache-2.0
"""Pictures of the frames that may be shown in the end, kept small while a recording goes by once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.codec import decode_compressed, encode_jpeg

_KEPT_BYTES = 250_000_000  # more halve the resolution in time
_BYTES_PER_PX2 = 0.15  # of JPEG, for 4 : 3


@dataclass
class _Kept:
    """The best frame of a stretch of time; its picture is compressed once the stretch is over."""

    stretch: int
    number: int
    similarity: float
    pixels: NDArray[np.uint8] | bytes


class Pictures:
    """The most similar frame of every stretch of `width_s`, of every frame where that is 0."""

    def __init__(self, width_s: float, longest_side_px: int = 640, most: int = 0) -> None:
        """Keep no picture yet.

        Args:
            width_s: Length of a stretch, s.
            longest_side_px: Larger pictures are reduced to this.
            most: Pictures to keep at most; 0: as many as take 250 MB, 4,000 of 640 px or 1,000 of 1280 px.
        """
        self._width_s = width_s
        self._longest_side_px = longest_side_px
        self._most = most or max(round(_KEPT_BYTES / (_BYTES_PER_PX2 * longest_side_px**2)), 2)
        self._kept: list[_Kept] = []
        self._frames_per_stretch = 1  # where width_s is 0

    @property
    def numbers(self) -> list[int]:
        """Of the frames whose pictures are kept, ascending."""
        return [kept.number for kept in self._kept]

    def offer(self, number: int, time_s: float, similarity: float, rgb: NDArray[np.uint8]) -> None:
        """Keep a frame when it is the best of its stretch so far.

        Args:
            number: Of the frame; increases.
            time_s: Since the first frame, s.
            similarity: To the query.
            rgb: (H, W, 3) uint8.
        """
        if not self._kept or self._kept[-1].stretch != self._stretch(number, time_s):
            self._close()
            if len(self._kept) >= self._most:
                self._halve()
        kept = _Kept(self._stretch(number, time_s), number, similarity, rgb)
        if not self._kept or self._kept[-1].stretch != kept.stretch:
            self._kept.append(replace(kept, pixels=_reduced(rgb, self._longest_side_px)))
        elif similarity > self._kept[-1].similarity:
            self._kept[-1] = replace(kept, pixels=_reduced(rgb, self._longest_side_px))

    def picture(self, number: int) -> NDArray[np.uint8]:
        """RGB (h, w, 3) of a kept frame, reduced.

        Raises:
            KeyError: That frame was not kept.
        """
        for kept in self._kept:
            if kept.number == number:
                return _decoded(kept.pixels) if isinstance(kept.pixels, bytes) else kept.pixels
        raise KeyError(number)

    def _stretch(self, number: int, time_s: float) -> int:
        return math.floor(time_s / self._width_s) if self._width_s > 0 else number // self._frames_per_stretch

    def _close(self) -> None:
        if self._kept and not isinstance(self._kept[-1].pixels, bytes):
            self._kept[-1].pixels = encode_jpeg(self._kept[-1].pixels, quality=88)

    def _halve(self) -> None:
        """Make stretches twice as long: of two neighbours the better one stays."""
        self._width_s, self._frames_per_stretch = 2 * self._width_s, 2 * self._frames_per_stretch
        joined: dict[int, _Kept] = {}
        for kept in self._kept:
            kept.stretch //= 2
            if kept.stretch not in joined or kept.similarity > joined[kept.stretch].similarity:
                joined[kept.stretch] = kept
        self._kept = list(joined.values())


def _reduced(rgb: NDArray[np.uint8], longest_side_px: int) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    factor = longest_side_px / max(height, width)
    if factor >= 1:
        return rgb
    size_wh = (max(round(width * factor), 1), max(round(height * factor), 1))
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def _decoded(jpeg: bytes) -> NDArray[np.uint8]:
    pixels, _ = decode_compressed('jpeg', jpeg)
    code = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(pixels, code), np.uint8)
