# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip('rclpy', reason='ROS 2 is not installed for this Python')

from waymark_ros.doctor_topics import is_enough  # noqa: E402

DRIVERS = Path(__file__).parent / 'live_cameras.py'


@pytest.fixture(scope='module')
def environ(repo):
    sources = os.pathsep.join(str(repo / 'src' / name) for name in ('waymark', 'waymark_ros', 'waymark_sim'))
    return {
        **os.environ,
        'PYTHONPATH': os.pathsep.join(filter(None, [sources, os.environ.get('PYTHONPATH', '')])),
    }


def doctor(environ, folder, *arguments):
    command = [sys.executable, '-m', 'waymark.cli', 'doctor', *arguments]
    return subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, timeout=90)


@pytest.fixture(scope='module')
def seen(environ, tmp_path_factory):
    """What the doctor says while the drivers run: (exit code, finding by name)."""
    drivers = subprocess.Popen(
        [sys.executable, str(DRIVERS)], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert drivers.stdout.readline() == 'ready\n'
        done = doctor(environ, tmp_path_factory.mktemp('doctor'), '--json', '--seconds', '4')
    finally:
        drivers.stdin.close()
        drivers.wait(20)
    assert done.stdout, done.stderr
    findings = json.loads(done.stdout)['findings']
    return done.returncode, {finding['name']: finding for finding in findings}


def test_good_camera_is_ok_with_its_facts(seen):
    finding = seen[1]['camera /good/image_raw']
    assert finding['level'] == 'OK', finding
    assert 'Image, best_effort, volatile, 320x240 rgb8' in finding['text']
    rate_hz = float(finding['text'].split(' Hz')[0].split()[-1])
    assert rate_hz == pytest.approx(20.0, abs=3.0)


def test_compressed_camera_is_found_and_decoded(seen):
    finding = seen[1]['camera /jpeg/image_raw/compressed']
    assert finding['level'] == 'WARN'
    assert 'CompressedImage, best_effort, volatile, 320x240 jpeg' in finding['text']
    assert 'no /jpeg/camera_info' in finding['text']


def test_zero_stamps_fail(seen):
    finding = seen[1]['camera /zero/image_raw']
    assert finding['level'] == 'FAIL'
    assert 'stamps are zero: refused' in finding['text']


def test_cut_images_and_a_camera_info_of_another_size_are_named(seen):
    finding = seen[1]['camera /short/image_raw']
    assert finding['level'] == 'FAIL'
    assert 'image data holds 100 bytes' in finding['text']
    assert '/short/camera_info is for 160x120 px' in finding['text']


def test_silent_camera_warns(seen):
    finding = seen[1]['camera /silent/image_raw']
    assert finding['level'] == 'WARN'
    assert 'nothing arrived in 4 s' in finding['text']


def test_exit_code_tells_of_the_failures(seen):
    assert seen[0] == 1


def test_without_cameras_it_warns_and_exit_code_is_0(environ, tmp_path):
    other = {**environ, 'ROS_DOMAIN_ID': str(int(environ['ROS_DOMAIN_ID']) % 100 + 1)}
    done = doctor(other, tmp_path, '--seconds', '1')
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'WARN  cameras  no image topic appeared in 2 s.' in done.stdout


@pytest.mark.parametrize(
    ('looked_s', 'watched_s', 'enough'),
    [
        (5.9, [], False),
        (6.0, [], True),
        (9.0, [3.0, 2.9], False),
        (9.0, [3.0, 3.1], True),
        (12.0, [0.1], True),
    ],
)
def test_every_topic_is_watched_for_the_whole_time_but_not_forever(looked_s, watched_s, enough):
    assert is_enough(looked_s, watched_s, 3.0) is enough
