# SPDX-License-Identifier: Apache-2.0
"""Serialized messages of rosbag2 recordings: whole ones through rosbags, cut-off MCAP files as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from rosbags.rosbag2 import Reader

from waymark.errors import SourceError
from waymark.sources.paths import natural_key

MCAP_MAGIC = b'\x89MCAP0\r\n'


@dataclass(frozen=True)
class BagMessage:
    """One message as recorded: topic, time of recording (ns), CDR bytes."""

    topic: str
    log_time_ns: int
    cdr: bytes


@dataclass(frozen=True)
class BagTopic:
    """One topic of a recording: its type ('sensor_msgs/msg/Image') and how many messages it holds."""

    type_name: str
    count: int


class BagFile(Protocol):
    """An opened recording."""

    topics: dict[str, BagTopic]

    def messages(self, names: Sequence[str]) -> Iterator[BagMessage]:
        """Yield messages of some topics in recorded order; SourceError where the file is cut or broken."""
        ...

    def close(self) -> None:
        """Release the files."""
        ...


def open_bag_file(path: Path) -> BagFile:
    """Open a rosbag2 folder, or a .mcap or .db3 file without its metadata.yaml.

    Raises:
        SourceError: Nothing of it can be read; the text says why.
    """
    if not path.is_dir():
        return _open_one(path)
    if (path / 'metadata.yaml').exists():
        try:
            return WholeBag(path)
        except SourceError:
            if not _parts(path):
                raise  # otherwise its files may still be read one by one
    parts = _parts(path)
    if not parts:
        raise SourceError(f'{path}: no .mcap or .db3 in this bag. Copy the whole folder again.')
    opened = [_open_one(p) for p in parts]
    return opened[0] if len(opened) == 1 else ChainedBags(opened)


def _parts(path: Path) -> list[Path]:
    return sorted((p for p in path.iterdir() if p.suffix in ('.mcap', '.db3')), key=natural_key)


def _open_one(path: Path) -> BagFile:
    try:
        return WholeBag(path)
    except SourceError:
        with path.open('rb') as file:
            is_mcap = file.read(len(MCAP_MAGIC)) == MCAP_MAGIC
        if not is_mcap:
            raise
        return CutMcap(path)


class WholeBag:
    """A recording that was closed well."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            SourceError: rosbags refuses it.
        """
        self._path = path
        try:
            self._reader = Reader(path)
            self._reader.open()
        # rosbags lets errors of its parsers (sqlite, YAML, struct, assert) through: all mean a bad bag.
        except Exception as error:
            raise SourceError(
                f'{path}: not a readable rosbag2 ({_first_line(error)}). Repair it with ros2 bag reindex or '
                'record it again.'
            ) from None
        self.topics: dict[str, BagTopic] = {}
        for connection in self._reader.connections:
            _add(self.topics, connection.topic, BagTopic(connection.msgtype, connection.msgcount))

    def messages(self, names: Sequence[str]) -> Iterator[BagMessage]:
        """Yield messages; see BagFile."""
        connections = [c for c in self._reader.connections if c.topic in names]
        try:
            for connection, time_ns, cdr in self._reader.messages(connections):
                yield BagMessage(connection.topic, time_ns, bytes(cdr))
        except Exception as error:  # see __init__
            raise SourceError(
                f'{self._path}: broken from here on ({_first_line(error)}). Copy or record it again.'
            ) from None

    def close(self) -> None:
        """Release the files."""
        if self._reader.is_open:
            self._reader.close()


class CutMcap:
    """An MCAP file whose writer was killed: it has no summary, so it is read from its beginning."""

    def __init__(self, path: Path) -> None:
        """Look through the file once for its topics.

        Raises:
            SourceError: Not even one topic can be read.
        """
        self._path = path
        self.topics: dict[str, BagTopic] = {}
        for channel, type_name, _ in self._records():
            _add(self.topics, channel.topic, BagTopic(type_name, 1))
        if not self.topics:
            raise SourceError(f'{path}: cut off before its first message. Record it again.')

    def messages(self, names: Sequence[str]) -> Iterator[BagMessage]:
        """Yield all messages that reached the disk, then raise SourceError."""
        for channel, _, message in self._records():
            if channel.topic in names:
                yield BagMessage(channel.topic, message.log_time, message.data)
        raise SourceError(
            f'{self._path}: the recording is cut off; all that reached the disk was given. '
            'Close recorders with Ctrl-C, or repair it with mcap recover.'
        )

    def close(self) -> None:
        """Nothing stays open."""

    def _records(self) -> Iterator[tuple[Channel, str, Message]]:
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        with self._path.open('rb') as file:
            records = iter(StreamReader(file).records)
            while (record := _next_or_none(records)) is not None:
                if isinstance(record, Schema):
                    schemas[record.id] = record
                elif isinstance(record, Channel):
                    channels[record.id] = record
                elif isinstance(record, Message) and record.channel_id in channels:
                    channel = channels[record.channel_id]
                    schema = schemas.get(channel.schema_id)
                    yield channel, schema.name if schema else '', record


def _next_or_none(records: Iterator[Any]) -> Any | None:
    try:
        return next(records, None)
    # A cut leaves half a record or half a compressed block: mcap, struct, lz4 and zstd each raise their own.
    except Exception:
        return None


class ChainedBags:
    """The parts of a split recording, one after the other."""

    def __init__(self, parts: Sequence[BagFile]) -> None:
        """Take opened parts in order."""
        self._parts = parts
        self.topics: dict[str, BagTopic] = {}
        for part in parts:
            for name, topic in part.topics.items():
                _add(self.topics, name, topic)

    def messages(self, names: Sequence[str]) -> Iterator[BagMessage]:
        """Yield messages of all parts; a cut part does not hide the next ones, its error comes last."""
        broken: SourceError | None = None
        for part in self._parts:
            try:
                yield from part.messages(names)
            except SourceError as error:
                broken = broken or error
        if broken:
            raise broken

    def close(self) -> None:
        """Release the files."""
        for part in self._parts:
            part.close()


def _add(topics: dict[str, BagTopic], name: str, topic: BagTopic) -> None:
    before = topics[name].count if name in topics else 0
    topics[name] = BagTopic(topic.type_name, before + topic.count)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).split('\n')[0].rstrip('.')
