# SPDX-License-Identifier: Apache-2.0
"""The recognizer's own parts, run over folders of images: every reference is a keyframe, every query an image."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.encoding import Encoder, EncoderConfig
from waymark.maps import Keyframe
from waymark.places import PlacesConfig
from waymark.places.finder import Findings, PlaceFinder, View, view_of
from waymark.places.keyframes import shows_something
from waymark.places.sequence import SequenceFilter, evidence_of
from waymark.places.state import Belief, PlaceState
from waymark.places.views import Lenses
from waymark.sources.camera_info import read_camera_info
from waymark.sources.folder import read_image
from waymark.types import Frame, Header

_MOST_RANKED = 50


@dataclass(frozen=True)
class PlacesRequest:
    """What to judge.

    Attributes:
        database: Folder of reference images; sorted file order counts.
        queries: Folder of query images.
        truth: JSON file (see read_truth).
        encoder: As EncoderConfig's.
        sequence: Rank by this many images, the query and those before it; 1: by the query alone.
        rerank: Rank by layout and local features too, not by embedding alone.
        online: Queries and database are one sequence: each image may only match those before it.
        exclude_recent: Of those, the last ones that can't match.
        camera_info: Calibration file of the camera of all images, None: unknown.
    """

    database: Path
    queries: Path
    truth: Path
    encoder: str = EncoderConfig().encoder
    sequence: int = 1
    rerank: bool = True
    online: bool = False
    exclude_recent: int = 0
    camera_info: Path | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What was said about one query.

    Attributes:
        ranked: (K,) database images, best first.
        score: Of the first; -inf without one.
        accepted: The database image that the node would have published as LOCALIZED, or None.
    """

    ranked: NDArray[np.int64]
    score: float
    accepted: int | None


class PlacesRun:
    """One encoder, one growing map, and the belief through the queries."""

    def __init__(self, request: PlacesRequest, encoder: Encoder) -> None:
        """Start with an empty map.

        Args:
            request: How queries are looked up.
            encoder: Turns images into vectors.
        """
        self._request, self._encoder = request, encoder
        self._config = PlacesConfig()
        self._finder = PlaceFinder(self._config, encoder.dim, encoder.fingerprint)
        camera = None if request.camera_info is None else read_camera_info(request.camera_info)
        self._lenses = None if camera is None or not camera.is_calibrated else Lenses(camera, camera)
        self._belief = Belief(self._config)
        self._path, self._window = SequenceFilter(), SequenceFilter()
        self._recent: list[Findings] = []
        self._last: int | None = None
        self._encode_s: list[float] = []
        self._describe_s: list[float] = []
        self._find_s: list[float] = []

    def describe(self, file: Path) -> View:
        """Read an image and describe it.

        Raises:
            SourceError: It can't be read.
            MessageError: The calibration is for another resolution.
        """
        pixels, layout = read_image(file)
        frame = Frame(Header(0), pixels, layout)
        if self._lenses is not None:
            self._lenses.cur.require_size(frame.size_wh)
        rgb, gray = frame.rgb, frame.gray  # converted once for all, before the clock runs
        start = time.perf_counter()
        vector = self._encoder.encode(rgb).vector
        encoded = time.perf_counter()
        view = view_of(frame, vector if shows_something(gray) else np.zeros_like(vector), self._config)
        self._encode_s.append(encoded - start)
        self._describe_s.append(time.perf_counter() - encoded)
        return view

    def add(self, number: int, view: View) -> None:
        """Make an image part of the map."""
        self._finder.add(Keyframe(number, Header(number), view.vector, view.features, number), view.summary)
        self._path.grow(number + 1)
        self._window.grow(number + 1)

    def answer(self, number: int, view: View) -> Answer:
        """Look a query up."""
        below = max(number - self._request.exclude_recent, 0) if self._request.online else None
        start = time.perf_counter()
        if self._request.rerank:
            found = self._finder.find(view, below, self._expected(), self._lenses)
        else:
            found = self._finder.by_embedding(view, below)
        answer = self._ranked(found, self._accepted(found))
        self._find_s.append(time.perf_counter() - start)
        return answer

    def times(self) -> dict[str, float]:
        """Medians, ms: of encoding an image, and of all else that a query takes."""
        described = float(np.median(self._describe_s)) if self._request.rerank else 0.0
        encode, query = float(np.median(self._encode_s)), described + float(np.median(self._find_s))
        return {'ms_encode': round(1000 * encode, 3), 'ms_query': round(1000 * query, 3)}

    def _expected(self) -> range:
        """Neighbours of the last match: the node looks at them too, where images come in order."""
        reach = self._config.neighbourhood
        return range(0) if self._last is None else range(self._last - reach, self._last + reach + 1)

    def _accepted(self, found: Findings) -> int | None:
        """The keyframe that the node would publish. Unordered queries are judged alone, others through time too."""
        verified = [m.keyframe_id for m in found.matches if m.strength >= self._config.min_inliers]
        if not (self._request.online or self._request.sequence > 1):
            return verified[0] if verified else None
        self._path.update(found.keys, evidence_of(found.scores, found.verified))
        likely = self._path.near(np.array(verified, np.intp), self._config.neighbourhood)
        state = self._belief.update(verified[0] if verified else None, likely)
        if self._request.online and (verified or state is PlaceState.LOST):
            self._last = verified[0] if verified else None
        return verified[0] if state is PlaceState.LOCALIZED else None

    def _ranked(self, found: Findings, accepted: int | None) -> Answer:
        length = self._request.sequence
        if length == 1:
            score = float(found.verified[0]) if len(found.verified) else -np.inf
            return Answer(found.keys, score, accepted)
        self._recent = [*self._recent, found][-length:]
        self._window.reset()
        for past in self._recent:
            self._window.update(past.keys, evidence_of(past.scores, past.verified))
        ranked = self._window.best(_MOST_RANKED).astype(np.int64)
        if len(ranked) == 0:
            return Answer(ranked, -np.inf, accepted)
        # Belief in the first and its neighbours against being elsewhere: grows with every image that agrees.
        near = self._window.belief[max(int(ranked[0]) - 2, 0) : int(ranked[0]) + 3].sum()
        return Answer(ranked, float(np.log(near / max(self._window.elsewhere, 1e-300))), accepted)
