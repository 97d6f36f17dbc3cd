# SPDX-License-Identifier: Apache-2.0
"""Learn the words of waymark.places.bag on generated worlds: `python -m waymark.training.bag --out orb_words.npy`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.features import detect
from waymark.places import PlacesConfig
from waymark.places.bag import COMPONENTS, WORDS, reduced

_PER_VIEW, _MOST = 150, 40_000
_SEED = 800_000  # as the classical candidates of benchmarks/encoder_candidates.py


def learn_words(views: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Find components and words of the ORB features of some views.

    Args:
        views: RGB pictures.

    Returns:
        (256 + WORDS, 1 + COMPONENTS): rows of bits, mean first; then the words, after a zero.
    """
    config = PlacesConfig()
    found = [detect(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.uint8), config).descriptors for view in views]
    bytes_ = np.concatenate([descriptors[:_PER_VIEW] for descriptors in found])
    bytes_ = bytes_[np.random.default_rng(0).permutation(len(bytes_))[:_MOST]]
    bits = np.unpackbits(bytes_, axis=1).astype(np.float32)
    mean = bits.mean(axis=0)
    projection = np.linalg.svd(np.cov(bits, rowvar=False))[0][:, :COMPONENTS].astype(np.float32)
    cv2.setRNGSeed(1)
    points = reduced(bytes_, mean, projection)
    start = np.zeros((len(points), 1), np.int32)
    _, _, words = cv2.kmeans(points, WORDS, start, (3, 20, 1e-3), 1, cv2.KMEANS_PP_CENTERS)
    return np.concatenate([np.c_[mean, projection], np.c_[np.zeros(WORDS), words]]).astype(np.float32)


def main() -> None:
    """Generate worlds, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--worlds', type=int, default=120)
    args = parser.parse_args()
    from waymark_sim.scenes.visits import visit_world

    views = [view for i in range(args.worlds) for view in visit_world(_SEED + i)[::2, 0]]
    np.save(args.out, learn_words(views))


if __name__ == '__main__':
    main()
