# SPDX-License-Identifier: Apache-2.0
"""A map for another encoder without the images behind it: its vectors are moved by a fitted matrix, if that works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.encoding import Encoder
from waymark.errors import ConfigError, MapError
from waymark.mapping.pictures import Missing, Rgb, thumbnails
from waymark.mapping.reencoding import Progress, rebuilt, with_vector
from waymark.maps import PlaceMap, encode_thumbnail
from waymark.maps.thumbnail import decode_thumbnail
from waymark.maps.translation import Translation, fit_translation
from waymark.sources import ImageSourceConfig, is_live, open_source
from waymark.training.looks import change_look, turn_camera

_FEWEST = 40  # images, of which a third is held out
_CHUNKS = 12
_STRENGTH = 0.6  # of the changes that held-out views are looked for through
_LOOKS = 4  # such views of each held-out image: of a few dozen images one alone says little
_SEED = 90_004
# Changed views that are fitted to as well: of how many images, how many of each at most, and in all about. Of 111
# images, 4 views each leave recall .06 lower than 16 do; 23 are no better.
_MOST_VARIED, _MOST_VIEWS, _VIEWS_IN_ALL = 600, 16, 2400
_AT_ONCE = 16
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Images in order, encoded by both.

    Attributes:
        pictures: As small as encoders take them.
        source: (N, D_from) by the map's encoder.
        target: (N, D_to) by the new one.
        places: (N,) number of the place that each shows.
        neighbours: Places whose numbers differ by no more than this count as the same.
        old: The map's encoder, where it is at hand.
    """

    pictures: Sequence[Rgb]
    source: Vectors
    target: Vectors
    places: NDArray[np.int64]
    neighbours: int
    old: Encoder | None = None


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a translation is worth, on images that it was not fitted to.

    Each held-out image, seen through turned cameras in other light, is encoded by the new encoder and looked for
    among all images: in their own new vectors, and in the translated old ones.

    Attributes:
        translation: The fitted matrix.
        fitted: Images it was fitted to.
        views: Changed views of them that it was fitted to, too.
        held_out: Images looked for.
        recall_own: Share of those views found among vectors that the new encoder made.
        recall_translated: Share of those views found among translated vectors.
    """

    translation: Translation
    fitted: int
    views: int
    held_out: int
    recall_own: float
    recall_translated: float

    @property
    def fall(self) -> float:
        """Recall that translating costs."""
        return self.recall_own - self.recall_translated

    def __str__(self) -> str:
        return (
            f'{self.translation.kind}, fitted to {self.fitted} images and {self.views} changed views of them; '
            f'of {self.held_out} held-out ones the translated '
            f'vectors find {self.recall_translated:.3f}, vectors by the new encoder itself {self.recall_own:.3f}: '
            f'recall at 1 falls by {self.fall:.3f}'
        )

    def require_fall(self, most: float) -> None:
        """Refuse a translation that costs more recall than allowed.

        Raises:
            MapError: With the numbers and what to do.
        """
        if self.fall > most:
            raise MapError(
                f'the map was not translated: {self}, allowed are {most:g}. Fit it on a longer recording of the same '
                'surroundings (--from), re-encode the map from its images (waymark map reencode), or allow more '
                '(--max-fall).'
            )


def pairs_of_thumbnails(
    place_map: PlaceMap, new: Encoder, old: Encoder | None = None, progress: Progress | None = None
) -> Pairs:
    """The keyframes that have thumbnails: old vectors as stored, new ones of the thumbnails."""
    found = list(thumbnails(place_map, Missing()))
    source = np.array([place_map.keyframes[i].vector for i, _ in found], np.float32).reshape(len(found), -1)
    pictures = [picture for _, picture in found]
    places = np.array([place_map.keyframes[i].place_id for i, _ in found], np.int64)
    return Pairs(pictures, source, _encoded(new, pictures, progress), places, 0, old)


def pairs_of_recording(
    uri: str, old: Encoder, new: Encoder, most: int = 600, progress: Progress | None = None
) -> Pairs:
    """Frames of a recording, evenly spread, encoded by both.

    Args:
        uri: Video, folder, bag or simulator.
        old: The map's encoder.
        new: The other one.
        most: Frames kept at most.
        progress: Told frames looked at, and their number (0 where unknown).

    Raises:
        SourceError: The recording can't be read.
        ConfigError: It is live.
    """
    if is_live(uri):
        raise ConfigError(f'{uri!r} is live. Record it first.')
    kept: list[tuple[Rgb, NDArray[np.float32], NDArray[np.float32]]] = []
    stride = 1
    source = open_source(ImageSourceConfig(input=uri, pace='fast'))
    try:
        for number, item in enumerate(source.frames()):
            if number % stride == 0:
                rgb = item.frame.rgb
                kept.append((decode_thumbnail(encode_thumbnail(rgb)), old.encode(rgb).vector, new.encode(rgb).vector))
            if len(kept) > most:
                kept, stride = kept[::2], 2 * stride
            if progress is not None:
                progress(number + 1, source.info.frame_count or 0)
    finally:
        source.close()
    rows = [np.array([k[i] for k in kept], np.float32).reshape(len(kept), -1) for i in (1, 2)]
    return Pairs([k[0] for k in kept], rows[0], rows[1], np.arange(len(kept)), 2, old)


def judge(pairs: Pairs, new: Encoder, most_views: int = _MOST_VIEWS) -> Judgement:
    """Fit on two thirds of the images, in chunks, and look the rest up; the matrix returned is fitted to all.

    With the map's encoder at hand it is fitted to changed views of the images, too: turned cameras, other light.

    Args:
        pairs: What both encoders have seen.
        new: The one whose space is wanted.
        most_views: Changed views of each image, at most.

    Raises:
        MapError: There are too few images.
    """
    count = len(pairs.pictures)
    if count < _FEWEST:
        raise MapError(
            f'a translation needs at least {_FEWEST} images that both encoders have seen, there are {count}. Fit it on '
            'a recording (--from), or re-encode the map: waymark map reencode.'
        )
    # Neighbouring images are nearly the same: only whole stretches are truly held out.
    is_held = (np.arange(count) * _CHUNKS // count) % 3 == 1
    source, target, groups = _with_views(pairs, new, most_views)
    is_fitted = ~is_held[groups]
    trial = fit_translation(source[is_fitted], target[is_fitted], groups[is_fitted])
    rng = np.random.default_rng(_SEED)
    asked = np.repeat(np.flatnonzero(is_held), _LOOKS)
    views = [change_look(turn_camera(pairs.pictures[int(i)], rng, _STRENGTH), rng, _STRENGTH) for i in asked]
    queries = _encoded(new, views)
    own, translated = (_recall(queries, rows, asked, pairs) for rows in (pairs.target, trial.apply(pairs.source)))
    final, fitted = fit_translation(source, target, groups), int((~is_held).sum())
    return Judgement(final, fitted, int(is_fitted.sum()) - fitted, int(is_held.sum()), own, translated)


def _with_views(pairs: Pairs, new: Encoder, most: int) -> tuple[Vectors, Vectors, NDArray[np.int64]]:
    """Vectors of the images and of changed views of them by both encoders, and the number of each one's image."""
    numbers = np.arange(len(pairs.pictures))
    if pairs.old is None:
        return pairs.source, pairs.target, numbers
    rng = np.random.default_rng(_SEED + 1)
    varied = np.unique(np.linspace(0, len(numbers) - 1, min(len(numbers), _MOST_VARIED)).round().astype(np.int64))
    groups = np.tile(varied, min(_VIEWS_IN_ALL // len(varied), most))
    rows: list[list[Vectors]] = [[pairs.source], [pairs.target]]
    for start in range(0, len(groups), _AT_ONCE):  # views of a large map are not all held in memory
        images = [pairs.pictures[i] for i in groups[start : start + _AT_ONCE]]
        views = [change_look(turn_camera(picture, rng, _STRENGTH), rng, _STRENGTH) for picture in images]
        for found, encoder in zip(rows, (pairs.old, new), strict=True):
            found.append(_encoded(encoder, views))
    return np.concatenate(rows[0]), np.concatenate(rows[1]), np.concatenate([numbers, groups])


def translate(place_map: PlaceMap, translation: Translation, new: Encoder) -> PlaceMap:
    """A new map with every vector moved; everything else stays as it is."""
    ids, vectors = place_map.vectors()
    moved = translation.apply(vectors) if len(ids) else vectors
    made = {int(i): with_vector(place_map.keyframes[int(i)], row) for i, row in zip(ids, moved, strict=True)}
    return rebuilt(place_map, made, new)


def _encoded(encoder: Encoder, pictures: Sequence[Rgb], progress: Progress | None = None) -> Vectors:
    rows = []
    for start in range(0, len(pictures), _AT_ONCE):
        rows += [e.vector for e in encoder.encode_batch(pictures[start : start + _AT_ONCE])]
        if progress is not None:
            progress(len(rows), len(pictures))
    return np.array(rows, np.float32).reshape(len(rows), encoder.dim)


def _recall(queries: Vectors, rows: Vectors, numbers: NDArray[np.intp], pairs: Pairs) -> float:
    best = (queries @ rows.T).argmax(axis=1)
    apart = np.abs(pairs.places[best] - pairs.places[numbers])
    return float((apart <= pairs.neighbours).mean())
