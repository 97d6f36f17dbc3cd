# SPDX-License-Identifier: Apache-2.0
"""Read episodes of a lerobot dataset: v2.1 (a table and videos per episode) and v3.0 (several episodes per file)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.datasets.info import DatasetInfo, Feature, read_info
from waymark.datasets.tables import read_table
from waymark.datasets.videos import read_video
from waymark.errors import SourceError


@dataclass(frozen=True)
class VideoPart:
    """Where the images of an episode lie in a video."""

    path: Path
    from_s: float


@dataclass(frozen=True)
class Episode:
    """One recorded attempt.

    Attributes:
        index: Its number in the dataset.
        length: Steps.
        tasks: What was to be done.
        table: File with its vectors, and perhaps others'.
        videos: By camera key.
    """

    index: int
    length: int
    tasks: tuple[str, ...]
    table: Path
    videos: Mapping[str, VideoPart] = field(default_factory=dict)

    def missing(self, cameras: Sequence[str]) -> list[Path]:
        """Files that reading it with these cameras needs and that are not there."""
        wanted = [self.table, *(self.videos[c].path for c in cameras if c in self.videos)]
        return [p for p in wanted if not p.exists()]


@dataclass(frozen=True)
class Step:
    """One step of an episode.

    Attributes:
        index: Of the step in its episode.
        timestamp_s: Since the episode began.
        task: The instruction.
        vectors: Key to float32 vector: 'observation.state', 'action', ...
        images: Camera key to RGB (H, W, 3).
    """

    index: int
    timestamp_s: float
    task: str
    vectors: Mapping[str, NDArray[np.float32]]
    images: Mapping[str, NDArray[np.uint8]]


class Dataset:
    """A dataset's folder; what is absent from it is told when it is asked for."""

    def __init__(self, folder: Path) -> None:
        """Read what the folder says of itself.

        Raises:
            SourceError: It is no dataset, or of a version that is not read here.
            BackendUnavailable: pyarrow is missing.
        """
        self.folder = folder
        self.info: DatasetInfo = read_info(folder)
        is_new = self.info.version == 'v3.0'
        self._tasks, self.episodes = _read_v3(folder, self.info) if is_new else _read_v21(folder, self.info)

    def episode(self, index: int) -> Episode:
        """The episode of that number.

        Raises:
            SourceError: There is none.
        """
        for episode in self.episodes:
            if episode.index == index:
                return episode
        raise SourceError(f'{self.folder}: no episode {index}. It has 0 to {len(self.episodes) - 1}.')

    def present(self, cameras: Sequence[str]) -> tuple[Episode, ...]:
        """Episodes whose files are all there.

        Raises:
            SourceError: None is; the text names the first file that is missing.
        """
        found = tuple(e for e in self.episodes if not e.missing(cameras))
        if not found:
            absent = [e.missing(cameras) for e in self.episodes]
            names = ', '.join(str(p.relative_to(self.folder)) for p in absent[0][:3]) if absent else 'every episode'
            raise SourceError(
                f'{self.folder}: none of its {len(self.episodes)} episodes is whole: {names} missing. '
                'Copy those files, too.'
            )
        return found

    def require_whole(self, episode: Episode, cameras: Sequence[str]) -> None:
        """Refuse an episode that lacks a file.

        Raises:
            SourceError: It names what is missing.
        """
        missing = episode.missing(cameras)
        if missing:
            names = ', '.join(str(p.relative_to(self.folder)) for p in missing)
            raise SourceError(f'{self.folder}: episode {episode.index} lacks {names}. Copy it, too.')

    def steps(self, episode: Episode, cameras: Sequence[str] = ()) -> Iterator[Step]:
        """Yield the steps of an episode.

        Args:
            episode: One of `episodes`.
            cameras: Keys of the images that are wanted.

        Raises:
            SourceError: A file is missing or broken, or holds less than the episode.
        """
        self.require_whole(episode, cameras)
        unknown = [c for c in cameras if c not in self.info.cameras]
        if unknown:
            raise SourceError(
                f'{self.folder}: no camera {unknown[0]}. It has {", ".join(self.info.cameras) or "none"}.'
            )
        rows = self._rows(episode, [c for c in cameras if self.info.features[c].dtype == 'image'])
        streams = {
            c: read_video(episode.videos[c].path, episode.videos[c].from_s, episode.length, self.info.fps)
            for c in cameras
            if c in episode.videos
        }
        for index in range(episode.length):
            images = {c: self._checked(c, next(s)) for c, s in streams.items()}
            yield self._step(rows, index, images)

    def _step(self, rows: dict[str, Any], index: int, images: dict[str, NDArray[np.uint8]]) -> Step:
        vectors = {}
        for key, values in rows.items():
            feature = self.info.features[key]
            if feature.dtype == 'image':
                images[key] = self._checked(key, _decoded(values[index]))
            elif feature.dtype == 'float32' and key != 'timestamp':
                vectors[key] = self._vector(key, feature, values[index])
        number = int(rows['task_index'][index])
        if number not in self._tasks:
            raise SourceError(f'{self.folder}: task {number} has no text in meta/. Copy the dataset again.')
        return Step(index, float(np.ravel(rows['timestamp'][index])[0]), self._tasks[number], vectors, images)

    def _vector(self, key: str, feature: Feature, value: Any) -> NDArray[np.float32]:
        vector = np.asarray(value, np.float32).ravel()
        if vector.shape != (int(np.prod(feature.shape)),):
            raise SourceError(f'{self.folder}: {key} has {len(vector)} numbers, {INFO_SAYS} {feature.shape}.')
        return vector

    def _checked(self, key: str, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        shape = self.info.features[key].shape
        # Older recorders wrote (3, H, W).
        if rgb.shape not in (shape, (*shape[1:], shape[0])):
            raise SourceError(f'{self.folder}: an image of {key} has shape {rgb.shape}, {INFO_SAYS} {shape}.')
        return rgb

    def _rows(self, episode: Episode, stored: list[str]) -> dict[str, Any]:
        keys = [k for k, f in self.info.features.items() if f.dtype == 'float32' and k != 'timestamp']
        table = read_table(episode.table, [*keys, *stored, 'timestamp', 'task_index', 'episode_index', 'frame_index'])
        own = np.flatnonzero(table['episode_index'].to_numpy() == episode.index)
        if len(own) != episode.length:
            raise SourceError(
                f'{episode.table}: {len(own)} steps of episode {episode.index}, meta/ says {episode.length}. '
                'Copy the dataset again.'
            )
        part = table.take(own)
        return {k: part[k].to_pylist() for k in [*keys, *stored, 'timestamp', 'task_index']}


INFO_SAYS = 'meta/info.json says'


def _decoded(value: Any) -> NDArray[np.uint8]:
    data = (value or {}).get('bytes')
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise SourceError('an image in the table can not be decoded. Copy the dataset again.')
    return np.asarray(image[:, :, ::-1], np.uint8)


def _read_v3(folder: Path, info: DatasetInfo) -> tuple[dict[int, str], tuple[Episode, ...]]:
    tasks_table = read_table(folder / 'meta' / 'tasks.parquet')
    texts = next((c for c in ('task', '__index_level_0__') if c in tasks_table.column_names), '')
    if not texts:
        raise SourceError(f'{folder}/meta/tasks.parquet: no column task. Copy the dataset again.')
    tasks = dict(zip(tasks_table['task_index'].to_pylist(), tasks_table[texts].to_pylist(), strict=True))
    files = sorted((folder / 'meta' / 'episodes').glob('chunk-*/file-*.parquet'))
    if not files:
        raise SourceError(f'{folder}: no meta/episodes/. Copy the dataset again.')
    cameras = [k for k, f in info.features.items() if f.dtype == 'video']
    columns = ['episode_index', 'length', 'tasks', 'data/chunk_index', 'data/file_index']
    columns += [f'videos/{c}/{n}' for c in cameras for n in ('chunk_index', 'file_index', 'from_timestamp')]
    rows = [row for file in files for row in read_table(file, columns).to_pylist()]
    return tasks, tuple(_episode_v3(folder, info, cameras, row) for row in rows)


def _episode_v3(folder: Path, info: DatasetInfo, cameras: list[str], row: dict[str, Any]) -> Episode:
    def place(prefix: str) -> dict[str, int]:
        return {name: row[f'{prefix}/{name}'] for name in ('chunk_index', 'file_index')}

    videos = {
        c: VideoPart(
            _inside(folder, info.video_path, video_key=c, **place(f'videos/{c}')), row[f'videos/{c}/from_timestamp']
        )
        for c in cameras
    }
    table = _inside(folder, info.data_path, **place('data'))
    return Episode(row['episode_index'], row['length'], tuple(row['tasks']), table, videos)


def _read_v21(folder: Path, info: DatasetInfo) -> tuple[dict[int, str], tuple[Episode, ...]]:
    tasks = {r['task_index']: r['task'] for r in _json_lines(folder / 'meta' / 'tasks.jsonl', 'task_index', 'task')}
    rows = _json_lines(folder / 'meta' / 'episodes.jsonl', 'episode_index', 'length', 'tasks')
    cameras = [k for k, f in info.features.items() if f.dtype == 'video']
    episodes = []
    for row in rows:
        index = int(row['episode_index'])
        place = {'episode_chunk': index // info.chunks_size, 'episode_index': index}
        videos = {c: VideoPart(_inside(folder, info.video_path, video_key=c, **place), 0.0) for c in cameras}
        table = _inside(folder, info.data_path, **place)
        episodes.append(Episode(index, int(row['length']), tuple(row['tasks']), table, videos))
    return tasks, tuple(episodes)


def _json_lines(path: Path, *keys: str) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
        for row in rows:
            for key in keys:
                row[key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f'{path}: not readable ({error}). Copy the dataset again.') from None
    return rows


def _inside(folder: Path, template: str, **values: Any) -> Path:
    """A path that a template names: it comes with the data, so it may not lead out of the folder."""
    try:
        path = folder / template.format(**values)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise SourceError(f'{folder}: path template {template!r} is not usable ({error}).') from None
    if not path.resolve().is_relative_to(folder.resolve()):
        raise SourceError(f'{folder}: path template {template!r} leads out of the dataset. Do not use this dataset.')
    return path
