# SPDX-License-Identifier: Apache-2.0
"""From a bag to a dataset: each step holds what was known at its moment, and what was commanded then."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.datasets import Dataset, DatasetWriter
from waymark.datasets.plan import read_plan
from waymark.datasets.recording import record_bags
from waymark.errors import SourceError

from .conftest import START_S, command, flight, shade

FRONT = 'observation.images.front'


@pytest.fixture
def recorded(tmp_path, plan_file, write_bag):
    """Record bags of these messages; the dataset and what was told."""

    def run(*flights, changes=(), images='image', late_s=0.01):
        plan = read_plan(plan_file(*changes))
        bags = [write_bag(messages, f'bag{i}', late_s) for i, messages in enumerate(flights)]
        folder = tmp_path / 'dataset'
        with DatasetWriter(folder, plan.fps, plan.features(images), plan.robot_type) as writer:
            told = record_bags(bags, plan, writer)
        return Dataset(folder), told

    return run


def steps_of(dataset):
    return [list(dataset.steps(e, dataset.info.cameras)) for e in dataset.episodes]


def test_each_step_holds_the_newest_observation_and_the_command_that_followed_it(recorded):
    dataset, told = recorded(flight())

    (steps,) = steps_of(dataset)
    assert (told.episodes, told.frames, told.gaps, told.skipped) == (1, len(steps), 0, 0)
    assert len(steps) == 15
    times = np.arange(15) * 0.1 + 0.02  # the first command is the last topic to speak
    known = np.floor(times * 50 + 1e-6) / 50
    states = np.array([s.vectors['observation.state'] for s in steps])
    np.testing.assert_allclose(states, np.column_stack([known, known**2, known]), atol=1e-5)
    assert [s.vectors['action'][0] for s in steps] == list(range(15))
    # Images at 20 Hz: the newest at k / 10 + 0.02 s is number 2 k.
    assert all((s.images[FRONT] == shade(2 * s.index)).all() for s in steps)
    np.testing.assert_allclose([s.timestamp_s for s in steps], np.arange(15) / 10, atol=1e-6)
    assert {s.task for s in steps} == {'fly along the road'}


def test_a_silent_camera_ends_the_episode_and_its_return_begins_another(recorded):
    dataset, told = recorded(flight(3.0, silence=(1.0, 2.0)), changes=[('fps: 10', 'fps: 10\nmax_age_s: 0.2')])

    assert told.gaps == 1
    first, second = steps_of(dataset)
    assert (first[-1].images[FRONT] == shade(19)).all()
    assert (second[0].images[FRONT] == shade(40)).all()


def test_every_bag_is_an_episode_of_its_own(recorded):
    dataset, told = recorded(flight(1.0), flight(0.8))

    assert [e.length for e in dataset.episodes] == [10, 8]
    assert [s.index for s in steps_of(dataset)[1]] == list(range(8))


def test_a_number_that_changes_begins_an_episode(recorded):
    changes = [('robot_type', "episode: {topic: /odom, field: 'pose.pose.orientation.w'}\nrobot_type")]
    messages = flight(2.0)
    for stamp_s, topic, message in messages:
        if topic == '/odom':
            message.pose.pose.orientation.w = float(stamp_s - START_S >= 0.9)

    dataset, _ = recorded(messages, changes=changes)

    assert [e.length for e in dataset.episodes] == [9, 11]


def test_stamps_of_another_clock_are_refused_unless_the_time_of_recording_counts(recorded):
    with pytest.raises(SourceError, match='3600 s apart. Give stamps: received'):
        recorded(flight(), late_s=3600.0)


def test_the_time_of_recording_counts_where_the_plan_says_so(recorded):
    dataset, _ = recorded(flight(), changes=[('fps: 10', 'fps: 10\nstamps: received')], late_s=3600.0)

    assert dataset.episodes[0].length == 15


def test_a_topic_that_the_bag_lacks_is_named(recorded):
    with pytest.raises(SourceError, match=r'no messages on /cmd_vel. Topics: /camera/image'):
        recorded([m for m in flight() if m[1] != '/cmd_vel'])


def test_a_joint_that_is_not_there_is_named_and_makes_no_step(recorded):
    with pytest.raises(SourceError, match="no 'elbow' among arm, gimbal"):
        recorded(flight(), changes=[('position[gimbal]', 'position[elbow]')])


def test_a_number_that_is_not_finite_ends_the_episode_and_is_told(recorded):
    messages = flight()
    # Ticks are at k / 10 + 0.02 s: this one is the newest at 0.72 s.
    broken = next(m for t, topic, m in messages if topic == '/odom' and abs(t - START_S - 0.72) < 1e-6)
    broken.pose.pose.position.x = float('nan')

    dataset, told = recorded(messages)

    assert [e.length for e in dataset.episodes] == [7, 7]
    assert (told.skipped, told.why) == (1, 'pose.pose.position.x is nan.')


def test_the_last_command_holds_until_there_is_another(recorded):
    messages = [m for m in flight() if m[1] != '/cmd_vel']
    messages += [(START_S + t, '/cmd_vel', command(START_S + t, v)) for t, v in ((0.0, 1.0), (0.75, 2.0))]

    dataset, _ = recorded(sorted(messages, key=lambda m: m[0]))

    actions = [float(s.vectors['action'][0]) for s in steps_of(dataset)[0]]
    assert actions == [1.0] * 7 + [2.0] * 8


def test_videos_show_what_the_bag_showed(recorded):
    dataset, _ = recorded(flight(), images='video')

    (steps,) = steps_of(dataset)
    # OpenCV's conversion to YUV rounds down: up to 4 of 255.
    assert max(np.abs(s.images[FRONT].astype(int) - shade(2 * s.index)).max() for s in steps) <= 4
