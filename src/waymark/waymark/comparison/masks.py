# SPDX-License-Identifier: Apache-2.0
"""Masks by name: what of two images a comparison looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from waymark.comparison.images import ImagePair
from waymark.errors import ConfigError
from waymark.image.features import FeatureConfig, detect
from waymark.image.homography import HomographyConfig, register
from waymark.masks import MotionConfig, combined, contrast_mask, hog_mask, inverted, motion_mask
from waymark.masks.gray import gray_of

Mask = NDArray[np.float32]
_NOT = 'not-'


def mask_of(pair: ImagePair, names: Sequence[str]) -> Mask | None:
    """Combine masks by product.

    Args:
        pair: The images.
        names: 'motion' (what moved from A to B by itself), 'hog' (edges), 'contrast' (texture), each 0 to 1 in the
            pixels of B at A's size; 'not-motion' and so on for the opposite. 'hog' and 'contrast' hold where either
            image has them: what only one of them shows must count.

    Returns:
        (H, W) 0 to 1, or None without names.

    Raises:
        ConfigError: An unknown name, images that can't be registered for 'motion', or a mask that is 0 all over.
    """
    if not names:
        return None
    unknown = [name for name in names if name.removeprefix(_NOT) not in _MASKS]
    if unknown:
        raise ConfigError(f'--mask: unknown mask {unknown[0]!r}. Known: {", ".join(_MASKS)}, each also as not-NAME.')
    mask = combined(*(_one(pair, name) for name in names))
    if not mask.any():
        raise ConfigError(f'--mask {",".join(names)}: nothing is left to compare. Leave one of them out.')
    return mask


def _one(pair: ImagePair, name: str) -> Mask:
    mask = _MASKS[name.removeprefix(_NOT)](pair)
    return inverted(mask) if name.startswith(_NOT) else mask


def _motion(pair: ImagePair) -> Mask:
    grays = [gray_of(name, pixels) for name, pixels in zip('AB', pair.pixels, strict=True)]
    config = FeatureConfig(detector='akaze')
    found = register(detect(grays[0], config), detect(grays[1], config), config.ratio, HomographyConfig())
    if found is None:
        raise ConfigError(
            '--mask motion: A and B can not be laid onto each other (too few points agree). '
            'Give two views of one scene, or leave motion out.'
        )
    # Two pictures, not two frames of a video: what is only in one of them counts, however it came there.
    return motion_mask(grays[0], grays[1], found.H_cur_ref, MotionConfig(mask_method='residual', blur_px=1.0))


_MASKS: dict[str, Callable[[ImagePair], Mask]] = {
    'motion': _motion,
    'hog': lambda pair: np.maximum(*(hog_mask(p) for p in pair.pixels)),
    'contrast': lambda pair: np.maximum(*(contrast_mask(p) for p in pair.pixels)),
}
