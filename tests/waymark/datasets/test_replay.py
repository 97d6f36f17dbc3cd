# SPDX-License-Identifier: Apache-2.0
"""A policy over recorded episodes: it is asked with what was seen, and its answers are held against what was done."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.datasets import Dataset, DatasetWriter, Feature
from waymark.datasets.replay import replay_episode, replay_figures, require_fit
from waymark.datasets.replay_plot import replay_picture, write_replay_plot
from waymark.datasets.replay_run import chosen_episodes
from waymark.errors import ConfigError, PolicyError, SourceError
from waymark.policy.contract import CameraFeature, Contract, VectorFeature

FRONT, NAMES = 'observation.images.front', ('left', 'right')
STEPS = 25


def contract(**changed):
    values = {
        'policy_type': 'act',
        'cameras': (CameraFeature(FRONT, (32, 24)),),
        'states': (VectorFeature('observation.state', 2, NAMES),),
        'action': VectorFeature('action', 2, NAMES),
        'chunk_steps': 10,
        'fps': 10.0,
    }
    return Contract(**values | changed)


class Ahead:
    """Knows the recording: the action of step k is (k, -k), and it answers so, its second element off by a half."""

    def __init__(self, known=None):
        self.contract = known or contract()
        self.asked = []

    def predict(self, observation, seed=None):
        self.asked.append((seed, observation))
        first = np.ravel(observation['observation.state'])[-2]
        k = first + np.arange(self.contract.chunk_steps, dtype=np.float32)
        return np.column_stack([k, 0.5 - k]).astype(np.float32)


@pytest.fixture
def dataset(tmp_path):
    """An episode whose state and action at step k are (k, -k), and whose images show k; another of two steps."""
    features = {key: Feature('float32', (2,), NAMES) for key in ('observation.state', 'action')}
    with DatasetWriter(tmp_path / 'data', 10, features | {FRONT: Feature('image', (48, 64, 3))}) as writer:
        for count in (STEPS, 2):
            for k in range(count):
                value = np.array([k, -k], np.float32)
                picture = np.full((48, 64, 3), 5 * k, np.uint8)
                writer.add({'observation.state': value, 'action': value, FRONT: picture})
            writer.save_episode('count')
    return Dataset(tmp_path / 'data')


def test_each_step_is_answered_once_with_what_was_seen_then(dataset):
    policy = Ahead()

    replayed = replay_episode(dataset, dataset.episodes[0], policy)

    assert [(k, len(c)) for k, c in replayed.chunks] == [(0, 10), (10, 10), (20, 5)]
    assert [seed for seed, _ in policy.asked] == [0, 10, 20]
    for seed, seen in policy.asked:
        assert seen[FRONT].shape == (24, 32, 3) and (seen[FRONT] == 5 * seed).all()
        assert seen['task'] == 'count'
    np.testing.assert_allclose(replayed.errors, np.tile([0.0, 0.5], (STEPS, 1)), atol=1e-6)


def test_figures_stand_beside_those_of_holding_the_last_action(dataset):
    figures = replay_figures([replay_episode(dataset, dataset.episodes[0], Ahead())])

    assert figures['mean_absolute_error'] == 0.25
    assert figures['per_action'] == {'left': 0.0, 'right': 0.5}
    # Asked at 0, 10, 20: the action before is 0, 9, 19; the steps after are off by 0..9, 1..10, 1..5.
    assert figures['mean_absolute_error_hold'] == pytest.approx((45 + 55 + 15) / 25)
    assert (figures['steps'], figures['questions']) == (STEPS, 3)


def test_asked_at_every_step_the_answers_overlap(dataset):
    replayed = replay_episode(dataset, dataset.episodes[1], Ahead(), every=1)

    assert [(k, len(c)) for k, c in replayed.chunks] == [(0, 2), (1, 1)]


def test_a_policy_that_wants_two_observations_gets_the_first_twice(dataset):
    policy = Ahead(contract(observation_steps=2, chunk_steps=8))

    replay_episode(dataset, dataset.episodes[0], policy)

    firsts = [seen['observation.state'][:, 0].tolist() for _, seen in policy.asked]
    assert firsts[:2] == [[0.0, 0.0], [7.0, 8.0]]


@pytest.mark.parametrize(
    ('changed', 'text'),
    [
        ({'cameras': (CameraFeature('observation.images.top', (32, 24)),)}, 'no camera observation.images.top'),
        ({'states': (VectorFeature('observation.state', 3),)}, 'observation.state of 2 numbers, the policy has 3'),
        ({'action': VectorFeature('action', 2, ('left', 'up'))}, 'action with right instead of up'),
        ({'fps': 30.0}, 'has 10 steps per second, the policy learned from 30'),
    ],
)
def test_a_dataset_that_does_not_go_with_the_policy_is_refused_by_name(dataset, changed, text):
    with pytest.raises(PolicyError, match=text):
        require_fit(contract(**changed), dataset)


def test_a_dataset_that_goes_with_the_policy_is_taken(dataset):
    require_fit(contract(fps=None), dataset)


def test_the_picture_shows_both_curves_where_their_values_are(dataset, tmp_path):
    replayed = replay_episode(dataset, dataset.episodes[0], Ahead())

    picture = replay_picture(replayed, 'counting')

    green = (np.abs(picture[44:, 380:].astype(int) - (40, 130, 60)).sum(axis=2) < 60).nonzero()
    red = (np.abs(picture[44:, 380:].astype(int) - (205, 60, 30)).sum(axis=2) < 60).nonzero()
    # The second element falls; what was predicted is larger by a half, so it is drawn above.
    assert np.corrcoef(green)[0, 1] > 0.99
    assert np.polyval(np.polyfit(*red[::-1], 1), 200) < np.polyval(np.polyfit(*green[::-1], 1), 200) - 1
    write_replay_plot(tmp_path / 'plots' / 'e.png', replayed, 'counting')
    assert cv2.imread(str(tmp_path / 'plots' / 'e.png')).shape == picture.shape
    with pytest.raises(ConfigError, match='ends in .png'):
        write_replay_plot(tmp_path / 'e.nothing', replayed, 'counting')


def test_a_real_dataset_without_its_videos_says_which_are_missing(shared_data):
    dataset = Dataset(shared_data('lerobot_v3_so101_record_test'))
    sizes = {'states': (VectorFeature('observation.state', 6),), 'action': VectorFeature('action', 6), 'fps': 30.0}
    sees = contract(cameras=(CameraFeature('observation.images.front', (640, 480)),), **sizes)

    with pytest.raises(SourceError, match='none of its 4 episodes is whole: videos/observation.images.front'):
        chosen_episodes(dataset, sees, ())
    with pytest.raises(SourceError, match='episode 2 lacks videos/observation.images.front'):
        chosen_episodes(dataset, sees, (2,))
    # A policy that looks at nothing needs no video.
    assert [e.index for e in chosen_episodes(dataset, contract(cameras=(), **sizes), (2,))] == [2]
    steps = list(dataset.steps(dataset.episodes[3]))
    assert len(steps) == dataset.episodes[3].length
    assert dataset.info.features['action'].names[-1] == 'gripper.pos'


def test_a_real_dataset_of_the_older_format_is_read_with_its_video(shared_data):
    dataset = Dataset(shared_data('lerobot_g1_real'))

    (episode,) = dataset.present(dataset.info.cameras)
    step = next(dataset.steps(episode, dataset.info.cameras))

    assert (episode.index, episode.length, step.task) == (29, 221, 'Pick up the yellow bottle on the table.')
    assert step.images['observation.images.cam_high'].std() > 20
    assert dataset.info.features['action'].names[0] == 'kLeftShoulderPitch'
