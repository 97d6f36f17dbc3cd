# SPDX-License-Identifier: Apache-2.0
"""How alike the keyframes look to the encoder: every pair's cosine as a heat map."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import RecordingError
from waymark.report.pictures import data_uri, spread
from waymark.report.plots import Tick, clock, round_step
from waymark.report.reader import RecordedMessage
from waymark.report.run import KeyframeSample, Run
from waymark.report.topics import EMBEDDING, stamped_messages

_MAX_KEYFRAMES = 240  # a cell is then 3 px on a laptop


@dataclass(frozen=True)
class Similarity:
    """What the template shows.

    Attributes:
        uri: PNG, one pixel per pair.
        size: Keyframes on a side.
        low: Cosine of the darkest colour; smaller ones have it too.
        high: Cosine of the brightest colour.
        ticks: Keyframe ids along an axis.
        gradient: CSS colours of the colour bar, from low to high.
        values: Base64 of size * size bytes, 0 for low to 255 for high.
        labels: `12 (0:13.2)` for each keyframe.
        summary: The most alike pair that are not neighbours.
    """

    uri: str
    size: int
    low: float
    high: float
    ticks: list[Tick]
    gradient: str
    values: str
    labels: list[str]
    summary: str


def similarity(run: Run) -> Similarity | None:
    """Compute the matrix, None where fewer than two keyframes have an embedding at their stamp."""
    keyframes, vectors = _embeddings(run)
    if len(keyframes) < 2:
        return None
    cosines = vectors @ vectors.T
    # Colours for the upper 95 %: a few very different pairs must not wash out the rest.
    low = float(np.floor(min(np.percentile(cosines, 5), 0.99) * 20) / 20)
    levels = np.asarray(np.rint(255 * np.clip((cosines - low) / (1.0 - low), 0, 1)), np.uint8)
    _, png = cv2.imencode('.png', cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS))
    return Similarity(
        uri=data_uri('image/png', png.tobytes()),
        size=len(keyframes),
        low=low,
        high=1.0,
        ticks=_ticks(keyframes),
        gradient=_gradient(),
        values=base64.b64encode(levels.tobytes()).decode(),
        labels=[f'{k.keyframe_id} ({clock(run.seconds(k.stamp_ns), 1)})' for k in keyframes],
        summary=_summary(keyframes, cosines),
    )


def _embeddings(run: Run) -> tuple[list[KeyframeSample], NDArray[np.float64]]:
    wanted = {k.stamp_ns: k for k in spread(run.keyframes, _MAX_KEYFRAMES, key=lambda k: k.keyframe_id)}
    topics = [t.name for t in run.recording.topics_of(EMBEDDING)[:1]]
    vectors: dict[int, NDArray[np.float64]] = {}
    for stamp, message in stamped_messages(run.recording, topics[0] if topics and wanted else None):
        vector = _unit_vector(run, message, wanted[stamp].fingerprint) if stamp in wanted else None
        if vector is not None:
            vectors[stamp] = vector
    sizes = {v.shape for v in vectors.values()}
    kept = [k for k in wanted.values() if k.stamp_ns in vectors] if len(sizes) == 1 else []
    return kept, np.array([vectors[k.stamp_ns] for k in kept])


def _unit_vector(run: Run, message: RecordedMessage, fingerprint: str) -> NDArray[np.float64] | None:
    try:
        embedding = run.recording.decode(message)
    except RecordingError as error:
        run.notes.append(str(error))
        return None
    vector = np.asarray(embedding.vector, np.float64)
    length = float(np.linalg.norm(vector))
    fits = embedding.fingerprint == fingerprint and np.isfinite(length) and length > 0
    return vector / length if fits else None


def _ticks(keyframes: list[KeyframeSample]) -> list[Tick]:
    count = len(keyframes)
    step = max(1, int(round_step(count / 6)))
    return [Tick(round(100 * (i + 0.5) / count, 2), str(keyframes[i].keyframe_id)) for i in range(0, count, step)]


def _gradient() -> str:
    levels = np.linspace(0, 255, 9).astype(np.uint8).reshape(-1, 1)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1]
    return ', '.join(f'rgb({r} {g} {b})' for r, g, b in colours.tolist())


def _summary(keyframes: list[KeyframeSample], cosines: NDArray[np.float64]) -> str:
    count = len(keyframes)
    others = np.where(np.abs(np.subtract.outer(np.arange(count), np.arange(count))) > 1, cosines, -np.inf)
    if count < 3:
        return ''
    i, j = (int(v) for v in np.unravel_index(int(np.argmax(others)), others.shape))
    return (
        f'The most alike that are not neighbours are {keyframes[min(i, j)].keyframe_id} and '
        f'{keyframes[max(i, j)].keyframe_id}, with {others[i, j]:.2f}; neighbours have '
        f'{np.median(np.diagonal(cosines, 1)):.2f} in the median.'
    )
