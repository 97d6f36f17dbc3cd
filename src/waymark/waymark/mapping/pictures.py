# SPDX-License-Identifier: Apache-2.0
"""The image behind each keyframe: its thumbnail, or its frame in the recording that the map was made from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError, MapError
from waymark.maps import Keyframe, PlaceMap
from waymark.sources import ImageSourceConfig, is_live, open_source
from waymark.types import Frame

Rgb = NDArray[np.uint8]
# Correlation of tiny gray copies. A frame and its own thumbnail reach .9998; in the plainest corridor the next frame
# reaches .94 (95 % of them below .971), a frame of another place .75.
_SAME_VIEW = 0.98


@dataclass
class Missing:
    """Keyframes without an image.

    Attributes:
        absent: No thumbnail, or no frame of that time.
        different: The frame of that time shows something else than the thumbnail.
    """

    absent: list[int] = field(default_factory=list)
    different: list[int] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        """All of them."""
        return sorted(self.absent + self.different)

    def require_none(self, total: int, where: str) -> None:
        """Refuse to go on with some missing.

        Args:
            total: Keyframes in the map.
            where: What the images came from.

        Raises:
            MapError: Some are, with what to do.
        """
        if self.different:
            raise MapError(
                f'{where} is not what the map was made from: at the time of {len(self.different)} of {total} keyframes '
                f'({_few(self.different)}) it shows something else than their thumbnails. Give the right recording.'
            )
        if self.absent:
            raise MapError(
                f'{len(self.absent)} of {total} keyframes ({_few(self.absent)}) have no image in {where}. Give the '
                'recording that the map was made from, or --drop-missing to leave those keyframes out.'
            )


def thumbnails(place_map: PlaceMap, missing: Missing) -> Iterator[tuple[int, Rgb]]:
    """Ids and thumbnails (h, w, 3) RGB; ids without one are added to `missing`.

    Raises:
        MapError: A thumbnail is damaged.
    """
    for keyframe in place_map.keyframes.values():
        picture = keyframe.thumbnail
        if picture is None:
            missing.absent.append(keyframe.keyframe_id)
        else:
            yield keyframe.keyframe_id, picture


def recorded(place_map: PlaceMap, uri: str, missing: Missing, by_number: bool = False) -> Iterator[tuple[int, Rgb]]:
    """Ids and the frames (H, W, 3) RGB that they were made from; those without one are added to `missing`.

    A keyframe's frame is the one nearest to its stamp, at most half a period away, and must look like its thumbnail.

    Args:
        place_map: The map.
        uri: Video, folder, bag or simulator.
        missing: Grows.
        by_number: Take the frame whose number, from 0, is the keyframe's id instead.

    Raises:
        SourceError: The recording can't be read.
        ConfigError: It is live.
    """
    if is_live(uri):
        raise ConfigError(f'{uri!r} is live. Give the recording that the map was made from.')
    source = open_source(ImageSourceConfig(input=uri, pace='fast'))
    try:
        frames = (item.frame for item in source.frames())
        matched = _by_number(place_map, frames) if by_number else _by_stamp(place_map, frames)
        found = set()
        for keyframe, frame in matched:
            found.add(keyframe.keyframe_id)
            if shows_the_same(keyframe, frame.rgb):
                yield keyframe.keyframe_id, frame.rgb
            else:
                missing.different.append(keyframe.keyframe_id)
        missing.absent += [i for i in place_map.keyframes if i not in found]
    finally:
        source.close()


def shows_the_same(keyframe: Keyframe, rgb: Rgb) -> bool:
    """Whether an image looks like the keyframe's thumbnail; yes without one."""
    thumbnail = keyframe.thumbnail
    if thumbnail is None:
        return True
    a, b = (_tiny(picture) for picture in (thumbnail, rgb))
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return bool(scale < 1e-6 or float(np.vdot(a, b)) >= _SAME_VIEW * scale)


def _tiny(rgb: Rgb) -> NDArray[np.float64]:
    gray = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (32, 24), interpolation=cv2.INTER_AREA)
    return np.asarray(gray - np.mean(gray), np.float64)


def _by_number(place_map: PlaceMap, frames: Iterable[Frame]) -> Iterator[tuple[Keyframe, Frame]]:
    for number, frame in enumerate(frames):
        if number in place_map.keyframes:
            yield place_map.keyframes[number], frame


def _by_stamp(place_map: PlaceMap, frames: Iterable[Frame]) -> Iterator[tuple[Keyframe, Frame]]:
    waiting = deque(sorted(place_map.keyframes.values(), key=lambda k: k.header.stamp_ns))
    before: Frame | None = None
    for frame in frames:
        stamp_ns = frame.header.stamp_ns
        while waiting and waiting[0].header.stamp_ns <= stamp_ns:
            keyframe = waiting.popleft()
            late_ns = stamp_ns - keyframe.header.stamp_ns
            if late_ns == 0:
                yield keyframe, frame
            elif before is not None:  # between two frames, the nearer one is at most half a period away
                early_ns = keyframe.header.stamp_ns - before.header.stamp_ns
                yield keyframe, before if early_ns <= late_ns else frame
        before = frame


def _few(ids: list[int]) -> str:
    return ', '.join(map(str, ids[:5])) + (', …' if len(ids) > 5 else '')
