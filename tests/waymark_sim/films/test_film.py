# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark_sim.films import FilmLook, make_film
from waymark_sim.films.film import with_look, write_film
from waymark_sim.films.shot import EVENTS, shoot

SIZE_WH = 96, 72


@pytest.fixture(scope='module')
def film():
    return make_film(5, shots=2, size_wh=SIZE_WH)


def test_equal_seeds_give_equal_films(film):
    again = make_film(5, shots=2, size_wh=SIZE_WH)
    np.testing.assert_array_equal(again.frames, film.frames)
    assert (again.cuts, again.gradual, again.events, again.stamps_ns) == (
        film.cuts, film.gradual, film.events, film.stamps_ns
    )  # fmt: skip


def test_each_shot_but_the_first_begins_with_a_boundary(film):
    assert len(film.cuts) + len(film.gradual) == 1
    begins = sorted([*film.cuts, *(end for _, end in film.gradual)])
    assert [first for first, _, _ in film.events] == [0, *begins]
    assert film.events[-1][1] == len(film.frames) - 1
    assert len(film.stamps_ns) == len(film.frames)
    assert (np.diff(film.stamps_ns) >= 40_000_000).all()


def test_a_cut_is_where_the_picture_changes():
    film = next(f for f in (make_film(s, shots=2, size_wh=SIZE_WH, eventful=0.0) for s in range(20)) if f.cuts)
    small = np.stack([cv2.resize(f, (16, 12), interpolation=cv2.INTER_AREA) for f in film.frames]).astype(int)
    changes = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2, 3))
    for cut in film.cuts:
        assert changes[cut - 1] > 3 * np.median(changes[cut - 9 : cut + 8])


@pytest.mark.parametrize('event', EVENTS)
def test_events_leave_the_first_and_last_frames_alone(event, monkeypatch):
    monkeypatch.setattr('waymark_sim.films.shot.EVENTS', {event: EVENTS[event]})
    shot = shoot(np.random.default_rng(1), 80, SIZE_WH, eventful=True)
    assert event in shot.names
    assert shot.frames.shape == (80, 72, 96, 3)
    assert (shot.periods[:14] == 1).all()


def test_a_look_darkens_bars_and_adds_noise():
    frames = np.full((3, 40, 60, 3), 100, np.uint8)
    shown = with_look(frames, FilmLook(gain=0.5, bars=0.1), np.random.default_rng(0))
    assert (shown[:, :4] == 0).all()
    assert (shown[:, -4:] == 0).all()
    assert (shown[:, 4:-4] == 50).all()
    noisy = with_look(frames, FilmLook(noise=5.0), np.random.default_rng(0))
    assert noisy.std() == pytest.approx(5.0, abs=0.3)


@pytest.mark.parametrize('codec', ['mp4v', 'MJPG'])
def test_a_codec_gives_all_frames_back_nearly_the_same(codec):
    frames = make_film(3, shots=1, size_wh=SIZE_WH, eventful=0.0).frames[:20]
    coded = with_look(frames, FilmLook(codec=codec), np.random.default_rng(0))
    assert coded.shape == frames.shape
    assert 0 < np.abs(coded.astype(int) - frames).mean() < 12


def test_a_film_is_written_as_a_video(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (7, 48, 64, 3), np.uint8)
    capture = cv2.VideoCapture(str(write_film(tmp_path / 'film.mp4', frames)))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 7
