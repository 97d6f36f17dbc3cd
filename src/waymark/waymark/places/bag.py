# SPDX-License-Identifier: Apache-2.0
"""A bag of local features as one vector: what is in view, whatever way up it is.

Embeddings keep where in the picture things are, so that a place seen from the other side is another place to them; a
flight in the other direction is found by this. VLAD (Jegou et al., CVPR 2010) over ORB's bits, reduced by principal
components; both were learned on generated worlds (python -m waymark.training.bag).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features

Floats = NDArray[np.float32]
WORDS, COMPONENTS = 32, 16
BAG_DIM = WORDS * COMPONENTS
_BITS = 256
_FILE = Path(__file__).with_name('orb_words.npy')


def bag_of(features: Features) -> Floats:
    """Sum up features as one unit vector (BAG_DIM,); zero without features, or with others than ORB's.

    Args:
        features: Of one image.
    """
    bag = np.zeros((WORDS, COMPONENTS), np.float32)
    if len(features) == 0 or features.descriptors.shape[1] * 8 != _BITS:
        return bag.ravel()
    mean, projection, words = _vocabulary()
    points = reduced(features.descriptors, mean, projection)
    nearest = (points @ words.T - 0.5 * (words**2).sum(axis=1)).argmax(axis=1)
    chosen = np.zeros((WORDS, len(points)), np.float32)
    chosen[nearest, np.arange(len(points))] = 1
    bag = chosen @ points - chosen.sum(axis=1, keepdims=True) * words
    # A word that is everywhere in view (bricks, leaves) must not outweigh all others, nor a few strong components.
    bag /= np.sqrt(np.maximum(np.linalg.norm(bag, axis=1, keepdims=True), 1e-6))
    vector = np.sign(bag) * np.sqrt(np.abs(bag))
    return np.asarray(vector.ravel() / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def reduced(descriptors: NDArray[np.uint8], mean: Floats, projection: Floats) -> Floats:
    """Project (N, 32) bytes of bits on components, (N, COMPONENTS)."""
    return np.asarray((np.unpackbits(descriptors, axis=1) - mean) @ projection, np.float32)


@cache
def _vocabulary() -> tuple[Floats, Floats, Floats]:
    """Mean (256,), components (256, COMPONENTS) and words (WORDS, COMPONENTS)."""
    stored = np.load(_FILE, allow_pickle=False)
    return split(np.asarray(stored, np.float32))


def vocabulary_bytes() -> bytes:
    """The words' file: bags by other words are other bags."""
    return _FILE.read_bytes()


def split(stored: Floats) -> tuple[Floats, Floats, Floats]:
    """Take the file's rows apart: bits (mean and components), then words."""
    return stored[:_BITS, 0], np.ascontiguousarray(stored[:_BITS, 1:]), np.ascontiguousarray(stored[_BITS:, 1:])
