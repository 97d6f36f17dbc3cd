# SPDX-License-Identifier: Apache-2.0
"""The figures of benchmarks/scores.py and the peers of benchmarks/token_metrics.py are what they claim to be."""

import numpy as np
import pytest
import scores
import token_metrics
from score_streams import Pairs, laps, overlap, spliced, successive

from waymark.encoding import EncoderConfig, load_encoder
from waymark.similarity import cka, vit_score
from waymark_sim.world import build_world

NO_TOKENS = np.zeros((4, 0, 0), np.float32)
SMALL = 'sim:ground?seed=3&ground_px=512&width=64&height=48&noise=0&pad=0&lap_s=10'


@pytest.fixture(scope='module')
def world():
    return build_world(SMALL)


@pytest.mark.parametrize(
    ('move_m', 'expected'),
    [((0, 0), 1.0), ((11.547, 0), 0.5), ((0, 15.396), 0.5), ((60, 0), 0.0)],
)
def test_overlap_is_the_share_of_the_view(world, move_m, expected):
    """From 20 m with 60 degrees the camera sees 23.094 m along its height and 30.792 m along its width."""
    pose = np.eye(4)
    pose[2, 3] = 20
    moved = pose.copy()
    moved[:2, 3] = move_m
    assert overlap(world, pose, moved) == pytest.approx(expected, abs=0.02)


def test_average_precision_is_as_computed_by_hand():
    right = np.array([True, False, True, False])
    assert scores.average_precision(np.array([0.9, 0.8, 0.7, 0.1]), right) == pytest.approx((1 + 2 / 3) / 4)


def test_queries_without_an_answer_do_not_count_and_the_best_match_does():
    pairs = Pairs(
        np.eye(4),
        NO_TOKENS,
        np.array([0, 1, 0, 1]),
        np.array([2, 2, 3, 3]),
        np.full(4, 2),
        np.array([False, True, False, False]),
    )
    found, right = scores.best_matches(pairs, np.array([0.2, 0.3, 0.9, 0.1]))
    np.testing.assert_array_equal(found, [0.3])
    np.testing.assert_array_equal(right, [True])


def test_a_running_mean_knows_only_what_came_before():
    np.testing.assert_allclose(scores.running_means(np.array([[2.0], [4.0], [9.0]]), None), [[2], [2], [3], [5]])


def test_the_threshold_lies_in_the_middle_of_a_gap():
    np.testing.assert_allclose(scores.thresholds(np.array([0.1, 0.9, 0.9, 0.5])), [0.3, 0.7])


def test_frames_after_a_cut_are_not_the_same_as_the_one_before():
    pairs = successive(np.eye(4), NO_TOKENS, (2,))
    np.testing.assert_array_equal(pairs.same, [True, False, True])
    np.testing.assert_array_equal(pairs.known, pairs.second)


def test_every_method_scores_every_pair_and_finds_the_second_lap_in_the_first():
    pairs = laps(load_encoder(EncoderConfig()), SMALL)
    assert len(pairs.vectors) == 40 and pairs.same.reshape(20, 20).any(axis=1).all()
    for method in scores.METHODS:
        settings = method.settings()[-1]
        values = method.score(pairs, **settings)
        assert values.shape == pairs.same.shape and np.isfinite(values).all()
        assert scores.judge_retrieval([pairs], [values], 0.0)['R@1'] > 0.5, method.name


def test_a_spliced_clip_has_as_many_cuts_as_pieces_less_one():
    pairs = spliced(load_encoder(EncoderConfig()), (SMALL, SMALL.replace('seed=3', 'seed=4')), seed=0)
    assert (~pairs.same).sum() == 23
    right = np.where(pairs.same, 0.9, 0.1)
    assert scores.judge_boundaries([pairs], [right], 0.5) == {'F1': 1, 'best': 1}
    assert scores.judge_boundaries([pairs], [right], 0.0)['F1'] == 0


def test_the_table_marks_the_best_of_each_line():
    rows = {
        'cosine': {'settings': {}, 'threshold': 0, 'sets': {'rooms': {'R@1': 0.5}}},
        'after': {'settings': {'temperature': 0.2, 'memory': None}, 'threshold': 0, 'sets': {'rooms': {'R@1': 0.75}}},
    }
    assert scores.table(rows).splitlines() == [
        '| set: figure | cosine | after (temperature 0.2, memory all) |',
        '|---|---|---|',
        '| rooms: R@1 | 0.500 | **0.750** |',
    ]


def test_the_peers_compute_the_same():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 6)), rng.normal(size=(20, 5))
    assert token_metrics.cka_naive(x, y) == pytest.approx(float(cka(x, y)), abs=1e-12)
    y = rng.normal(size=(20, 6))
    assert token_metrics.vit_score_loops(x, y) == pytest.approx(float(vit_score(x, y)), abs=1e-12)
    assert token_metrics.vit_score_matmul(x, y) == pytest.approx(float(vit_score(x, y)), abs=1e-12)
