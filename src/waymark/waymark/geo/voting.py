# SPDX-License-Identifier: Apache-2.0
"""Matches that vote: each is a similarity of its own, and those that agree are counted (Lowe, IJCV 2004, 7.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.geo.local_features import LocalFeatures

_CHUNK = 200_000  # map features that a photo is compared with at once
_SCALE_OCTAVES = 0.7  # by which two matches that agree may differ in scale
_TURN_RAD = np.radians(25.0)
_SHIFT = 0.06  # of the photo's diagonal, by which they may differ in place: tilt and relief bend a similarity
_MOST_VOTERS = 2500


@dataclass(frozen=True, eq=False)
class Matches:
    """Features of a photo and of a map that look alike.

    Attributes:
        photo: (M,) rows of the photo's features.
        ground: (M,) rows of the map's features.
        likeness: (M,) cosine.
    """

    photo: NDArray[np.intp]
    ground: NDArray[np.intp]
    likeness: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.photo)


@dataclass(frozen=True, eq=False)
class Vote:
    """A similarity, and who is for it.

    Attributes:
        z: Map px per photo px and the turn, as a complex number: map = z * photo + t, points as x + iy.
        t: Where photo pixel 0 is on the map.
        voters: (V,) rows of the matches.
        count: How many different features of photo and map they are.
    """

    z: complex
    t: complex
    voters: NDArray[np.intp]
    count: int

    def on_map(self, points_px: NDArray[np.floating]) -> NDArray[np.float64]:
        """Photo px (N, 2) to map px."""
        moved = self.z * (points_px[:, 0] + 1j * points_px[:, 1]) + self.t
        return np.column_stack([moved.real, moved.imag])


def nearest(photo: LocalFeatures, ground: LocalFeatures) -> Matches:
    """For each feature of the photo the most alike one of a whole map: no ratio test, the map may have twins."""
    if len(photo) == 0 or len(ground) == 0:
        return Matches(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.float32))
    here = _unit(photo.descriptors)
    best, likeness = np.zeros(len(photo), np.intp), np.full(len(photo), -1, np.float32)
    for start in range(0, len(ground), _CHUNK):
        cosine = here @ _unit(ground.descriptors[start : start + _CHUNK]).T
        row = cosine.argmax(axis=1)
        value = cosine[np.arange(len(photo)), row]
        better = value > likeness
        best[better], likeness[better] = row[better] + start, value[better]
    return Matches(np.arange(len(photo)), best, likeness)


def mutual(photo: LocalFeatures, ground: LocalFeatures, ratio: float) -> Matches:
    """Nearest neighbours of each other that pass the ratio test; among the features of one region."""
    none = np.zeros(0, np.intp)
    if len(photo) < 2 or len(ground) < 2:
        return Matches(none, none, np.zeros(0, np.float32))
    cosine = _unit(photo.descriptors) @ _unit(ground.descriptors).T
    best = cosine.argmax(axis=1)
    rows = np.flatnonzero(cosine.argmax(axis=0)[best] == np.arange(len(photo)))
    first = cosine[rows, best[rows]]
    rest = cosine[rows]
    rest[np.arange(len(rows)), best[rows]] = -1
    # |x - y|^2 = 2 - 2 x.y
    kept = np.maximum(1 - first, 1e-6) < ratio**2 * np.maximum(1 - rest.max(axis=1), 1e-6)
    return Matches(rows[kept], best[rows[kept]], first[kept])


def tally(
    photo: LocalFeatures,
    ground: LocalFeatures,
    matches: Matches,
    diagonal_px: float,
    scale_range: tuple[float, float],
    most: int,
) -> list[Vote]:
    """Count who agrees with whom.

    Args:
        photo: Features of the photo.
        ground: Features of the map.
        matches: Between them.
        diagonal_px: Of the photo.
        scale_range: Smallest and largest map px per photo px.
        most: Votes that are returned.

    Returns:
        The similarities that most matches agree with, none of which shares its voters with one before it.
    """
    ratio = ground.scales_px[matches.ground] / photo.scales_px[matches.photo]
    usable = np.flatnonzero((ratio >= scale_range[0] / 1.5) & (ratio <= scale_range[1] * 1.5))
    if len(usable) > _MOST_VOTERS:
        usable = usable[np.argsort(-matches.likeness[usable], kind='stable')[:_MOST_VOTERS]]
    if len(usable) == 0:
        return []
    agree, z, t = _agreements(photo, ground, matches, usable, ratio[usable], diagonal_px)
    in_range = (np.abs(z) >= scale_range[0]) & (np.abs(z) <= scale_range[1])
    found: list[Vote] = []
    free = np.ones(len(usable), np.bool_)
    while len(found) < most:
        counts = np.where(in_range & free, (agree & free).sum(axis=1), 0)
        best = int(counts.argmax())
        if counts[best] < 2:
            break
        voters = np.flatnonzero(agree[best] & free)
        free[voters] = False
        rows = usable[voters]
        count = min(_different(photo, matches.photo[rows]), len(np.unique(matches.ground[rows])))
        found.append(Vote(complex(z[best]), complex(t[best]), rows, count))
    return sorted(found, key=lambda v: -v.count)


def _agreements(
    photo: LocalFeatures,
    ground: LocalFeatures,
    matches: Matches,
    usable: NDArray[np.intp],
    ratio: NDArray[np.float64],
    diagonal_px: float,
) -> tuple[NDArray[np.bool_], NDArray[np.complex128], NDArray[np.complex128]]:
    """(U, U) who agrees with whose similarity, and the similarities."""
    p = photo.points_px[matches.photo[usable]] @ (1, 1j)
    m = ground.points_px[matches.ground[usable]] @ (1, 1j)
    turn = ground.turns_rad[matches.ground[usable]] - photo.turns_rad[matches.photo[usable]]
    z = ratio * np.exp(1j * turn)
    t = m - z * p
    off = np.abs(z[:, None] * p + t[:, None] - m)
    agree = off < _SHIFT * diagonal_px * ratio[:, None]
    octave = np.log2(ratio)
    agree &= np.abs(octave[:, None] - octave) < _SCALE_OCTAVES
    agree &= np.cos(turn[:, None] - turn) > np.cos(_TURN_RAD)
    return agree, z, t


def _different(photo: LocalFeatures, rows: NDArray[np.intp]) -> int:
    """How many places of the photo: it is described at several sizes, and the same corner counts once."""
    cells = np.rint(photo.points_px[rows] / np.maximum(photo.scales_px[rows, None] / 2, 2.0))
    return len(np.unique(cells, axis=0))


def _unit(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    plane = descriptors.astype(np.float32)
    return np.asarray(plane / np.maximum(np.linalg.norm(plane, axis=1, keepdims=True), 1e-6), np.float32)
