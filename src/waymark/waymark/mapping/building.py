# SPDX-License-Identifier: Apache-2.0
"""A map from a recording, without ROS: what the node does with a stream, as fast as the machine allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from waymark.encoding import Encoder
from waymark.errors import ConfigError, MapError
from waymark.places import LiveMap, PlacesConfig
from waymark.search.walk import Walk
from waymark.sources import is_live, kind_of

Progress = Callable[[int, int | None, int], None]  # frames read, of how many where known, keyframes
_VIDEO_HZ = 5.0  # frames looked at; a robot's view changes less between them than between keyframes


@dataclass(frozen=True)
class Built:
    """What came of it.

    Attributes:
        keyframes: In the map now.
        added: By this recording, those included that had to go again for the budget.
        revisits: Of those added, the ones that show a place seen before.
        frames: Of the recording, as far as it was read.
        looked_at: Of them.
        duration_s: From the first frame to the last that was read.
        is_whole: False where Ctrl-C ended it.
        note: Why the recording ended too early; '' where it did not.
    """

    keyframes: int
    added: int
    revisits: int
    frames: int
    looked_at: int
    duration_s: float
    is_whole: bool
    note: str


def build_map(
    uri: str,
    path: Path,
    encoder: Encoder,
    config: PlacesConfig | None = None,
    rate_hz: float | None = None,
    progress: Progress | None = None,
) -> Built:
    """Drive through a recording and keep its keyframes in a map file.

    Ctrl-C ends it early, and in order: the map holds what was kept until then. So does a recording that is cut off.

    Args:
        uri: Video, folder of images, rosbag2 or simulator.
        path: The map: made, or gone on with where it exists.
        encoder: Of images.
        config: When a view is kept, and how many.
        rate_hz: Frames looked at per second, 0: all; None: 5, all of a folder.
        progress: Told how far it is.

    Raises:
        SourceError: The recording can't be read at all.
        ConfigError: It is live.
        MapError: The map is of another encoder, damaged or can't be written, or nothing was to be seen.
    """
    if is_live(uri):
        raise ConfigError(f'{uri!r} is live. Record it first, or run the node place_recognition with `map: {path}`.')
    rate_hz = (0.0 if kind_of(uri) == 'folder' else _VIDEO_HZ) if rate_hz is None else rate_hz
    live = LiveMap(replace(config or PlacesConfig(), map=str(path), mapping=True))
    try:
        live.require_encoder(encoder.fingerprint)
        counts = _Counts()
        walk = Walk(uri, rate_hz, lambda done, total: progress(done, total, len(live)) if progress else None)
        is_whole = _drive(walk, live, encoder, counts)
        if len(live) == 0:
            raise MapError(f'{uri}: none of its {walk.count} frames shows anything, so there is no map of it.')
    finally:
        live.close()
    return Built(
        len(live), counts.added, counts.revisits, walk.count, counts.looked_at, walk.duration_s, is_whole, walk.note
    )


@dataclass
class _Counts:
    added: int = 0
    revisits: int = 0
    looked_at: int = 0


def _drive(walk: Walk, live: LiveMap, encoder: Encoder, counts: _Counts) -> bool:
    """Look at all frames; False when Ctrl-C ended it."""
    try:
        for item in walk:
            vector = encoder.encode(item.frame.rgb).vector
            found = live.observe(item.frame, vector, encoder.model_id, encoder.fingerprint)
            counts.looked_at += 1
            counts.added += found.new_keyframe is not None
            counts.revisits += found.new_keyframe is not None and found.match is not None
    except KeyboardInterrupt:
        return False
    return True
