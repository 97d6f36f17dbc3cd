# SPDX-License-Identifier: Apache-2.0
"""Which keyframes of a map show what an image shows, or what a text says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.errors import QueryError
from waymark.image.features import Features, detect
from waymark.image.homography import register
from waymark.maps import Keyframe
from waymark.places.config import PlacesConfig
from waymark.places.keyframes import shows_something
from waymark.places.retrieval import VectorIndex
from waymark.places.retrieval.exact import best
from waymark.places.verification import PlaceMatch

MOST_RESULTS = 10  # where nobody says how many
_LOOKED_AT = 4  # times as many keyframes as are wanted: what embeddings put a little lower may be what features prove


@dataclass(frozen=True, eq=False)
class Answer:
    """One keyframe that answers a query.

    Attributes:
        keyframe_id: Of the keyframe.
        keyframe_stamp_ns: Of its image.
        similarity: Cosine of its vector and the query's, -1 to 1.
        match: How the query image lies on it; None where local features did not verify that, or were not asked.
    """

    keyframe_id: int
    keyframe_stamp_ns: int
    similarity: float
    match: PlaceMatch | None = None


def query_by_vector(
    vector: NDArray[np.float32], index: VectorIndex, keyframes: Mapping[int, Keyframe], count: int = MOST_RESULTS
) -> tuple[Answer, ...]:
    """Rank keyframes by their similarity to a vector of the map's own encoder.

    Args:
        vector: (D,) unit vector: of an image, or of a text where that encoder takes texts.
        index: Of the map's vectors.
        keyframes: The map's, by id.
        count: Most answers.

    Returns:
        Best first.
    """
    ids, similarities = index.search(vector, count)
    return tuple(_answer(keyframes[int(i)], float(s)) for i, s in zip(ids, similarities, strict=True))


def query_by_image(
    gray: NDArray[np.uint8],
    vector: NDArray[np.float32],
    index: VectorIndex,
    keyframes: Mapping[int, Keyframe],
    config: PlacesConfig,
    count: int = MOST_RESULTS,
) -> tuple[Answer, ...]:
    """Rank keyframes by an image: those that local features verify first, then by similarity.

    Args:
        gray: (H, W) the image.
        vector: (D,) its unit vector by the map's encoder.
        index: Of the map's vectors.
        keyframes: The map's, by id.
        config: Of features and verification, the one that the keyframes were made with.
        count: Most answers.

    Returns:
        Best first.

    Raises:
        QueryError: The image shows nothing that could be found.
    """
    require_something(gray, 'the query image')
    alike = query_by_vector(vector, index, keyframes, _LOOKED_AT * count)
    candidates = [(keyframes[a.keyframe_id], a.similarity) for a in alike]
    return rank_by_features(detect(gray, config), candidates, config)[:count]


def query_by_text(
    vector: NDArray[np.float32], keyframes: Mapping[int, Keyframe], count: int = MOST_RESULTS
) -> tuple[Answer, ...]:
    """Rank keyframes by the text vectors that they carry beside their own.

    Args:
        vector: (T,) unit vector of the text, by the encoder that made the text vectors.
        keyframes: The map's, by id; those without a text vector are left out.
        count: Most answers.

    Returns:
        Best first.

    Raises:
        QueryError: No keyframe has a text vector, or theirs have another length.
    """
    require_shape('vector', vector, ('T',))
    require_finite('vector', vector)
    known = [k for k in keyframes.values() if k.text_vector is not None]
    if keyframes and not known:
        raise QueryError(
            f'none of the {len(keyframes)} keyframes has a text vector. Record the map with an encoder that takes '
            'texts: CLIP, SigLIP or SigLIP 2, written by waymark export encoder.'
        )
    if known and known[0].text_vector is not None and known[0].text_vector.shape != vector.shape:
        raise QueryError(
            f"the text's vector has {len(vector)} numbers, the map's text vectors have {len(known[0].text_vector)}. "
            'Use the encoder that the map was recorded with.'
        )
    rows = [k.text_vector for k in known if k.text_vector is not None]
    similarities = np.asarray(rows, np.float32).reshape(-1, len(vector)) @ vector
    places = best(similarities, min(count, len(known)))
    return tuple(_answer(known[i], float(similarities[i])) for i in places)


def rank_by_features(
    query: Features, candidates: Sequence[tuple[Keyframe, float]], config: PlacesConfig
) -> tuple[Answer, ...]:
    """Put those candidates first that local features verify, those with the most inliers foremost.

    Args:
        query: Features of the query image.
        candidates: Keyframes with the cosine similarity of their vector and the query's.
        config: Ratio of the matches, and the gates that verify.

    Returns:
        All of them; the unverified ones by similarity.
    """
    answers = []
    for keyframe, similarity in candidates:
        found = register(keyframe.features, query, config.ratio, config)
        stamp_ns = keyframe.header.stamp_ns
        match = None if found is None else PlaceMatch(keyframe.keyframe_id, stamp_ns, similarity, found)
        answers.append(_answer(keyframe, similarity, match))
    return tuple(sorted(answers, key=lambda a: (-(a.match.inliers if a.match else 0), -a.similarity)))


def require_something(gray: NDArray[np.uint8], name: str) -> None:
    """Refuse a query image (H, W) that is even: every encoder gives it some direction, which means nothing.

    Raises:
        QueryError: `the query image shows nothing that could be found: it is even. Give another one.`
    """
    if not shows_something(gray):
        raise QueryError(f'{name} shows nothing that could be found: it is even. Give another one.')


def _answer(keyframe: Keyframe, similarity: float, match: PlaceMatch | None = None) -> Answer:
    return Answer(keyframe.keyframe_id, keyframe.header.stamp_ns, similarity, match)
