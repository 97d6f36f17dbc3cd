# SPDX-License-Identifier: Apache-2.0
"""Read a recording, also one that was cut off: all up to its last whole chunk, and a word about the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waymark.errors import RecordingError
from waymark.report.mcap_walk import DAMAGE, ScanResult, walk
from waymark.report.writer import FACTS


@dataclass(frozen=True)
class RecordedMessage:
    """One message as it was recorded; `Recording.decode` opens it.

    Attributes:
        topic: Full topic name.
        type_name: `pkg/msg/Name`.
        schema_id: Of its definition in this file.
        log_time_ns: When it was received, ns.
        data: CDR bytes with encapsulation header.
    """

    topic: str
    type_name: str
    schema_id: int
    log_time_ns: int
    data: bytes


@dataclass
class TopicInfo:
    """What a recording holds of one topic."""

    name: str
    type_name: str
    count: int = 0


@dataclass
class Recording:
    """An opened recording. Opening reads it through once; messages are read again from disk when asked for.

    Attributes:
        path: The .mcap file.
        size_bytes: Of the file.
        topics: By name.
        facts: What the recorder was told about the run (`input`, `pipeline`, ...).
        log_span_ns: Smallest and largest log time, None where there is no message.
        warnings: One sentence for each thing that could not be read.
    """

    path: Path
    size_bytes: int
    topics: dict[str, TopicInfo] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    log_span_ns: tuple[int, int] | None = None
    warnings: list[str] = field(default_factory=list)
    _schemas: dict[int, Any] = field(default_factory=dict, repr=False)
    _stores: dict[int, Any] = field(default_factory=dict, repr=False)

    @property
    def message_count(self) -> int:
        """Messages that can be read."""
        return sum(t.count for t in self.topics.values())

    def topics_of(self, *type_names: str) -> list[TopicInfo]:
        """Topics of one of the types that have messages, most messages first."""
        found = [t for t in self.topics.values() if t.type_name in type_names and t.count]
        return sorted(found, key=lambda t: (-t.count, t.name))

    def messages(self, topics: Collection[str] | None = None) -> Iterator[RecordedMessage]:
        """Yield the messages in file order, of `topics` only where given."""
        return _messages(self.path, ScanResult(), self._schemas, topics, self.topics)

    def decode(self, message: RecordedMessage) -> Any:
        """Decode one message by the definition in the file; fields are attributes, arrays are NumPy arrays.

        Raises:
            RecordingError: The definition or the bytes are damaged; the text names the topic.
        """
        from rosbags.serde import SerdeError

        try:
            return self._store(message).deserialize_cdr(message.data, message.type_name)
        except (SerdeError, ValueError, IndexError, KeyError, AssertionError) as error:
            raise RecordingError(f'{message.topic}: a message can not be decoded: {error}') from None

    def _store(self, message: RecordedMessage) -> Any:
        # One store per schema: two of them may define a shared type differently (two ROS versions).
        if message.schema_id not in self._stores:
            self._stores[message.schema_id] = _typestore(self._schemas[message.schema_id])
        return self._stores[message.schema_id]


def open_recording(path: Path) -> Recording:
    """Open a recording for reading.

    Args:
        path: The .mcap file, or a folder that holds one.

    Raises:
        RecordingError: There is no such file, it is not an MCAP file, or it is too short to hold anything.
    """
    file = _find_file(path)
    recording = Recording(file, file.stat().st_size)
    scan = ScanResult()
    first = last = None
    for message in _messages(file, scan, recording._schemas, None, recording.topics):
        recording.topics[message.topic].count += 1
        first = message.log_time_ns if first is None else min(first, message.log_time_ns)
        last = message.log_time_ns if last is None else max(last, message.log_time_ns)
    recording.log_span_ns = None if first is None or last is None else (first, last)
    for record in scan.metadata:
        if record.name == FACTS:
            recording.facts.update(record.metadata)
    recording.warnings.extend(scan.warnings(recording.message_count))
    return recording


def _messages(
    path: Path,
    scan: ScanResult,
    schemas: dict[int, Any],
    topics: Collection[str] | None,
    seen: dict[str, TopicInfo],
) -> Iterator[RecordedMessage]:
    from mcap.records import Channel, Message, Schema

    channels = _announced_at_the_end(path, schemas)
    _note(seen, channels.values(), schemas)
    for record in walk(path, scan):
        if isinstance(record, Schema):
            schemas[record.id] = record
        elif isinstance(record, Channel) and record.schema_id in schemas:
            channels[record.id] = record
            _note(seen, [record], schemas)
        elif isinstance(record, Message):
            channel = channels.get(record.channel_id)
            if channel is None:
                scan.orphans += 1
            elif topics is None or channel.topic in topics:
                name = schemas[channel.schema_id].name
                yield RecordedMessage(channel.topic, name, channel.schema_id, record.log_time, record.data)


def _note(seen: dict[str, TopicInfo], channels: Iterable[Any], schemas: dict[int, Any]) -> None:
    for channel in channels:
        seen.setdefault(channel.topic, TopicInfo(channel.topic, schemas[channel.schema_id].name))


def _announced_at_the_end(path: Path, schemas: dict[int, Any]) -> dict[int, Any]:
    """Channels that the summary of a finished file repeats: with them one damaged chunk costs no other."""
    from mcap.reader import make_reader

    with path.open('rb') as file:
        try:
            summary = make_reader(file).get_summary()
        except (*DAMAGE, OSError):  # a cut file: there is no end to seek to
            return {}
    if summary is None:
        return {}
    schemas.update(summary.schemas)
    return {i: c for i, c in summary.channels.items() if c.schema_id in schemas}


def _typestore(schema: Any) -> Any:
    from rosbags.typesys import TypesysError, get_types_from_idl, get_types_from_msg
    from rosbags.typesys.store import Typestore

    store = Typestore()
    try:
        text = schema.data.decode()
        is_msg = schema.encoding == 'ros2msg'
        store.register(get_types_from_msg(text, schema.name) if is_msg else get_types_from_idl(text))
    except (TypesysError, UnicodeDecodeError) as error:
        raise RecordingError(f'message type {schema.name!r}: its definition in the file is damaged: {error}') from None
    return store


def _find_file(path: Path) -> Path:
    if not path.exists():
        raise RecordingError(
            f'recording {str(path)!r} does not exist: give an .mcap file or the folder that holds one.'
        )
    if path.is_file():
        return path
    files = sorted(path.glob('*.mcap'))
    if len(files) != 1:
        held = f'{len(files)} .mcap files' if files else 'no .mcap file'
        raise RecordingError(f'recording folder {str(path)!r} holds {held}: name the file to read.')
    return files[0]
