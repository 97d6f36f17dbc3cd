# SPDX-License-Identifier: Apache-2.0
"""Which topics become which features of a dataset, from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from waymark.datasets.fields import FieldPath
from waymark.datasets.info import ACTION, IMAGES, STATE, Feature
from waymark.errors import ConfigError

_KEYS = ('fps', 'robot_type', 'task', 'images', 'state', 'action', 'episode', 'max_age_s', 'stamps')
STAMPS = ('header', 'received')


@dataclass(frozen=True)
class CameraPlan:
    """A topic of images and the size (width, height) at which they are kept."""

    key: str
    topic: str
    size_wh: tuple[int, int]


@dataclass(frozen=True)
class VectorPlan:
    """Numbers of one topic that become elements of a vector, by name."""

    topic: str
    fields: Mapping[str, FieldPath]


@dataclass(frozen=True)
class RecordingPlan:
    """What is recorded, and how it is put in step.

    Attributes:
        fps: Steps per second, a whole number.
        robot_type: A name for the robot.
        task: The instruction of all episodes.
        cameras: Image features.
        state: Parts of observation.state, in order.
        action: Parts of action, in order.
        episode: A number that changes where an episode begins; None where a bag is one episode.
        max_age_s: An observation older than this is a gap, which ends the episode.
        stamps: 'header' or 'received': which time of a message counts.
    """

    fps: int
    robot_type: str
    task: str
    cameras: tuple[CameraPlan, ...]
    state: tuple[VectorPlan, ...]
    action: tuple[VectorPlan, ...]
    episode: VectorPlan | None = None
    max_age_s: float = 0.5
    stamps: str = 'header'

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic, once."""
        vectors = (*self.state, *self.action, *((self.episode,) if self.episode else ()))
        return tuple(dict.fromkeys([*(c.topic for c in self.cameras), *(v.topic for v in vectors)]))

    @property
    def observed(self) -> tuple[str, ...]:
        """Topics that must be fresh at each step: the action's may be silent while nothing is asked for."""
        return tuple(dict.fromkeys([*(c.topic for c in self.cameras), *(v.topic for v in self.state)]))

    def features(self, image_dtype: str) -> dict[str, Feature]:
        """The features of the dataset; cameras as 'video' or 'image'."""
        found = {key: _vector_feature(parts) for key, parts in ((STATE, self.state), (ACTION, self.action))}
        for camera in self.cameras:
            width, height = camera.size_wh
            found[camera.key] = Feature(image_dtype, (height, width, 3))
        return found


def read_plan(path: Path) -> RecordingPlan:
    """Read a plan.

    Raises:
        ConfigError: It is not readable, lacks something, or says something unknown.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path}: not readable as YAML ({str(error).splitlines()[0]}).') from None
    try:
        return _plan(_mapping(content, 'the file', _KEYS))
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from None


def _plan(content: dict[str, Any]) -> RecordingPlan:
    fps = _number(content, 'fps', whole=True)
    max_age_s = _number({'max_age_s': 0.5} | content, 'max_age_s')
    stamps = str(content.get('stamps', 'header'))
    if stamps not in STAMPS:
        raise ConfigError(f'stamps: one of {", ".join(STAMPS)}, got {stamps!r}.')
    state, action = (_vectors(content, key) for key in ('state', 'action'))
    cameras = tuple(_camera(str(k), v) for k, v in _mapping(content.get('images') or {}, 'images').items())
    episode = content.get('episode')
    task = content.get('task')
    if not isinstance(task, str) or not task.strip():
        raise ConfigError("task is missing. Say what is done, as the policy will be told: task: 'fly along the road'.")
    return RecordingPlan(
        int(fps),
        str(content.get('robot_type', '')),
        task.strip(),
        cameras,
        state,
        action,
        _episode(episode) if episode is not None else None,
        max_age_s,
        stamps,
    )


def _mapping(value: Any, what: str, known: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f'{what}: expected keys and values, got {value!r}.')
    unknown = [str(k) for k in value if known and k not in known]
    if unknown:
        raise ConfigError(f'{what}: unknown key {unknown[0]!r}. Known: {", ".join(known)}.')
    return value


def _number(content: Mapping[str, Any], key: str, whole: bool = False) -> float:
    value = content.get(key)
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value <= 1000:
        raise ConfigError(f'{key}: expected a {"whole " if whole else ""}number in 1..1000, got {value!r}.')
    return float(value)


def _camera(name: str, value: Any) -> CameraPlan:
    content = _mapping(value, f'images.{name}', ('topic', 'size'))
    size = content.get('size')
    is_size = isinstance(size, list) and len(size) == 2 and all(isinstance(n, int) and 16 <= n <= 4096 for n in size)
    if not is_size or any(n % 2 for n in size or ()):
        raise ConfigError(f'images.{name}.size: expected two even numbers, [width, height] in px, got {size!r}.')
    assert isinstance(size, list)
    return CameraPlan(IMAGES + name, _topic(content, f'images.{name}'), (size[0], size[1]))


def _vectors(content: dict[str, Any], key: str) -> tuple[VectorPlan, ...]:
    parts = content.get(key)
    if not isinstance(parts, list) or not parts:
        raise ConfigError(f'{key}: expected a list of topics with fields, got {parts!r}.')
    found = tuple(_vector(part, key) for part in parts)
    names = [name for part in found for name in part.fields]
    twice = [n for n in names if names.count(n) > 1]
    if twice:
        raise ConfigError(f'{key}: {twice[0]!r} is named twice.')
    return found


def _vector(value: Any, where: str) -> VectorPlan:
    content = _mapping(value, where, ('topic', 'fields'))
    fields = _mapping(content.get('fields'), f'{where}.fields')
    if not fields:
        raise ConfigError(f'{where}.fields: empty. Write name: path, like vx: twist.linear.x.')
    return VectorPlan(_topic(content, where), {str(k): FieldPath.parse(v) for k, v in fields.items()})


def _episode(value: Any) -> VectorPlan:
    content = _mapping(value, 'episode', ('topic', 'field'))
    if 'field' not in content:
        raise ConfigError('episode.field is missing. Name the number that changes with each episode, like data.')
    return VectorPlan(_topic(content, 'episode'), {'episode': FieldPath.parse(content['field'])})


def _topic(content: dict[str, Any], where: str) -> str:
    topic = content.get('topic')
    if not isinstance(topic, str) or not topic.startswith('/') or len(topic) < 2:
        raise ConfigError(f'{where}.topic: expected a full name like /camera/image, got {topic!r}.')
    return topic


def _vector_feature(parts: tuple[VectorPlan, ...]) -> Feature:
    names = tuple(name for part in parts for name in part.fields)
    return Feature('float32', (len(names),), names)
