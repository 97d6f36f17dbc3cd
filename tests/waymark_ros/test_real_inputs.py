# SPDX-License-Identifier: Apache-2.0
"""Real inputs through real ROS: each frame gets one answer of each kind, and the answers are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from image_bags import write_bag
from real_inputs import (
    EVERY_IMAGE,
    INPUTS,
    PAD,
    answers_of,
    rtabmap_truth,
    waymark_run,
    wrong_of_flight,
)
from waymark_runs import results

from waymark.encoding import EncoderConfig, load_encoder
from waymark.evaluation.online import every_image, run_online, score_online
from waymark.places import PlacesConfig
from waymark.report.collection import collect
from waymark.report.reader import open_recording
from waymark.report.run import stamp_of
from waymark.sources import ImageSourceConfig, open_source

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(300)]
BY_NAME = {item.name: item for item in INPUTS}
ANSWERS = ('/embedding', '/targets', '/localization')


@pytest.fixture(scope='module')
def run(shared_data, tmp_path_factory) -> Callable[[str], Path]:
    """Run one of the inputs, once; the folder with its recording and report."""
    done: dict[str, Path] = {}

    def _run(name: str) -> Path:
        item = BY_NAME[name]
        data = shared_data(item.needs).parent
        if name not in done:
            done[name] = tmp_path_factory.mktemp('real') / 'run'
            waymark_run(item.at(data), done[name], item.settings, timeout_s=120)
        return done[name]

    return _run


def answered(folder: Path) -> dict[str, Counter[int]]:
    """How often each stamp was answered, by topic."""
    counts: dict[str, Counter[int]] = {topic: Counter() for topic in ANSWERS}
    recording = open_recording(folder)
    for message in recording.messages(ANSWERS):
        counts[message.topic][stamp_of(recording.decode(message).header)] += 1
    return counts


def stamps_of(uri: str) -> list[int]:
    source = open_source(ImageSourceConfig(input=uri))
    return [item.frame.header.stamp_ns for item in source.frames()]


@pytest.mark.parametrize('name', ['kitti', 'tree', 'bunny', 'rtabmap', 'photos'])
def test_every_frame_gets_one_answer_of_each_kind_and_the_run_a_report(run, shared_data, name):
    item = BY_NAME[name]
    folder = run(name)
    stamps = stamps_of(item.at(shared_data(item.needs).parent))
    assert len(stamps) == item.frames
    assert answered(folder) == dict.fromkeys(ANSWERS, Counter(stamps))
    page = (folder / 'report.html').read_text()
    assert f'<dd>{item.frames}</dd>' in page and item.at(shared_data(item.needs).parent) in page


def test_a_raw_recording_gives_the_results_of_its_source_to_the_bit(run, tmp_path):
    waymark_run(str(run('rtabmap')), tmp_path / 'again')
    assert results(tmp_path / 'again') == results(run('rtabmap'))


def test_a_jpeg_recording_gives_an_answer_to_every_frame_of_its_source(run, tmp_path):
    waymark_run(str(run('kitti') / 'run.mcap'), tmp_path / 'again')
    assert answered(tmp_path / 'again') == answered(run('kitti'))


@pytest.mark.parametrize('is_compressed', [False, True], ids=['raw', 'compressed'])
def test_sqlite3_bags_of_the_same_images_give_the_same_results_to_the_bit(run, shared_data, tmp_path, is_compressed):
    files = sorted((shared_data('rtabmap_samples') / 'samples').iterdir(), key=lambda p: int(p.stem))
    bag = write_bag(tmp_path / 'bag', files, is_compressed)
    waymark_run(str(bag), tmp_path / 'run')
    assert results(tmp_path / 'run') == results(run('rtabmap'))


# Localization and PlaceMatch carry verified matches only. So the end-to-end figure is: make one verified image enough
# for LOCALIZED, take every published match as accepted, ask that none is wrong, and count the loop frames they cover.
# With min_inliers 4 all candidates are published with their inliers, as the sweep over thresholds needs them.
@pytest.mark.parametrize('min_inliers', [PlacesConfig().min_inliers, 4])
def test_places_are_recalled_at_full_precision_as_by_the_core(shared_data, tmp_path, min_inliers):
    data = shared_data('rtabmap_samples').parent
    uri = BY_NAME['rtabmap'].at(data)
    waymark_run(uri, tmp_path / 'run', [*EVERY_IMAGE, f'place_recognition.min_inliers={min_inliers}'])
    run = collect(open_recording(tmp_path / 'run'))

    config = every_image(PlacesConfig(localize_after=1, min_inliers=min_inliers), exclude_recent=10)
    encoder, source = load_encoder(EncoderConfig()), open_source(ImageSourceConfig(input=uri))
    frames = [item.frame for item in source.frames()]
    core = run_online(frames, lambda f: encoder.encode(f.rgb).vector, encoder.fingerprint, config)

    published = [(a.candidate, a.score) for a in answers_of(run)]
    assert published == [(a.candidate, a.score) if a.accepted else (None, 0) for a in core]
    found = score_online(answers_of(run), rtabmap_truth(data), exclude_recent=10)
    assert found.loop_frames == 44
    if min_inliers == PlacesConfig().min_inliers:
        assert found.wrong_accepted == 0 and found.accepted_recall == found.recall_at_100_precision
    assert found.recall_at_100_precision >= 0.95


def test_a_flight_over_a_real_orthophoto_finds_its_places_and_the_pad(shared_data, tmp_path):
    data = shared_data('uav_odm_caliterra').parent
    uri = BY_NAME['flight'].uri + '&lap_s=30'
    waymark_run(uri.format(data=data), tmp_path / 'run', [PAD], timeout_s=200)
    assert {topic: len(stamps) for topic, stamps in answered(tmp_path / 'run').items()} == dict.fromkeys(ANSWERS, 600)
    run = collect(open_recording(tmp_path / 'run'))
    found = wrong_of_flight(run, data, uri)
    assert found['wrong_matches'] == 0
    assert found['lap_2_localized'] > 0.95
    assert found['corner_error_px']['max'] < 30
    assert {t.target_id for t in run.targets} == {'landing_pad'}
    assert sum(t.corners_px is not None for t in run.targets) > 40
