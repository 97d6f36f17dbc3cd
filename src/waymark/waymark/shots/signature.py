# SPDX-License-Identifier: Apache-2.0
"""What the detector keeps of each frame: a small picture, smaller ones, and how its colours are spread.

A live camera pays for each of these with every frame, so that they are few: what is only looked at where something
happened is made when it is first asked for.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.types import Frame, Header

SAMPLED_WH = (128, 36)
SMALL_WH = (64, 36)
THUMB_WH = (32, 18)
TINY_WH = (16, 9)
_BINS = 8  # per channel
_LEAST_SPREAD = 6.0  # grey levels: a picture plainer than this counts as one with so much contrast
_DARK, _BRIGHT = 12, 240  # grey levels
_DIM, _PLAIN = 25.0, 2.0  # grey levels: the light is out
_MOST_SPREAD = 12.0  # grey levels, of a blank picture with a line of writing
_BLANK_SHARE = 0.94  # of the pixels: a line of writing may stay
_GLARING = 225.0  # grey levels: mean, weighted by brightness itself, that only a white picture reaches, bars or not
_ALL = [0, 256] * 3
_NO_MASK: Any = None


class Signature:
    """One frame, in 9 kB, 11 kB with its colours.

    Attributes:
        index: Counts from 0.
        header: Of the frame.
        small: (36, 64, 3) uint8 RGB.
        thumb: (18, 32, 3) uint8: each pixel a mean, so that noise and small motion cancel out.
        tiny: (9, 16, 3) uint8: hardly moves with the camera.
        brightness: Mean of `thumb`, grey levels.
        spread: Standard deviation within `thumb`, grey levels.
        detail: Squared differences of neighbouring pixels in `thumb`, summed.
        blank: 'black', 'white' or '': nothing to be seen.
    """

    __slots__ = ('__dict__', 'blank', 'brightness', 'detail', 'header', 'index', 'small', 'spread', 'thumb', 'tiny')

    def __init__(self, frame: Frame, index: int) -> None:
        """Reduce a frame to what is compared."""
        self.index = index
        self.header: Header = frame.header
        self.small = _small_rgb(frame)
        self.thumb: NDArray[Any] = cv2.resize(self.small, THUMB_WH, interpolation=cv2.INTER_AREA)
        self.tiny: NDArray[Any] = cv2.resize(self.thumb, TINY_WH, interpolation=cv2.INTER_AREA)
        mean, deviation = cv2.meanStdDev(self.thumb)
        self.brightness, self.spread = sum(mean.ravel().tolist()) / 3, sum(deviation.ravel().tolist()) / 3
        self.detail = cv2.norm(self.thumb[:, 1:], self.thumb[:, :-1], cv2.NORM_L2SQR)
        self.blank = _blank(self)

    @cached_property
    def colours(self) -> NDArray[np.float32]:
        """(8, 8, 8) float32 histogram of `small`, sum 1."""
        counts = cv2.calcHist([self.small], [0, 1, 2], _NO_MASK, [_BINS] * 3, _ALL)
        return np.asarray(counts, np.float32) * np.float32(1.0 / (SMALL_WH[0] * SMALL_WH[1]))


class Change:
    """How unlike two frames of one stream are.

    Attributes:
        picture: Mean difference of pixels as a share of the contrast: 0 for equal, about 1 for unrelated frames.
    """

    __slots__ = ('__dict__', '_a', '_b', 'picture')

    def __init__(self, a: Signature, b: Signature) -> None:
        """Compare them."""
        self._a, self._b = a, b
        contrast = max(0.5 * (a.spread + b.spread), _LEAST_SPREAD)
        self.picture = cv2.norm(a.thumb, b.thumb, cv2.NORM_L1) / (a.thumb.size * contrast)

    @cached_property
    def colours(self) -> float:
        """Distance of the histograms (Bhattacharyya), 0..1."""
        return float(cv2.compareHist(self._a.colours, self._b.colours, cv2.HISTCMP_BHATTACHARYYA))


def _small_rgb(frame: Frame) -> NDArray[Any]:
    # 4,608 pixels of some rows, not all of them: means of two here, of eight in `thumb`, calm the noise.
    sampled = cv2.resize(frame.pixels, SAMPLED_WH, interpolation=cv2.INTER_NEAREST)
    small = cv2.resize(sampled, SMALL_WH, interpolation=cv2.INTER_LINEAR)  # of two to one: their mean
    if small.dtype != np.uint8:
        return Frame(frame.header, small, frame.layout).rgb
    if frame.layout == 'rgb':
        return small
    return cv2.cvtColor(small, cv2.COLOR_BGR2RGB if frame.layout == 'bgr' else cv2.COLOR_GRAY2RGB)


def _blank(sign: Signature) -> str:
    """Say whether a picture is all black or all white, but for a line of writing, or dark and plain."""
    if sign.brightness < _DIM and sign.spread < _PLAIN:
        return 'black'
    if sign.brightness <= _DARK:
        # A line of writing is thin in one, noise is gone from the other.
        grays = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (sign.small, sign.thumb))
        share = max(float((gray <= _DARK).mean()) for gray in grays)
        return 'black' if share >= _BLANK_SHARE and sign.spread < _MOST_SPREAD else ''
    if sign.brightness + sign.spread**2 / sign.brightness < _GLARING:
        return ''
    grays = (_without_bars(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)) for p in (sign.small, sign.thumb))
    return 'white' if max(float((gray >= _BRIGHT).sum()) / max(gray.size, 1) for gray in grays) >= _BLANK_SHARE else ''


def _without_bars(gray: NDArray[Any]) -> NDArray[Any]:
    """Leave out black rows and columns around the picture."""
    for _ in range(2):
        if gray.size:
            rows = np.flatnonzero(gray.max(axis=1) > _DARK)
            gray = gray[rows[0] : rows[-1] + 1].T if len(rows) else gray[:0]
    return gray
