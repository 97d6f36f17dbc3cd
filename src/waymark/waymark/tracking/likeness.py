# SPDX-License-Identifier: Apache-2.0
"""How much of a target's picture the image repeats, and whether something else stands in its midst."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.agreement import NOISE, block_correlations, per_block
from waymark.tracking.scratch import planes
from waymark.tracking.template import Template

# Correlation from which two blocks show the same, as a share of what the best fifth of them has, within limits: blur
# and noise lower all of them; under another text with the same head, the head is as sharp as ever.
_ALIKE_SHARE, _ALIKE_LIMITS, _BEST = 0.7, (0.5, 0.7), 0.8
_POOR = 0.25  # share of the texture that is at most as much alike as the value of the gap
_OTHER = 0.25  # correlation up to which they certainly don't
_FULL_TEXTURE = 400.0  # variance of detail from which a block counts fully
_SOME_TEXTURE = 60.0  # below which it shows nothing that could differ


@dataclass(frozen=True)
class Likeness:
    """How the image looks where a target is laid.

    Attributes:
        agreement: Share of the visible texture that looks alike, 0 to 1, where it tells more the rarer it is.
        enclosed: Share of the visible texture that looks different and is surrounded by what looks alike. What passes
            in front comes from outside; another number on the same sign does not.
        gap: How much less the poorest quarter of the texture correlates than the best fifth, where even that quarter
            is not simply hidden. Blur and noise take from all of it; other words under the same head fall behind it.
    """

    agreement: float
    enclosed: float
    gap: float = 0.0


def likeness(template: Template, patch: NDArray[np.uint8], valid: NDArray[np.bool_]) -> Likeness:
    """Compare a template with the image as seen through a homography.

    Args:
        template: Of the target.
        patch: (h, w) uint8 detail of the image, warped onto the template.
        valid: (h, w) bool, what both show.

    Returns:
        The likeness; no agreement where nothing can be compared.
    """
    correlation, variance = _correlations(template, patch, valid)
    texture = np.minimum(variance, _FULL_TEXTURE)
    telling = texture * template.distinct
    total, telling_total = float(texture.sum()), float(telling.sum())
    if total <= 0 or telling_total <= 0:
        return Likeness(0.0, 0.0)
    best, poor = _quantile(correlation, texture, _BEST), _quantile(correlation, telling, _POOR)
    alike = correlation >= np.clip(_ALIKE_SHARE * best, *_ALIKE_LIMITS)
    agreement = float(telling[alike].sum()) / telling_total
    other = (correlation <= _OTHER) & (variance >= _SOME_TEXTURE)
    enclosed = _enclosed(alike, _shown_blocks(valid, correlation.shape))
    gap = _quantile(correlation, telling, _BEST) - poor if poor > _OTHER else 0.0
    return Likeness(agreement, float(texture[enclosed & other].sum()) / total, gap)


def _correlations(
    template: Template, patch: NDArray[np.uint8], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Correlation of the blocks, and the template's variance in them; what the template is alone is known already."""
    b, product = planes(2, patch.shape)
    np.subtract(patch, np.float32(128), out=b)
    if not valid.all():
        zero = np.float32(0)
        return block_correlations(np.where(valid, template.plane, zero), np.where(valid, b, zero), valid)
    mean = per_block(b)
    variance = np.maximum(per_block(np.multiply(b, b, out=product)) - mean * mean, 0)
    shared = per_block(np.multiply(template.plane, b, out=product)) - template.mean * mean
    correlation = shared / np.sqrt((template.variance + NOISE) * (variance + NOISE))
    return np.asarray(correlation, np.float32), template.variance


def _quantile(values: NDArray[np.float32], weights: NDArray[np.float32], share: float) -> float:
    """The value that `share` of the weight lies below."""
    order = np.argsort(values, axis=None)
    summed = np.cumsum(weights.ravel()[order])
    return float(values.ravel()[order[np.searchsorted(summed, share * summed[-1])]])


def _shown_blocks(valid: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Blocks of which both show at least half."""
    if valid.all():
        return np.ones(shape, np.bool_)
    share = cv2.resize(valid.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA).reshape(shape)
    return np.asarray(share >= 0.5)


def _enclosed(alike: NDArray[np.bool_], shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which blocks can't be reached from beyond the picture without crossing what looks alike or is not shown."""
    ground = (~alike & shown).astype(np.uint8)
    _, labels = cv2.connectedComponents(
        cv2.copyMakeBorder(ground, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1), connectivity=4
    )
    return np.asarray((labels[1:-1, 1:-1] != labels[0, 0]) & shown)
