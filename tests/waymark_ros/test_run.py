# SPDX-License-Identifier: Apache-2.0
"""`waymark run` as a user types it: real processes, real DDS, real files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from ros_camera import TestCamera, picture
from sensor_msgs.msg import CompressedImage, Image
from waymark_msgs.msg import Localization
from waymark_runs import results, waymark

from waymark.report.html import write_report
from waymark.report.reader import open_recording
from waymark.report.writer import McapRecorder
from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image, frame_to_jpeg

pytestmark = pytest.mark.ros
FRAMES = 24
STOP_S = 3.0


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photos: four views, seen again and again."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    for i in range(FRAMES):
        cv2.imwrite(str(folder / f'{i:03d}.png'), picture(seed=i // 3 % 4, size_wh=(320, 240)))
    return folder


@pytest.fixture
def config(repo: Path) -> Path:
    return repo / 'config' / 'input.yaml'


def test_a_container_and_separate_processes_give_equal_results_for_every_frame(config, photos, tmp_path):
    runs = {}
    for name, how in (('together', []), ('apart', ['--separate'])):
        done = waymark('run', config, '--input', photos, '--out', tmp_path / name, *how)
        assert done.returncode == 0, done.stderr
        runs[name] = results(tmp_path / name)
        assert (tmp_path / name / 'report.html').stat().st_size > 10_000
    assert sum(topic == '/localization' for topic, _ in runs['together']) == FRAMES
    assert runs['apart'] == runs['together']


@pytest.mark.parametrize(
    ('number', 'separate'),
    [
        pytest.param(signal.SIGINT, [], id='SIGINT-container'),
        pytest.param(signal.SIGTERM, ['--separate'], id='SIGTERM-separate', marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, [], id='SIGTERM-container', marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, ['--separate'], id='SIGINT-separate', marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_every_process_within_three_seconds_with_a_readable_recording(
    config, photos, tmp_path, number, separate
):
    process = run_endlessly(config, photos, tmp_path, separate)
    children = wait_for_recording(process, tmp_path)
    began = time.monotonic()
    process.send_signal(number)
    process.wait(timeout=30)
    assert time.monotonic() - began < STOP_S
    assert not [pid for pid in children if is_alive(pid)]
    recording = open_recording(tmp_path / 'run')
    assert recording.warnings == []
    assert recording.topics['/localization'].count > 0


@pytest.mark.slow
def test_after_kill_9_of_the_recorder_all_but_the_last_second_is_there_and_makes_a_report(config, photos, tmp_path):
    process = run_endlessly(config, photos, tmp_path, ['--separate'])
    wait_for_recording(process, tmp_path, topics_older_than_s=2.0)
    recorder = next(pid for pid in descendants(process.pid) if 'recorder' in command_of(pid))
    killed_ns = time.time_ns()
    os.kill(recorder, signal.SIGKILL)
    process.wait(timeout=30)
    assert process.returncode != 0
    recording = open_recording(tmp_path / 'run')
    assert [recording.decode(m) for m in recording.messages(['/diagnostics'])]
    written_ns = (tmp_path / 'run' / 'run.mcap').stat().st_mtime_ns
    assert killed_ns - written_ns < 1e9
    assert any('summary' in w or 'cut' in w or 'end' in w for w in recording.warnings)
    assert 'report' in write_report(tmp_path / 'run').read_text().lower()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--input', 'nowhere.mp4'], 'nowhere.mp4: no such file'),
        pytest.param(['--input', 'EMPTY'], 'the folder is empty', marks=pytest.mark.slow),
        (['--input', 'CUT'], 'cut.mp4'),
        pytest.param(['--input', '/dev/video99'], '/dev/video99', marks=pytest.mark.slow),
        pytest.param(['--input', 'videotestsrc ! appsink'], 'GStreamer', marks=pytest.mark.slow),
        pytest.param(['--input', 'topic:'], 'is not a topic name', marks=pytest.mark.slow),
        (['--set', 'image_source.pase=fast'], "unknown parameter 'pase'. Did you mean 'pace'?"),
        pytest.param(['--set', 'image_source.pace=slow'], 'must be one of realtime, fast', marks=pytest.mark.slow),
        ([], 'input is empty'),
    ],
)
def test_bad_input_is_one_clear_sentence_and_an_exit_code(config, tmp_path, arguments, message):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'cut.mp4').write_bytes(b'\0\0\0\x18ftypisom' + bytes(500))
    places = {'EMPTY': tmp_path / 'empty', 'CUT': tmp_path / 'cut.mp4'}
    done = waymark('run', config, *[places.get(a, a) for a in arguments])
    said = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == 1
    assert len(said) == 1 and said[0].startswith('error: ') and message in said[0], done.stderr
    assert 'Traceback' not in done.stderr + done.stdout


def test_bad_input_starts_no_process_where_each_node_would_get_one(config, tmp_path):
    (tmp_path / 'empty').mkdir()
    done = waymark('run', config, '--separate', '--input', tmp_path / 'empty', '--out', tmp_path / 'out')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == f'error: {tmp_path / "empty"}: the folder is empty. Put images into it or give another one.\n'
    assert not (tmp_path / 'out').exists()


def test_an_image_that_breaks_off_ends_the_run_and_the_report_says_so(config, photos, tmp_path):
    broken = photos / '003.png'
    broken.write_bytes(broken.read_bytes()[:500])
    done = waymark('run', config, '--input', photos, '--out', tmp_path / 'out')
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith('error: image_source: ') and '003.png' in line]
    assert open_recording(tmp_path / 'out').topics['/localization'].count == 3
    page = (tmp_path / 'out' / 'report.html').read_text()
    assert f'INCOMPLETE</span> image_source ended: {broken}: not a readable image' in page


def test_a_folder_that_holds_a_recording_is_refused_and_left_as_it_is(config, photos, tmp_path):
    McapRecorder(tmp_path / 'run.mcap').close()
    before = sorted((p.name, p.stat().st_mtime_ns) for p in tmp_path.iterdir())
    done = waymark('run', config, '--input', photos, '--out', tmp_path)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith(f'error: {tmp_path / "run.mcap"} exists already')
    assert sorted((p.name, p.stat().st_mtime_ns) for p in tmp_path.iterdir()) == before


@pytest.mark.slow
def test_names_with_spaces_and_umlauts_relative_to_the_working_directory_and_home(config, photos, tmp_path):
    photos.rename(tmp_path / 'Übung 空 1')
    home = {**os.environ, 'HOME': str(tmp_path)}
    done = waymark('run', config, '--input', 'Übung 空 1', '--out', '~/mein Flug', cwd=tmp_path, env=home)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / 'mein Flug' / 'report.html').read_text()
    assert f'{tmp_path}/Übung 空 1' in page and str(config) in page
    assert open_recording(tmp_path / 'mein Flug').topics['/localization'].count == FRAMES


@pytest.mark.slow
def test_a_live_topic_that_nobody_publishes_is_explained_not_an_error(config, tmp_path):
    process = start_waymark('run', str(config), '--input', 'topic:/nobody/image_raw')
    try:
        lines = iter(process.stderr.readline, '')
        assert any('nothing publishes /nobody/image_raw' in line for line in lines)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.parametrize('transport', [pytest.param('raw', marks=pytest.mark.slow), 'compressed'])
def test_a_live_camera_topic_is_recognised_and_recorded_until_ctrl_c(config, tmp_path, spinning, transport):
    camera = spinning(TestCamera())
    camera.destroy_publisher(camera.image)
    kind, topic = (Image, '/cam/image_raw') if transport == 'raw' else (CompressedImage, '/cam/image_raw/compressed')
    camera.image = camera.create_publisher(kind, topic, 5)
    camera.listen(Localization, 'localization')
    process = start_waymark('run', str(config), '--input', f'topic:{topic}', '--out', str(tmp_path / 'run'))
    assert camera.wait_for(lambda: camera.image.get_subscription_count() > 0)

    def seen() -> bool:
        frame = Frame(Header(camera.get_clock().now().nanoseconds, 'cam'), picture(size_wh=(320, 240)))
        camera.image.publish(frame_to_image(frame) if transport == 'raw' else frame_to_jpeg(frame, 90))
        return camera.wait_for(lambda: len(camera.heard['localization']) >= 5, timeout_s=0.1)

    wait_until(seen)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert 'waymark report' in output
    recording = open_recording(tmp_path / 'run')
    assert recording.warnings == []
    assert recording.topics['/localization'].count >= 5
    assert recording.topics['/cam/image_raw/compressed'].count >= 5


def start_waymark(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, '-m', 'waymark.cli', *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def run_endlessly(config: Path, photos: Path, tmp_path: Path, separate: list[str]) -> subprocess.Popen[str]:
    loop = ['--set', 'image_source.loop=true', '--set', 'image_source.rate_hz=20']
    return start_waymark('run', str(config), '--input', str(photos), '--out', str(tmp_path / 'run'), *loop, *separate)


def wait_for_recording(process: subprocess.Popen[str], tmp_path: Path, topics_older_than_s: float = 0.0) -> list[int]:
    """Wait until results are on disk; returns the PIDs of all processes of the run."""

    def has_results() -> bool:
        file = tmp_path / 'run' / 'run.mcap'
        return file.exists() and file.stat().st_size > 200_000

    wait_until(has_results)
    since = time.monotonic()
    wait_until(lambda: time.monotonic() - since >= topics_older_than_s)
    return descendants(process.pid)


def wait_until(condition: Callable[[], bool], timeout_s: float = 40.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, 'nothing happened in time'
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def command_of(pid: int) -> str:
    import psutil

    return ' '.join(psutil.Process(pid).cmdline()[-1:])


def is_alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
