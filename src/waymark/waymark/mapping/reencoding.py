# SPDX-License-Identifier: Apache-2.0
"""A map for another encoder, from the images behind its keyframes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waymark.encoding import Encoder, require_text
from waymark.mapping.pictures import Missing, Rgb, recorded, thumbnails
from waymark.maps import Keyframe, MapInfo, PlaceMap, encode_thumbnail
from waymark.maps.stored import StoredKeyframe

Progress = Callable[[int, int], None]
_BATCH = 16


def reencode(
    place_map: PlaceMap,
    encoder: Encoder,
    recording: str = '',
    *,
    by_number: bool = False,
    drop_missing: bool = False,
    as_text: bool = False,
    progress: Progress | None = None,
) -> PlaceMap:
    """Make the vectors of a map anew; everything else stays as it is.

    Args:
        place_map: The map.
        encoder: What makes the new vectors.
        recording: Where the images come from; '': the thumbnails.
        by_number: See `recorded`.
        drop_missing: Leave keyframes without an image out instead of refusing.
        as_text: Fill the text vectors by an encoder that takes texts, and leave the others.
        progress: Told keyframes done and their number.

    Returns:
        A new map with a new id.

    Raises:
        MapError: A keyframe has no image, its image is another one, or a route needs one that would be left out.
        SourceError: The recording can't be read.
        ModelError: The encoder fails, or takes no texts although it should.
    """
    if as_text:
        require_text(encoder)
    missing = Missing()
    pictures = recorded(place_map, recording, missing, by_number) if recording else thumbnails(place_map, missing)
    made: dict[int, Keyframe] = {}
    for keyframe_id, vector, picture in encoded(encoder, pictures):
        keyframe = place_map.keyframes[keyframe_id]
        made[keyframe_id] = with_vector(keyframe, vector, as_text)
        if not keyframe.has_thumbnail:
            made[keyframe_id] = replace(made[keyframe_id], thumbnail_jpeg=encode_thumbnail(picture))
        if progress is not None:
            progress(len(made), len(place_map))
    if not drop_missing:
        missing.require_none(len(place_map), recording or 'the map itself (no thumbnails)')
    return rebuilt(place_map, made, encoder, as_text)


def encoded(encoder: Encoder, pictures: Iterable[tuple[int, Rgb]]) -> Iterable[tuple[int, NDArray[np.float32], Rgb]]:
    """Ids, their vectors (D,) and pictures, encoded some at a time."""
    batch: list[tuple[int, Rgb]] = []

    def flushed() -> Iterable[tuple[int, NDArray[np.float32], Rgb]]:
        found = encoder.encode_batch([picture for _, picture in batch])
        yield from ((i, e.vector, p) for (i, p), e in zip(batch, found, strict=True))
        batch.clear()

    for item in pictures:
        batch.append(item)
        if len(batch) == _BATCH:
            yield from flushed()
    yield from flushed()


def with_vector(keyframe: Keyframe, vector: NDArray[np.float32], as_text: bool = False) -> Keyframe:
    """The same view with another vector; features and thumbnail of a stored one stay in its file."""
    name = 'text_vector' if as_text else 'vector'
    if isinstance(keyframe, StoredKeyframe):
        return keyframe.changed(**{name: vector})
    return replace(keyframe, text_vector=vector) if as_text else replace(keyframe, vector=vector)


def rebuilt(place_map: PlaceMap, made: dict[int, Keyframe], encoder: Encoder, as_text: bool = False) -> PlaceMap:
    """A map of the made keyframes, with the links among them and all routes.

    Raises:
        MapError: A route needs a keyframe that was not made.
    """
    old = place_map.info
    names = (encoder.fingerprint, encoder.model_id)
    image, text = (
        ((old.fingerprint, old.model_id), names) if as_text else (names, (old.text_fingerprint, old.text_model_id))
    )
    smaller = PlaceMap(old, place_map.keyframes.values(), place_map.links, place_map.routes.values())
    for gone in place_map.keyframes.keys() - made.keys():
        smaller.remove(gone)
    views = [made[i] for i in smaller.keyframes]
    info = MapInfo(*image, old.camera, *text, ortho=old.ortho)
    return PlaceMap(info, views, smaller.links, smaller.routes.values(), place_map.next_id)
