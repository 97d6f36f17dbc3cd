# SPDX-License-Identifier: Apache-2.0
"""What the detector keeps of each frame: a small picture, a smaller one, and how its colours are spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.types import Frame, Header

SAMPLED_WH = (128, 48)
SMALL_WH = (64, 48)
THUMB_WH = (32, 24)
TINY_WH = (16, 12)
_BINS = 8  # per channel
_LEAST_SPREAD = 6.0  # grey levels: a picture plainer than this counts as one with so much contrast
_DARK, _BRIGHT = 12, 243  # grey levels
_DIM, _PLAIN = 25.0, 2.0  # grey levels: the light is out
_MOST_SPREAD = 12.0  # grey levels, of a blank picture with a line of writing
_BLANK_SHARE = 0.94  # of the pixels: a line of writing may stay
_ALL = [0, 256] * 3
_NO_MASK: Any = None


@dataclass(frozen=True, eq=False)
class Signature:
    """One frame, in 14 kB.

    Attributes:
        index: Counts from 0.
        header: Of the frame.
        small: (48, 64, 3) uint8 RGB.
        thumb: (24, 32, 3) uint8: each pixel a mean, so that noise and small motion cancel out.
        tiny: (12, 16, 3) uint8: hardly moves with the camera.
        colours: (8, 8, 8) float32 histogram of `small`, sum 1.
        spread: Standard deviation within `thumb`, grey levels.
        blank: 'black', 'white' or '': nothing to be seen.
    """

    index: int
    header: Header
    small: NDArray[np.uint8]
    thumb: NDArray[np.uint8]
    tiny: NDArray[np.uint8]
    colours: NDArray[np.float32]
    spread: float
    blank: str


@dataclass(frozen=True)
class Change:
    """How unlike two frames are.

    Attributes:
        picture: Mean difference of pixels as a share of the contrast: 0 for equal, about 1 for unrelated frames.
        colours: Distance of the histograms (Bhattacharyya), 0..1.
    """

    picture: float
    colours: float


def signature_of(frame: Frame, index: int) -> Signature:
    """Reduce a frame to what is compared."""
    small = _small_rgb(frame)
    thumb = np.asarray(cv2.resize(small, THUMB_WH, interpolation=cv2.INTER_AREA), np.uint8)
    counts = cv2.calcHist([small], [0, 1, 2], _NO_MASK, [_BINS] * 3, _ALL)
    colours = np.asarray(counts, np.float32) * np.float32(1.0 / (SMALL_WH[0] * SMALL_WH[1]))
    mean, deviation = (v.ravel() for v in cv2.meanStdDev(thumb))
    spread, brightness = float(deviation.sum()) / 3, float(mean.sum()) / 3
    blank = _blank(small, thumb, colours, brightness, spread)
    tiny = np.asarray(cv2.resize(thumb, TINY_WH, interpolation=cv2.INTER_AREA), np.uint8)
    return Signature(index, frame.header, small, thumb, tiny, colours, spread, blank)


def change_between(a: Signature, b: Signature) -> Change:
    """Compare two frames of one stream."""
    difference = cv2.norm(a.thumb, b.thumb, cv2.NORM_L1) / a.thumb.size
    contrast = max(0.5 * (a.spread + b.spread), _LEAST_SPREAD)
    return Change(difference / contrast, float(cv2.compareHist(a.colours, b.colours, cv2.HISTCMP_BHATTACHARYYA)))


def _small_rgb(frame: Frame) -> NDArray[np.uint8]:
    # 6,144 pixels of every tenth row or so, not all of them: means of two here, of eight in `thumb`, calm the noise.
    sampled = cv2.resize(frame.pixels, SAMPLED_WH, interpolation=cv2.INTER_NEAREST)
    small = np.asarray(cv2.resize(sampled, SMALL_WH, interpolation=cv2.INTER_AREA))
    if small.dtype != np.uint8:
        small = Frame(frame.header, small, frame.layout).rgb
    elif frame.layout == 'bgr':
        small = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
    elif frame.layout == 'mono':
        small = cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)
    return np.asarray(small, np.uint8)


def _blank(
    small: NDArray[np.uint8], thumb: NDArray[np.uint8], colours: NDArray[np.float32], mean: float, spread: float
) -> str:
    """Say whether a picture is all black or all white, but for a line of writing, or dark and plain."""
    if mean < _DIM and spread < _PLAIN:
        return 'black'
    if mean <= _DARK:
        # A line of writing is thin in one, noise is gone from the other.
        shares = [float((cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) <= _DARK).mean()) for p in (small, thumb)]
        return 'black' if max(shares) >= _BLANK_SHARE and spread < _MOST_SPREAD else ''
    if colours[-1, -1, -1] < _BLANK_SHARE * (1.0 - colours[0, 0, 0]):  # the brightest and the darkest of its cells
        return ''
    shown = _without_bars(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    return 'white' if shown.size and float((shown >= _BRIGHT).mean()) >= _BLANK_SHARE else ''


def _without_bars(gray: NDArray[Any]) -> NDArray[Any]:
    """Leave out black rows and columns around the picture."""
    for _ in range(2):
        if gray.size:
            rows = np.flatnonzero(gray.max(axis=1) > _DARK)
            gray = gray[rows[0] : rows[-1] + 1].T if len(rows) else gray[:0]
    return gray
