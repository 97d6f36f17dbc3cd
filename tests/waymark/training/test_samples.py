# SPDX-License-Identifier: Apache-2.0
"""Pairs of views: what counts as the same place, and what never as another."""

from __future__ import annotations

import numpy as np

from waymark.training.samples import RecordingSampler, WorldSampler

SIZE_WH = 32, 24


def lap_twice(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames that are even pictures of their place's number, and unit vectors; each place is passed twice."""
    places = np.tile(np.arange(count), 2)
    frames = (places * (200 // count) + 20).astype(np.uint8)[:, None, None, None] * np.ones((1, 24, 32, 3), np.uint8)
    angle = 2 * np.pi * places / count
    return frames, np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


def sampler(batch: int = 6, neighbours: int = 1, strength: float = 0.0, **more) -> RecordingSampler:
    frames, vectors = lap_twice(20)
    return RecordingSampler(frames, vectors, SIZE_WH, batch, neighbours, strength, **more)


def place(view: np.ndarray) -> int:
    return round((float(view.mean()) - 20) / 10)


def test_the_generator_decides_the_pairs():
    first, second = (sampler(strength=1.0).draw(np.random.default_rng(4)).views for _ in range(2))
    assert np.array_equal(first, second)
    assert first.shape == (2, 6, 24, 32, 3)


def test_the_second_view_is_of_the_frame_or_a_neighbour():
    for seed in range(20):
        for a, b in zip(*sampler().draw(np.random.default_rng(seed)).views, strict=True):
            assert abs(place(a) - place(b)) in (0, 1, 19)


def test_one_place_on_two_laps_is_never_its_own_negative():
    for seed in range(20):
        places = [place(view) for view in sampler(batch=40).draw(np.random.default_rng(seed)).views[0]]
        apart = np.abs(np.subtract.outer(places, places)) + 40 * np.eye(len(places), dtype=int)
        assert min(apart.min(), (20 - apart[apart < 40]).min()) >= 1


def test_a_teacher_s_vectors_go_with_their_frames():
    teacher = np.arange(40, dtype=np.float32)[:, None]
    pairs = sampler(teacher=teacher).draw(np.random.default_rng(0))
    assert pairs.teacher is not None
    assert pairs.teacher.shape == (2, 6, 1)
    assert [int(t) % 20 for t in pairs.teacher[0, :, 0]] == [place(v) for v in pairs.views[0]]


def test_a_step_takes_all_places_of_some_worlds_twice():
    visits = np.zeros((5, 3, 4, 27, 36, 3), np.uint8)
    visits[:] = 40 * np.arange(5)[:, None, None, None, None, None] + 10 * np.arange(3)[:, None, None, None, None] + 1
    views = WorldSampler(visits, SIZE_WH, 2).draw(np.random.default_rng(1)).views
    assert views.shape == (2, 6, 24, 32, 3)
    assert np.array_equal(views, WorldSampler(visits, SIZE_WH, 2).draw(np.random.default_rng(1)).views)
