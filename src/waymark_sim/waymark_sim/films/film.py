# SPDX-License-Identifier: Apache-2.0
"""Shots joined by cuts, dissolves and fades, as some camera or codec hands them on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from waymark_sim.films.shot import Frames, Shot, shoot

PERIOD_NS = 40_000_000
JOINS = 'cut', 'cut', 'cut', 'cut', 'dissolve', 'fade'


@dataclass(frozen=True)
class FilmLook:
    """What is done to all frames of a film.

    Attributes:
        gain: Factor on brightness.
        noise: Standard deviation, levels of 255, new in each frame.
        grain: Likewise, in spots of two pixels.
        bars: Black above and below, each as a share of the height.
        codec: FourCC of a lossy codec, '' for none.
    """

    gain: float = 1.0
    noise: float = 0.0
    grain: float = 0.0
    bars: float = 0.0
    codec: str = ''


@dataclass(frozen=True, eq=False)
class Film:
    """Frames and what is known of them.

    Attributes:
        frames: (n, h, w, 3) uint8 RGB.
        cuts: First frames of shots that follow a hard cut.
        gradual: (first mixed or dimmed frame, first frame of the new shot alone and fully lit) of dissolves and fades.
        events: (first, last frame, names) of each shot's motion and of what happens in it that is no boundary.
        stamps_ns: 40 ms apart; where frames were dropped, as much more as they would have taken.
    """

    frames: Frames
    cuts: tuple[int, ...]
    gradual: tuple[tuple[int, int], ...]
    events: tuple[tuple[int, int, str], ...]
    stamps_ns: tuple[int, ...]


def make_film(seed: int, shots: int = 8, size_wh: tuple[int, int] = (320, 240), eventful: float = 0.6) -> Film:
    """Make a film; equal seeds give equal films.

    Args:
        seed: Decides everything.
        shots: Number of shots, 60 to 119 frames each.
        size_wh: px.
        eventful: Share of shots in which something happens that is no cut.
    """
    rng = np.random.default_rng((seed, 71))
    drawn = (shoot(rng, int(rng.integers(60, 120)), size_wh, rng.random() < eventful) for _ in range(shots))
    film = join_shots(rng, drawn)
    return replace(film, frames=with_look(film.frames, draw_look(rng), rng))


def join_shots(rng: np.random.Generator, shots: Iterable[Shot]) -> Film:
    """Join shots of one size, at least one and each of 35 frames or more, by cuts, dissolves and fades."""
    cuts, gradual, events = [], [], []
    film: Shot | None = None
    for shot in shots:
        if film is None:
            begin, film = 0, shot
        else:
            kind = JOINS[int(rng.integers(len(JOINS)))]
            (start, begin), film = _JOINED[kind](rng, film, shot)
            if kind == 'cut':
                cuts.append(begin)
            else:
                gradual.append((start, begin))
        events.append((begin, len(film.frames) - 1, shot.names))
    assert film is not None
    stamps_ns = np.cumsum(film.periods).astype(np.int64) * PERIOD_NS
    return Film(film.frames, tuple(cuts), tuple(gradual), tuple(events), tuple(int(s) for s in stamps_ns))


_Joined = tuple[tuple[int, int], Shot]  # first changed frame, first wholly new frame; the film


def _cut(rng: np.random.Generator, old: Shot, new: Shot) -> _Joined:
    at = len(old.frames)
    frames = np.concatenate([old.frames, new.frames])
    return (at, at), Shot('', frames, np.concatenate([old.periods, new.periods]))


def _dissolve(rng: np.random.Generator, old: Shot, new: Shot) -> _Joined:
    n = int(rng.integers(6, 31))
    share = (np.arange(1, n + 1) / (n + 1))[:, None, None, None]
    mixed = np.rint(old.frames[-n:] * (1 - share) + new.frames[:n] * share).astype(np.uint8)
    frames = np.concatenate([old.frames[:-n], mixed, new.frames[n:]])
    end = len(old.frames)
    return (end - n, end), Shot('', frames, np.concatenate([old.periods, new.periods[n:]]))


def _fade(rng: np.random.Generator, old: Shot, new: Shot) -> _Joined:
    out, hold, into = (int(v) for v in rng.integers((5, 2, 5), (20, 15, 20)))
    falling = (np.arange(out, 0, -1) / (out + 1))[:, None, None, None]
    rising = (np.arange(1, into + 1) / (into + 1))[:, None, None, None]
    dark = np.rint(old.frames[-out:] * falling).astype(np.uint8)
    black = np.zeros((hold, *dark.shape[1:]), np.uint8)
    light = np.rint(new.frames[:into] * rising).astype(np.uint8)
    frames = np.concatenate([old.frames[:-out], dark, black, light, new.frames[into:]])
    periods = np.concatenate([old.periods, np.ones(hold), new.periods])
    start = len(old.frames) - out
    return (start, start + out + hold + into), Shot('', frames, periods)


_JOINED = {'cut': _cut, 'dissolve': _dissolve, 'fade': _fade}


def draw_look(rng: np.random.Generator) -> FilmLook:
    """Draw a look: half of all films are clean, the others dark, noisy, grainy, barred or compressed."""
    if rng.random() < 0.3:
        return FilmLook()
    return FilmLook(
        float(rng.uniform(0.12, 1.0)) if rng.random() < 0.4 else 1.0,
        float(rng.uniform(2, 10)) if rng.random() < 0.4 else 0.0,
        float(rng.uniform(3, 12)) if rng.random() < 0.4 else 0.0,
        float(rng.uniform(0.08, 0.16)) if rng.random() < 0.3 else 0.0,
        str(rng.choice(['mp4v', 'MJPG'])) if rng.random() < 0.6 else '',
    )


def with_look(frames: Frames, look: FilmLook, rng: np.random.Generator) -> Frames:
    """Return the frames as this look shows them."""
    n, h, w = frames.shape[:3]
    bar = round(look.bars * h)
    shown = np.empty_like(frames)
    for i, frame in enumerate(frames):
        image = np.where(frame < 255, frame * np.float32(look.gain), np.float32(255))  # blown out stays so
        if look.noise:
            image += rng.normal(0, look.noise, image.shape).astype(np.float32)
        if look.grain:
            spots = rng.normal(0, look.grain, (-(-h // 2), -(-w // 2))).astype(np.float32)
            image += cv2.resize(spots, (w, h), interpolation=cv2.INTER_NEAREST)[..., None]
        shown[i] = np.clip(image, 0, 255)
        if bar:
            shown[i, :bar] = shown[i, h - bar :] = 0
    return _coded(shown, look.codec) if look.codec else shown


def _coded(frames: Frames, codec: str) -> Frames:
    with tempfile.TemporaryDirectory() as folder:
        path = write_film(Path(folder) / f'film.{"mp4" if codec == "mp4v" else "avi"}', frames, codec)
        capture = cv2.VideoCapture(str(path))
        for i in range(len(frames)):
            ok, image = capture.read()
            if not ok:
                raise RuntimeError(f'{codec}: frame {i} of {len(frames)} did not come back')
            frames[i] = image[..., ::-1]
        capture.release()
    return frames


def write_film(path: Path, frames: Frames, codec: str = 'mp4v', rate_hz: float = 25.0) -> Path:
    """Write frames (n, h, w, 3) RGB as a video file."""
    size_wh = frames.shape[2], frames.shape[1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), rate_hz, size_wh)
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path
