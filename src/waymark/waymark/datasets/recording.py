# SPDX-License-Identifier: Apache-2.0
"""Episodes from serialized messages, of a bag or of live topics: both go through EpisodeRecorder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.datasets.alignment import Aligner, Tick
from waymark.datasets.info import ACTION, STATE
from waymark.datasets.plan import RecordingPlan, VectorPlan
from waymark.datasets.writing import DatasetWriter
from waymark.errors import MessageError, SourceError
from waymark.sources.bag_files import BagFile, open_bag_file
from waymark.sources.bag_images import COMPRESSED, RAW, decode_image, deserialize
from waymark.types import NANOSECONDS


@dataclass(frozen=True)
class Recorded:
    """What became of a recording.

    Attributes:
        episodes: Whole ones.
        frames: Steps in them.
        gaps: Where an observation was too old.
        too_short: Episodes left out for want of steps.
        skipped: Messages that could not be used; `why` says of the first.
        why: '' where none was skipped.
    """

    episodes: int
    frames: int
    gaps: int
    too_short: int
    skipped: int
    why: str


class EpisodeRecorder:
    """Messages of the plan's topics in, steps of a dataset out."""

    def __init__(self, plan: RecordingPlan, writer: DatasetWriter, min_steps: int = 2) -> None:
        """Begin.

        Args:
            plan: What to make of the topics.
            writer: Where the steps go; stays open.
            min_steps: Shorter episodes are left out.
        """
        self._plan, self._writer, self._min_steps = plan, writer, min_steps
        self._cameras = {c.topic for c in plan.cameras}
        self._aligner = self._new_aligner()
        self._episode: float | None = None
        self._gaps = self._too_short = self._skipped = 0
        self._why = ''

    def add(self, topic: str, type_name: str, received_s: float, cdr: bytes) -> None:
        """Take a message.

        Args:
            topic: One of the plan's.
            type_name: 'sensor_msgs/msg/Image', ...
            received_s: When it was recorded, s.
            cdr: Serialized.
        """
        try:
            stamp_s, sample = self._sample(topic, type_name, received_s, cdr)
        except MessageError as error:
            self._skipped += 1
            self._why = self._why or f'{topic}: {error}'
            return
        self._aligner.add(topic, stamp_s, sample)
        self._write(self._aligner.ticks())

    def end(self) -> None:
        """End the stream: what comes next, another bag, begins another episode."""
        self._write(self._aligner.ticks(is_end=True))
        self._finish()
        self._gaps += self._aligner.gaps
        self._aligner, self._episode = self._new_aligner(), None

    def result(self) -> Recorded:
        """What has become of it so far."""
        done = self._writer
        return Recorded(
            done.total_episodes, done.total_frames, self._gaps, self._too_short, self._skipped, self._why
        )  # fmt: skip

    def _new_aligner(self) -> Aligner:
        plan = self._plan
        commanded = [t for t in plan.topics if t not in plan.observed]
        return Aligner(plan.fps, plan.observed, commanded, plan.max_age_s)

    def _sample(self, topic: str, type_name: str, received_s: float, cdr: bytes) -> tuple[float, Any]:
        """Images stay serialized until a step needs them."""
        message = _Image(cdr, type_name) if topic in self._cameras else deserialize(cdr, type_name)
        stamp = message.stamp_s if isinstance(message, _Image) else _header_stamp_s(message)
        if self._plan.stamps == 'received' or stamp is None:
            return received_s, message
        if abs(stamp - received_s) > 60:
            raise MessageError(
                f'its header stamp and the time of recording are {abs(stamp - received_s):.0f} s apart. '
                'Give stamps: received in the plan.'
            )
        return stamp, message

    def _write(self, ticks: Iterable[Tick]) -> None:
        for tick in ticks:
            try:
                number = self._number(tick)
                step = self._step(tick)
            except MessageError as error:
                self._skipped += 1
                self._why = self._why or str(error)
                self._finish()
                continue
            if tick.is_first or number != self._episode:
                self._finish()
            self._episode = number
            self._writer.add(step)

    def _finish(self) -> None:
        steps = self._writer.steps
        if steps >= self._min_steps:
            self._writer.save_episode(self._plan.task)
        elif steps:
            self._too_short += 1
            self._writer.discard()

    def _number(self, tick: Tick) -> float | None:
        part = self._plan.episode
        return _vector((part,), tick.samples)[0] if part else None

    def _step(self, tick: Tick) -> dict[str, NDArray[Any]]:
        step: dict[str, NDArray[Any]] = {
            STATE: np.array(_vector(self._plan.state, tick.samples), np.float32),
            ACTION: np.array(_vector(self._plan.action, tick.samples), np.float32),
        }
        for camera in self._plan.cameras:
            step[camera.key] = tick.samples[camera.topic].rgb(camera.size_wh)
        return step


class _Image:
    """A serialized image; decoded once, as a slow camera shows the same in several steps."""

    def __init__(self, cdr: bytes, type_name: str) -> None:
        if type_name not in (RAW, COMPRESSED):
            raise MessageError(f'is a {type_name}, and cameras are {RAW} or {COMPRESSED}.')
        if len(cdr) < 12:
            raise MessageError(f'an image of {len(cdr)} bytes is cut off.')
        self._cdr, self._type_name = cdr, type_name
        self._decoded: dict[tuple[int, int], NDArray[np.uint8]] = {}
        order = 'little' if cdr[1] & 1 else 'big'
        sec, nanosec = (int.from_bytes(cdr[i : i + 4], order) for i in (4, 8))  # type: ignore[arg-type]
        self.stamp_s = sec + nanosec / NANOSECONDS or None

    def rgb(self, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
        """Squeezed to the size; (H, W, 3)."""
        if size_wh not in self._decoded:
            rgb = decode_image(self._cdr, self._type_name, '').rgb
            same = (rgb.shape[1], rgb.shape[0]) == size_wh
            small = rgb if same else cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA)
            self._decoded[size_wh] = np.asarray(small, np.uint8)
        return self._decoded[size_wh]


def record_bags(
    bags: Iterable[Path], plan: RecordingPlan, writer: DatasetWriter, each: Callable[[float], None] = lambda _: None
) -> Recorded:
    """Turn bags into episodes, at least one each.

    Args:
        bags: rosbag2 folders or files.
        plan: What to make of their topics.
        writer: Where the steps go.
        each: Called after each message with 1.

    Raises:
        SourceError: A bag can't be read or lacks a topic, or nothing of it makes a step.
        RecordingError: The disk refused it.
    """
    recorder = EpisodeRecorder(plan, writer)
    for path in bags:
        bag = open_bag_file(path)
        try:
            require_topics(path, bag, plan)
            before = recorder.result()
            for message in bag.messages(plan.topics):
                type_name = bag.topics[message.topic].type_name
                recorder.add(message.topic, type_name, message.log_time_ns / NANOSECONDS, message.cdr)
                each(1)
            recorder.end()
            _require_steps(path, before, recorder.result())
        finally:
            bag.close()
    return recorder.result()


def messages_in(bags: Iterable[Path], plan: RecordingPlan) -> int:
    """How many messages of the plan's topics bags hold, for a progress bar."""
    total = 0
    for path in bags:
        bag = open_bag_file(path)
        total += sum(bag.topics[t].count for t in plan.topics if t in bag.topics)
        bag.close()
    return total


def require_topics(path: Path, bag: BagFile, plan: RecordingPlan) -> None:
    """Refuse a bag that lacks one of the plan's topics.

    Raises:
        SourceError: It names those that are missing, and what there is.
    """
    missing = [t for t in plan.topics if t not in bag.topics or not bag.topics[t].count]
    if missing:
        listed = ', '.join(f'{n} ({t.type_name})' for n, t in sorted(bag.topics.items()) if t.count) or 'none'
        raise SourceError(f'{path}: no messages on {", ".join(missing)}. Topics: {listed}.')


def _require_steps(path: Path, before: Recorded, after: Recorded) -> None:
    if after.frames == before.frames:
        why = f' ({after.why})' if after.why else ''
        raise SourceError(
            f'{path}: no step in which every observation is fresh{why}. Look at the rates of its topics and at '
            'max_age_s in the plan.'
        )


def _header_stamp_s(message: Any) -> float | None:
    stamp = getattr(getattr(message, 'header', None), 'stamp', None)
    if stamp is None:
        return None
    return float(stamp.sec + stamp.nanosec / NANOSECONDS) or None


def _vector(parts: tuple[VectorPlan, ...], samples: Mapping[str, Any]) -> list[float]:
    return [path.read(samples[part.topic]) for part in parts for path in part.fields.values()]
