# SPDX-License-Identifier: Apache-2.0
"""How a recording is searched, and what was found in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SearchOptions:
    """How a recording is searched.

    Attributes:
        top: Moments wanted, at least 1.
        rate_hz: Frames looked at per second; 0: all. None: 5, and all images of a folder.
        gap_s: Least time between two moments; 0: every frame is one of its own. None: 2, and 0 for a folder.
        rerank: Whether moments are put in order by local features.
    """

    top: int = 10
    rate_hz: float | None = None
    gap_s: float | None = None
    rerank: bool = False


@dataclass(frozen=True, eq=False)
class FoundMoment:
    """A moment of the recording that answers the query.

    Attributes:
        time_s: Of its most similar frame, since the recording's first frame, s.
        start_s: Of its first frame.
        end_s: Of its last frame.
        stamp_ns: Of its most similar frame, as recorded.
        frame: Number of that frame in the recording, from 0.
        name: File name of that frame, '' where it comes from no file of its own.
        similarity: Cosine of that frame and the query, -1 to 1.
        inliers: Local features that agree; 0 where not verified, None where not asked.
        picture: (h, w, 3) uint8 RGB of that frame, the longer side at most 640 px, 1280 px with `rerank`.
    """

    time_s: float
    start_s: float
    end_s: float
    stamp_ns: int
    frame: int
    name: str
    similarity: float
    inliers: int | None
    picture: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search found.

    Attributes:
        moments: Best first.
        frames: Frames of the recording.
        looked_at: Frames that were compared with the query.
        duration_s: From the first frame to the last.
        usual_similarity: The median over the recording: how alike a frame is that is not what is wanted.
        note: Why not all of the recording was read, '' where it was.
    """

    moments: tuple[FoundMoment, ...]
    frames: int
    looked_at: int
    duration_s: float
    usual_similarity: float
    note: str = ''
