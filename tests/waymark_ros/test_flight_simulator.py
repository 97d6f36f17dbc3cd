# SPDX-License-Identifier: Apache-2.0
"""A mission through the real nodes: simulator, route follower and safety filter in one container, recorded."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import pytest
import yaml

from waymark.report.html import write_report
from waymark_sim.ground import generate_ground

pytestmark = pytest.mark.ros


def pipeline(folder: Path) -> Path:
    """A way of 20 m over a small ground, as config/sim.yaml flies 95 m."""
    ground, metres = folder / 'ground.png', 80.0 / 1024
    cv2.imwrite(str(ground), cv2.cvtColor(generate_ground(5, 1024, 80.0).rgb, cv2.COLOR_RGB2BGR))
    flown = {'mission': 'teach_and_repeat', 'ground': str(ground), 'metres_per_pixel': metres, 'altitude': 15.0}
    limits = {'vehicle': 'drone', 'max_velocity': [4, 4, 1, 0, 0, 1.5], 'max_acceleration': [4, 4, 2, 0, 0, 4]}
    nodes = {
        'flight_simulator': flown | {'length': 20.0, 'speed': 2.0, 'beside_m': 1.0, 'video': str(folder / 'film.mp4')},
        'route_follower': {'encoder': 'hog', 'routes': str(folder / 'routes')},
        'safety_filter': limits | {'watchdog_s': 1.0},
        'recorder': {'path': str(folder / 'run.mcap')},
    }
    document = {'use_sim_time': True, 'nodes': [{'node': n, 'parameters': p} for n, p in nodes.items()]}
    path = folder / 'mission.yaml'
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_way_is_taught_and_repeated_through_the_safety_filter_and_the_report_says_so(start, tmp_path):
    process = start('waymark_ros.container', '--config', str(pipeline(tmp_path)), XDG_STATE_HOME=str(tmp_path))
    output, _ = process.communicate(timeout=380)

    assert process.returncode == 0, output
    assert 'repeated the route' in output
    assert 'the end is reached' in output
    assert len(list((tmp_path / 'routes').glob('*.wmap'))) == 1
    assert (tmp_path / 'film.mp4').stat().st_size > 10_000
    page = write_report(tmp_path / 'run.mcap').read_text()
    told = re.search('<section id="routes">(.*?)</section>', page, re.S)[1]
    mean_m, p95_m = (float(v) for v in re.search(r'in truth ([\d.]+) m in the mean and ([\d.]+) m at', told).groups())
    assert 'to 100 % of the route' in told
    assert mean_m <= 0.3
    assert p95_m <= 0.6
