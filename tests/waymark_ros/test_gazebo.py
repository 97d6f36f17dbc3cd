# SPDX-License-Identifier: Apache-2.0
"""A route taught and repeated in Gazebo 11, through the real nodes and their topics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock

from waymark.evaluation.route import distances
from waymark_ros.qos import CLOCK, RESULTS

pytestmark = [pytest.mark.ros, pytest.mark.gazebo, pytest.mark.timeout(300)]
NODES = ('flight_simulator', 'route_follower', 'safety_filter')
FLOWN = {'simulator': 'gazebo', 'seed': 3, 'length': 60.0, 'pace': 3.0}


def gazebo_pipeline(repo: Path) -> str:
    """config/sim.yaml with Gazebo in it, and without what only watches."""
    document = yaml.safe_load((repo / 'config' / 'sim.yaml').read_text(encoding='utf-8'))
    document['nodes'] = [node for node in document['nodes'] if node['node'] in NODES]
    next(n for n in document['nodes'] if n['node'] == 'flight_simulator')['parameters'].update(FLOWN)
    return yaml.safe_dump(document)


def test_a_route_is_taught_and_repeated_in_gazebo_through_real_topics(listener, start, repo, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    (tmp_path / 'gazebo.yaml').write_text(gazebo_pipeline(repo), encoding='utf-8')
    listener.listen(Odometry, 'ground_truth', qos=RESULTS)
    listener.listen(Clock, '/clock', qos=CLOCK)

    said = start('waymark.cli', 'run', 'gazebo.yaml').stdout.read()

    assert 'the end is reached' in said, said[-2000:]
    places = np.array([(m.pose.pose.position.x, m.pose.pose.position.y) for m in listener.heard['ground_truth']])
    carried = int(np.hypot(*np.diff(places, axis=0).T).argmax()) + 1
    assert np.hypot(*(places[carried] - places[carried - 1])) > 20.0  # from the end of the way to its beginning
    taught, repeated = places[:carried], places[carried:]
    lateral = distances(repeated[len(repeated) // 3 :], taught)
    print(f'lateral error: mean {lateral.mean():.3f}, p95 {np.percentile(lateral, 95):.3f} m')
    assert lateral.mean() <= 0.20
    assert np.percentile(lateral, 95) <= 0.50
    assert np.hypot(*(repeated[-1] - taught[-1])) < 3.0
    assert np.hypot(*np.diff(taught, axis=0).T).sum() == pytest.approx(60.0, rel=0.05)
    assert len(listener.heard['/clock']) > 100  # best effort: a busy machine loses some
