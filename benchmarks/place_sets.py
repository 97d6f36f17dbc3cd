# SPDX-License-Identifier: Apache-2.0
"""Sets of pictures with the truth about which show one place: what encoders are compared on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.sources import ImageSourceConfig, open_source

Picture = NDArray[np.uint8]
Encode = Callable[[Picture], NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class PlaceSet:
    """Queries, a database, and the truth.

    Attributes:
        name: For people.
        queries: Q pictures, RGB uint8.
        database: D pictures.
        same: (Q, D) bool: one place. A query without any is left out of the figures.
        allowed: (Q, D) bool: may be compared at all (an image of a sequence not with its neighbours in time).
    """

    name: str
    queries: Sequence[Picture]
    database: Sequence[Picture]
    same: NDArray[np.bool_]
    allowed: NDArray[np.bool_]

    def recall(self, encode: Encode, ks: Sequence[int] = (1, 5)) -> dict[str, float]:
        """Share of queries with a right answer among the k most similar by cosine."""
        similarity = unit_rows(encode, self.queries) @ unit_rows(encode, self.database).T
        order = np.argsort(np.where(self.allowed, -similarity, np.inf), axis=1, kind='stable')
        hits = np.take_along_axis(self.same & self.allowed, order, axis=1)
        answerable = hits.any(axis=1)
        return {f'recall_at_{k}': round(float(hits[answerable, :k].any(axis=1).mean()), 3) for k in ks}


def unit_rows(encode: Encode, pictures: Sequence[Picture]) -> NDArray[np.float64]:
    """(N, D) unit vectors of N pictures."""
    vectors = np.stack([np.asarray(encode(picture), np.float64) for picture in pictures])
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def corridor(data: Path) -> PlaceSet:
    """vpr_corridor, the development set: 111 queries against 111 references."""
    folder = data / 'vpr_corridor'
    truth = json.loads((folder / 'truth.json').read_text())['query_to_references']
    queries, database = read_folder(folder / 'query'), read_folder(folder / 'ref')
    same = np.zeros((len(queries), len(database)), np.bool_)
    for query, references in truth.items():
        same[int(query), references] = True
    return PlaceSet('vpr_corridor', queries, database, same, np.ones_like(same))


def indoor_loops(data: Path, exclude_recent: int = 10) -> PlaceSet:
    """rtabmap_samples: each picture against those more than `exclude_recent` before it."""
    folder = data / 'rtabmap_samples'
    pictures = read_folder(folder / 'samples')
    same = cv2.imread(str(folder / 'samples_GT.bmp'), cv2.IMREAD_GRAYSCALE) > 127
    allowed = np.tril(np.ones_like(same), -exclude_recent - 1)
    return PlaceSet('rtabmap_samples', pictures, pictures, same & allowed, allowed)


def generated(worlds: NDArray[np.uint8]) -> PlaceSet:
    """Views of generated worlds (W, places, views, H, W, 3): the first view of each place against the second ones."""
    flat = worlds[:, :, :2].reshape(-1, 2, *worlds.shape[3:])
    same = np.eye(len(flat), dtype=np.bool_)
    return PlaceSet('generated', list(flat[:, 0]), list(flat[:, 1]), same, np.ones_like(same))


def second_lap(name: str, uri: str, changed: str, near_m: float) -> PlaceSet:
    """A flight against an earlier one over the same ground.

    Args:
        name: For people.
        uri: Simulator URI of the first flight; one lap of it is the database.
        changed: What is added to the URI for the queries ('gain=0.6&offset=3').
        near_m: Same place: cameras at most this far apart, m.
    """
    database, there = fly(uri)
    queries, here = fly(f'{uri}&{changed}')
    same = np.linalg.norm(here[:, None] - there[None], axis=2) <= near_m
    return PlaceSet(name, queries, database, same, np.ones_like(same))


def fly(uri: str, rate_hz: float = 2.0) -> tuple[list[Picture], NDArray[np.float64]]:
    """Pictures of a simulated flight, and where each was taken, (N, 3) m."""
    source = open_source(ImageSourceConfig(input=uri, rate_hz=rate_hz))
    taken = [(shot.frame.rgb, shot.T_map_base[:3, 3]) for shot in source.frames() if shot.T_map_base is not None]
    source.close()
    return [rgb for rgb, _ in taken], np.array([position for _, position in taken])


def read_folder(folder: Path) -> list[Picture]:
    """Pictures in the order of the numbers in their names, RGB."""
    files = [p for p in folder.iterdir() if p.suffix.lower() in ('.jpg', '.jpeg', '.png', '.bmp')]
    files.sort(key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r'(\d+)', p.name)])
    return [np.asarray(cv2.cvtColor(cv2.imread(str(p)), cv2.COLOR_BGR2RGB), np.uint8) for p in files]
