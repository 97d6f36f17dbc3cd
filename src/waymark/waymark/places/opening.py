# SPDX-License-Identifier: Apache-2.0
"""Opening a map to recognise places in: what its file lacks is made from thumbnails and features, and kept in it."""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from waymark.errors import MapError
from waymark.maps import MapFile, PlaceMap, open_map
from waymark.maps.stored import StoredKeyframe
from waymark.places.summary import Summary, pack_summary, summarise, unpack_summary

log = logging.getLogger(__name__)
_AT_ONCE = 8  # made between two chances to do other work: 25 ms


@dataclass(frozen=True, eq=False)
class OpenedMap:
    """A map that is ready.

    Attributes:
        file: Its file, open.
        place_map: What is in it.
        summaries: By id of the keyframe.
    """

    file: MapFile
    place_map: PlaceMap
    summaries: dict[int, Summary] = field(default_factory=dict)


def opening(path: Path, writing: bool) -> Generator[float, None, OpenedMap]:
    """Open a map, step by step where it takes long: a map from before summaries, 30 s for 10,000 keyframes, once.

    Args:
        path: Its file.
        writing: Whether it will be added to; what is made is kept in the file then.

    Yields:
        Share of the summaries that are there, 0 to 1.

    Returns:
        The map.

    Raises:
        MapError: It is missing, damaged, made of tiles, or another process writes it.
    """
    file = open_map(path, writing=writing)
    try:
        if file.info.ortho is not None:
            raise MapError(
                f'map {str(path)!r} was made from a picture of the ground, for geo_localization: no camera drove '
                'through it. Give place_recognition a map of its own (waymark map build).'
            )
        opened = OpenedMap(file, file.load())
        yield from _summarise(opened, writing)
    except BaseException:
        file.close()
        raise
    return opened


def _summarise(opened: OpenedMap, writing: bool) -> Generator[float, None, None]:
    views, made = list(opened.place_map.keyframes.values()), 0
    for done, keyframe in enumerate(views):
        summary = unpack_summary(keyframe.summary)
        if summary is None:
            summary, made = summarise(keyframe), made + 1
            if writing and isinstance(keyframe, StoredKeyframe):
                opened.place_map.replace(opened.file.summarise(keyframe, pack_summary(summary)))
            if made % _AT_ONCE == 1:
                yield done / len(views)
        opened.summaries[keyframe.keyframe_id] = summary
    if made:
        kept = 'they are in its file now' if writing else 'open it once with `mapping: true` to keep them in its file'
        log.info(
            'map %s: %d of %d keyframes had no summary of this version; %s', opened.file.path, made, len(views), kept
        )
