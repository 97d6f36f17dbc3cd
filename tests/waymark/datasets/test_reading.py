# SPDX-License-Identifier: Apache-2.0
"""Datasets of others: what is cut off, missing or hostile is refused with the file's name."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from waymark.datasets import Dataset, DatasetWriter, Feature
from waymark.datasets.tables import read_table, write_table
from waymark.errors import RecordingError, SourceError

FRONT = 'observation.images.front'
FEATURES = {'observation.state': Feature('float32', (1,), ('x',)), 'action': Feature('float32', (2,), ('a', 'b'))}


def step(k, **images):
    return {'observation.state': np.array([k], np.float32), 'action': np.array([k, -k], np.float32)} | images


@pytest.fixture(scope='module')
def original(tmp_path_factory):
    """Two episodes of three steps, one camera as video."""
    path = tmp_path_factory.mktemp('original') / 'data'
    with DatasetWriter(path, 10, FEATURES | {FRONT: Feature('video', (32, 48, 3))}) as writer:
        for task in ('push', 'pull'):
            for k in range(3):
                writer.add(step(k, **{FRONT: np.full((32, 48, 3), 60 * k, np.uint8)}))
            writer.save_episode(task)
    return path


@pytest.fixture
def folder(original, tmp_path):
    """A copy to break."""
    return shutil.copytree(original, tmp_path / 'data')


def change_info(folder, **values):
    path = folder / 'meta/info.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_was_written_is_read(folder):
    dataset = Dataset(folder)

    steps = [list(dataset.steps(e, [FRONT])) for e in dataset.episodes]
    assert [[s.task for s in episode] for episode in steps] == [['push'] * 3, ['pull'] * 3]
    for episode in steps:
        for k, one in enumerate(episode):
            np.testing.assert_array_equal(one.vectors['action'], [k, -k])
            assert one.vectors['observation.state'].shape == (1,)
            assert abs(float(one.images[FRONT].mean()) - 60 * k) < 5


def test_an_episode_that_was_not_finished_leaves_no_trace(tmp_path):
    with DatasetWriter(tmp_path / 'data', 10, FEATURES | {FRONT: Feature('video', (32, 48, 3))}) as writer:
        for _ in range(2):
            writer.add(step(0, **{FRONT: np.zeros((32, 48, 3), np.uint8)}))
        writer.save_episode('push')
        writer.add(step(1, **{FRONT: np.zeros((32, 48, 3), np.uint8)}))

    files = sorted(p.name for p in (tmp_path / 'data').rglob('*') if p.is_file())
    assert files == ['file-000.mp4', 'file-000.parquet', 'file-000.parquet', 'info.json', 'stats.json', 'tasks.parquet']
    assert len(Dataset(tmp_path / 'data').episodes) == 1


def test_a_folder_that_holds_something_is_not_written_to(folder):
    with pytest.raises(RecordingError, match='is not empty'):
        DatasetWriter(folder, 10, FEATURES)


@pytest.mark.parametrize('wrong', [{'action': np.zeros(3)}, {'left': np.zeros(1)}])
def test_a_step_of_another_shape_is_the_callers_bug(tmp_path, wrong):
    with DatasetWriter(tmp_path / 'data', 10, FEATURES) as writer, pytest.raises(ValueError, match='expected'):
        writer.add(step(0) | wrong)


def test_an_episode_without_steps_is_the_callers_bug(tmp_path):
    with DatasetWriter(tmp_path / 'data', 10, FEATURES) as writer, pytest.raises(ValueError, match='at least one'):
        writer.save_episode('nothing')


def test_a_missing_video_is_named_and_vectors_can_still_be_read(folder):
    video = folder / 'videos' / FRONT / 'chunk-000/file-001.mp4'
    video.unlink()

    dataset = Dataset(folder)

    assert [e.index for e in dataset.present([FRONT])] == [0]
    assert len(list(dataset.steps(dataset.episodes[1]))) == 3
    with pytest.raises(SourceError, match='episode 1 lacks videos/observation.images.front/chunk-000/file-001.mp4'):
        next(dataset.steps(dataset.episodes[1], [FRONT]))


def test_a_video_that_ends_early_is_told(folder):
    videos = folder / 'videos' / FRONT / 'chunk-000'
    with DatasetWriter(folder.with_name('short'), 10, {FRONT: Feature('video', (32, 48, 3))} | FEATURES) as writer:
        writer.add(step(0, **{FRONT: np.zeros((32, 48, 3), np.uint8)}))
        writer.save_episode('push')
    short = folder.with_name('short') / 'videos' / FRONT / 'chunk-000/file-000.mp4'
    (videos / 'file-000.mp4').write_bytes(short.read_bytes())

    dataset = Dataset(folder)

    with pytest.raises(SourceError, match='ends after 1 of 3 images'):
        list(dataset.steps(dataset.episodes[0], [FRONT]))


@pytest.mark.parametrize('name', ['data/chunk-000/file-000.parquet', 'meta/tasks.parquet', 'meta/info.json'])
@pytest.mark.parametrize('content', [b'', b'PAR1 and then nothing', bytes(2000)])
def test_broken_files_are_named(folder, name, content):
    (folder / name).write_bytes(content)

    with pytest.raises(SourceError, match=name.rpartition('/')[2]):
        dataset = Dataset(folder)
        list(dataset.steps(dataset.episodes[0]))


@pytest.mark.parametrize(
    ('values', 'text'),
    [
        ({'codebase_version': 'v1.6'}, "codebase_version is 'v1.6'"),
        ({'codebase_version': None}, 'codebase_version is None'),
        ({'fps': 0}, 'fps is 0'),
        ({'fps': 'fast'}, 'could not convert'),
        ({'features': []}, 'no whole lerobot dataset'),
        ({'features': {'action': {'dtype': 'float32', 'shape': []}}}, r'action has shape \(\)'),
        ({'data_path': '../../{chunk_index}/{file_index}'}, 'leads out of the dataset'),
        ({'data_path': '{nothing}'}, 'is not usable'),
        ({'data_path': '{chunk_index.__class__}/{file_index}'}, 'missing'),
    ],
)
def test_what_info_says_is_not_trusted(folder, values, text):
    change_info(folder, **values)

    with pytest.raises(SourceError, match=text):
        Dataset(folder).present(())


def test_fewer_rows_than_declared_are_told(folder):
    path = folder / 'data/chunk-000/file-000.parquet'
    write_table(path, read_table(path).slice(0, 2))

    dataset = Dataset(folder)

    with pytest.raises(SourceError, match='2 steps of episode 0, meta/ says 3'):
        list(dataset.steps(dataset.episodes[0]))


def test_a_folder_that_is_no_dataset_says_what_to_name(tmp_path):
    with pytest.raises(SourceError, match='Name the folder that holds meta/info.json'):
        Dataset(tmp_path)
