# SPDX-License-Identifier: Apache-2.0
"""Write a LeRobotDataset v3.0: after each episode the folder is whole, whatever happens to the next."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.datasets.info import INFO, Feature
from waymark.datasets.statistics import ImageStatistics, Statistics, plain, vector_statistics
from waymark.datasets.tables import parquet, write_table
from waymark.datasets.videos import CODEC, EpisodeVideo
from waymark.errors import RecordingError

CHUNK = 1000  # files per folder
_NAME = 'chunk-{chunk_index:03d}/file-{file_index:03d}'
_DATA, _VIDEO = f'data/{_NAME}.parquet', f'videos/{{video_key}}/{_NAME}.mp4'
_OWN = {'timestamp': 'float32'} | dict.fromkeys(('frame_index', 'episode_index', 'index', 'task_index'), 'int64')


class DatasetWriter:
    """Episodes in, one table and one video per camera out for each; a context manager."""

    def __init__(self, folder: Path, fps: int, features: Mapping[str, Feature], robot_type: str = '') -> None:
        """Begin a dataset.

        Args:
            folder: Must not exist yet, or be empty.
            fps: Steps per second; lerobot wants a whole number.
            features: Of the steps: float32 vectors, and cameras as 'video' or 'image'.
            robot_type: A name for the robot.

        Raises:
            RecordingError: The folder holds something, or can't be written.
            BackendUnavailable: pyarrow is missing.
        """
        parquet()
        self.folder, self.fps, self.features = folder, fps, dict(features)
        self._robot_type = robot_type
        self._episodes: list[dict[str, Any]] = []
        self._tasks: dict[str, int] = {}
        self._all: dict[str, list[NDArray[Any]]] = {}
        self._shades = {k: ImageStatistics() for k, f in self.features.items() if f.is_visual}
        self._episode: _Episode | None = None
        _claim(folder)

    def __enter__(self) -> DatasetWriter:
        """Nothing is written before the first episode is whole."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give an unfinished episode up."""
        self.discard()

    @property
    def total_episodes(self) -> int:
        """Whole ones."""
        return len(self._episodes)

    @property
    def total_frames(self) -> int:
        """Steps of whole episodes."""
        return int(self._episodes[-1]['dataset_to_index']) if self._episodes else 0

    @property
    def steps(self) -> int:
        """Of the episode in progress."""
        return self._episode.count if self._episode else 0

    def add(self, step: Mapping[str, NDArray[Any]]) -> None:
        """Append a step to the episode in progress.

        Args:
            step: Every feature: float vectors, and RGB uint8 images of the declared shape.

        Raises:
            ValueError: A feature is missing, unknown, or of another shape.
        """
        if set(step) != set(self.features):
            raise ValueError(f'a step has {sorted(step)}, expected {sorted(self.features)}')
        for key, feature in self.features.items():
            if np.shape(step[key]) != feature.shape:
                raise ValueError(f'{key}: expected shape {feature.shape}, got {np.shape(step[key])}')
        if self._episode is None:
            self._episode = _Episode(self.folder, len(self._episodes), self.fps, self.features)
        self._episode.add(step)

    def save_episode(self, task: str) -> None:
        """Finish the episode in progress.

        Args:
            task: What was done, as an instruction.

        Raises:
            RecordingError: The disk refused it; the episodes before stay.
            ValueError: It has no step.
        """
        episode = self._episode
        if episode is None:
            raise ValueError('an episode needs at least one step')
        try:
            self._save(episode, task)
        except OSError as error:
            raise RecordingError(f'{self.folder} can not be written ({error.strerror}). Free some space.') from None
        finally:
            self._episode = None

    def discard(self) -> None:
        """Give the episode in progress up."""
        if self._episode is not None:
            self._episode.discard()
            self._episode = None

    def _save(self, episode: _Episode, task: str) -> None:
        index, first, count = len(self._episodes), self.total_frames, episode.count
        frames = np.arange(count, dtype=np.int64)
        own: dict[str, NDArray[Any]] = {
            'timestamp': (frames / self.fps).astype(np.float32),
            'frame_index': frames,
            'episode_index': np.full(count, index),
            'index': frames + first,
            'task_index': np.full(count, self._tasks.setdefault(task, len(self._tasks))),
        }
        columns = episode.vectors() | own
        write_table(self.folder / _DATA.format(**_place(index)), _table(columns, episode.pngs))
        episode.close_videos()
        for key, values in columns.items():
            self._all.setdefault(key, []).append(values.reshape(count, -1))
        statistics = {k: vector_statistics(v.reshape(count, -1)) for k, v in columns.items()}
        statistics |= {k: s.result() for k, s in episode.shades.items()}
        self._shades = {k: s.merge([episode.shades[k]]) for k, s in self._shades.items()}
        self._episodes.append(self._row(episode, task, first, statistics))
        self._write_meta()

    def _row(self, episode: _Episode, task: str, first: int, statistics: dict[str, Statistics]) -> dict[str, Any]:
        index, place = len(self._episodes), _place(len(self._episodes))
        row: dict[str, Any] = {'episode_index': index, 'tasks': [task], 'length': episode.count}
        row |= {f'data/{k}': v for k, v in place.items()}
        row |= {'dataset_from_index': first, 'dataset_to_index': first + episode.count}
        for key in (k for k, f in self.features.items() if f.dtype == 'video'):
            row |= {f'videos/{key}/{k}': v for k, v in place.items()}
            row |= {f'videos/{key}/from_timestamp': 0.0, f'videos/{key}/to_timestamp': episode.count / self.fps}
        for key, values in statistics.items():
            row |= {f'stats/{key}/{name}': v for name, v in plain(values).items()}
        return row | {'meta/episodes/chunk_index': 0, 'meta/episodes/file_index': 0}

    def _write_meta(self) -> None:
        """Tables first and info.json last: it says how many episodes count."""
        arrow, _ = parquet()
        meta = self.folder / 'meta'
        rows = {k: [r[k] for r in self._episodes] for k in self._episodes[0]}
        write_table(meta / 'episodes/chunk-000/file-000.parquet', arrow.table(rows))
        write_table(meta / 'tasks.parquet', _tasks_table(list(self._tasks)))
        total = {k: vector_statistics(np.concatenate(v)) for k, v in self._all.items()}
        total |= {k: s.result() for k, s in self._shades.items()}
        _write_json(meta / 'stats.json', {k: plain(v) for k, v in total.items()})
        _write_json(self.folder / INFO, self._info())

    def _info(self) -> dict[str, Any]:
        features = {k: _declared(f, self.fps) for k, f in self.features.items()}
        features |= {
            k: {'dtype': 'float32' if k == 'timestamp' else 'int64', 'shape': [1], 'names': None} for k in _OWN
        }
        has_videos = any(f.dtype == 'video' for f in self.features.values())
        return {
            'codebase_version': 'v3.0',
            'robot_type': self._robot_type or None,
            'total_episodes': len(self._episodes),
            'total_frames': self.total_frames,
            'total_tasks': len(self._tasks),
            'chunks_size': CHUNK,
            'data_files_size_in_mb': 100,
            'video_files_size_in_mb': 200,
            'fps': self.fps,
            'splits': {'train': f'0:{len(self._episodes)}'},
            'data_path': _DATA,
            'video_path': _VIDEO if has_videos else None,
            'features': features,
        }


class _Episode:
    """The episode in progress: vectors in memory, images on their way to the disk."""

    def __init__(self, folder: Path, index: int, fps: int, features: Mapping[str, Feature]) -> None:
        self.count = 0
        self.pngs: dict[str, list[bytes]] = {k: [] for k, f in features.items() if f.dtype == 'image'}
        self.shades = {k: ImageStatistics() for k, f in features.items() if f.is_visual}
        self._vectors: dict[str, list[NDArray[Any]]] = {k: [] for k, f in features.items() if not f.is_visual}
        self._videos: dict[str, EpisodeVideo] = {}
        for key, feature in features.items():
            if feature.dtype == 'video':
                path = folder / _VIDEO.format(video_key=key, **_place(index))
                self._videos[key] = EpisodeVideo(path, fps, (feature.shape[1], feature.shape[0]))

    def add(self, step: Mapping[str, NDArray[Any]]) -> None:
        for key, vectors in self._vectors.items():
            vectors.append(np.array(step[key], np.float32))
        for key, shades in self.shades.items():
            shades.add(step[key])
        for key, video in self._videos.items():
            video.write(step[key])
        for key, pngs in self.pngs.items():
            pngs.append(cv2.imencode('.png', step[key][:, :, ::-1])[1].tobytes())
        self.count += 1

    def vectors(self) -> dict[str, NDArray[Any]]:
        return {k: np.stack(v) for k, v in self._vectors.items()}

    def close_videos(self) -> None:
        for video in self._videos.values():
            video.close()

    def discard(self) -> None:
        for video in self._videos.values():
            video.discard()


def _claim(folder: Path) -> None:
    try:
        if folder.exists() and any(folder.iterdir()):
            raise RecordingError(f'{folder} is not empty. Name a folder that does not exist yet.')
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < 50e6:
            raise RecordingError(f'{folder}: less than 50 MB are free on its disk. Free some space.')
    except OSError as error:
        raise RecordingError(f'{folder} can not be written ({error.strerror}). Name another folder.') from None


def _place(episode: int) -> dict[str, int]:
    return {'chunk_index': episode // CHUNK, 'file_index': episode % CHUNK}


def _table(columns: Mapping[str, NDArray[Any]], pngs: Mapping[str, list[bytes]]) -> Any:
    arrow, _ = parquet()
    made = {}
    for key, values in columns.items():
        flat = arrow.array(values.ravel())
        # lerobot has a vector of one element as a plain number.
        is_vector = values.ndim > 1 and values.shape[1] > 1
        made[key] = arrow.FixedSizeListArray.from_arrays(flat, values.shape[1]) if is_vector else flat
    for key, images in pngs.items():
        names = [f'frame-{i:06d}.png' for i in range(len(images))]
        made[key] = arrow.StructArray.from_arrays([arrow.array(images), arrow.array(names)], names=['bytes', 'path'])
    return arrow.table(made)


def _tasks_table(tasks: list[str]) -> Any:
    """As pandas writes a frame whose index is the task: lerobot looks tasks up by that index."""
    arrow, _ = parquet()
    table = arrow.table({'task_index': arrow.array(range(len(tasks)), arrow.int64()), 'task': tasks})
    column = {'field_name': 'task_index', 'name': 'task_index', 'numpy_type': 'int64', 'pandas_type': 'int64'}
    index = {'field_name': 'task', 'name': 'task', 'numpy_type': 'object', 'pandas_type': 'unicode'}
    facts = {'index_columns': ['task'], 'columns': [column | {'metadata': None}, index | {'metadata': None}]}
    names = {'field_name': None, 'name': None, 'numpy_type': 'object', 'pandas_type': 'unicode', 'metadata': None}
    facts |= {'column_indexes': [names], 'pandas_version': '2.0.0'}
    return table.replace_schema_metadata({'pandas': json.dumps(facts)})


def _declared(feature: Feature, fps: int) -> dict[str, Any]:
    if not feature.is_visual:
        return {'dtype': feature.dtype, 'shape': list(feature.shape), 'names': list(feature.names) or None}
    height, width, _ = feature.shape
    declared = {'dtype': feature.dtype, 'shape': [height, width, 3], 'names': ['height', 'width', 'channels']}
    facts = {'height': height, 'width': width, 'codec': CODEC, 'pix_fmt': 'yuv420p', 'fps': fps, 'channels': 3}
    info = {f'video.{k}': v for k, v in facts.items()} | {'video.is_depth_map': False, 'has_audio': False}
    return declared | ({'info': info} if feature.dtype == 'video' else {})


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    part.write_text(json.dumps(content, indent=2), encoding='utf-8')
    part.replace(path)
