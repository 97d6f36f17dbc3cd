# SPDX-License-Identifier: Apache-2.0
"""How long a live map takes to answer a text, an image, and a standing query per image; prints JSON.

    python benchmarks/queries.py --encoder FOLDER [--keyframes 10000] [--seconds 10] [--json OUT]

FOLDER: a model with a text tower, written by `waymark export encoder`. The keyframes have one random set of vectors,
their own and for texts: time does not depend on what they mean. One keyframe in twenty shows the query image.
`text query` is encoding and search; `image query` is encoding, search, features and the verification of four times as
many keyframes as are wanted.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from turns import limit_libraries, limit_threads, machine, take_turns, versions

limit_threads(1)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.encoding import EncoderConfig, load_encoder, require_text  # noqa: E402
from waymark.image.features import detect  # noqa: E402
from waymark.maps import Keyframe  # noqa: E402
from waymark.places import PlacesConfig  # noqa: E402
from waymark.places.queries import query_by_image, query_by_text, query_by_vector  # noqa: E402
from waymark.places.retrieval import VectorIndex, make_index  # noqa: E402
from waymark.places.standing import StandingQuery  # noqa: E402
from waymark.types import Header  # noqa: E402

TEXT = 'a photo of a red roof'


def picture(seed: int) -> NDArray[np.uint8]:
    """RGB 640 x 480 of random patches."""
    noise = np.random.default_rng(seed).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8)


def gray_of(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def live_map(count: int, dim: int, config: PlacesConfig) -> tuple[VectorIndex, dict[int, Keyframe]]:
    """Keyframes with random unit vectors, their own and those for texts."""
    vectors = np.random.default_rng(0).standard_normal((count, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = make_index(config, dim)
    index.extend(np.arange(count), vectors)
    features = [detect(gray_of(picture(seed)), config) for seed in range(20)]
    return index, {i: Keyframe(i, Header(i), v, features[i % 20], i, text_vector=v) for i, v in enumerate(vectors)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--encoder', required=True)
    parser.add_argument('--keyframes', type=int, default=10_000)
    parser.add_argument('--seconds', type=float, default=10.0)
    parser.add_argument('--json', type=Path)
    asked = parser.parse_args()
    limit_libraries(1)
    config = PlacesConfig(search_index='exact')
    encoder = require_text(load_encoder(EncoderConfig(encoder=asked.encoder, threads=1)))
    image, gray = picture(0), gray_of(picture(0))
    index, keyframes = live_map(asked.keyframes, encoder.dim, config)
    text_vector, image_vector = encoder.encode_text([TEXT])[0].vector, encoder.encode(image).vector
    standing = StandingQuery(TEXT, text_vector)
    said: dict[str, Any] = {
        'encoder': encoder.model_id,
        'dim': encoder.dim,
        'keyframes': asked.keyframes,
        **take_turns(
            {
                'standing query, per image': lambda: standing.observe(image_vector, 0),
                'text to vector': lambda: encoder.encode_text([TEXT]),
                'text query, own vectors': lambda: query_by_vector(
                    encoder.encode_text([TEXT])[0].vector, index, keyframes
                ),
                'text query, text vectors': lambda: query_by_text(encoder.encode_text([TEXT])[0].vector, keyframes),
                'image query': lambda: query_by_image(gray, encoder.encode(image).vector, index, keyframes, config),
            },
            asked.seconds,
        ),
        'machine': machine(),
        'versions': versions('numpy', 'onnxruntime'),
    }
    print(json.dumps(said, indent=2))
    if asked.json:
        asked.json.write_text(json.dumps(said, indent=2) + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
