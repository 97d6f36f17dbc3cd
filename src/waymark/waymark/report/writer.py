# SPDX-License-Identifier: Apache-2.0
"""Write a recording: an MCAP file that any ROS 2 tool opens and that a crash shortens by a second at most."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from waymark import __version__
from waymark.errors import RecordingError
from waymark.report.bag_metadata import OfferedQos, TopicSummary, bag_information, to_yaml, type_hash
from waymark.report.config import require_free

CHUNK_BYTES = 1024 * 1024  # a chunk is also closed every flush period
FACTS = 'waymark'  # name of the metadata record with what is known about the run


class McapRecorder:
    """Writes messages as they come, from any thread.

    A background thread closes the chunk in progress and syncs it to disk every `flush_period_s`: neither a
    kill nor a power cut costs more than that. `close` adds the summary and metadata.yaml; a file without them
    still reads up to its last complete chunk.
    """

    def __init__(self, path: Path, flush_period_s: float = 0.5, compression: str = 'zstd') -> None:
        """Create the file.

        Args:
            path: The .mcap file; its folder is created and belongs to this recording alone.
            flush_period_s: At most this much is lost in a crash, s.
            compression: 'zstd', 'lz4' or 'none'.

        Raises:
            RecordingError: The folder already holds a recording, or can't be written.
        """
        self.path = path
        self.facts: dict[str, str] = {}
        self._file = _create(path)
        self._writer = _start_writer(self._file, compression)
        self._topics: dict[str, tuple[int, TopicSummary]] = {}
        self._schemas: dict[tuple[str, str], tuple[int, str]] = {}
        self._span_ns: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._failure: OSError | None = None
        self._flusher = threading.Thread(
            target=self._flush_until_closed, args=(flush_period_s,), name='recorder-flush', daemon=True
        )
        self._flusher.start()

    def declare(self, topic: str, type_name: str, definition: str, qos: OfferedQos | None = None) -> None:
        """Announce a topic and what its publisher offers; a second call with the same topic changes nothing.

        Raises:
            RecordingError: The definition does not parse, or the topic was declared with another type.
        """
        with self._lock:
            self._declare(topic, type_name, definition, qos)

    def write(
        self,
        topic: str,
        type_name: str,
        definition_text: str,
        cdr: bytes,
        log_time_ns: int,
        publish_time_ns: int,
    ) -> None:
        """Append one message; a topic not declared before is declared with default QoS.

        Args:
            topic: Full topic name.
            type_name: `pkg/msg/Name`.
            definition_text: From `message_definition`; looked at once per topic.
            cdr: The serialized message with its encapsulation header.
            log_time_ns: When it was received, ns.
            publish_time_ns: When it was published, ns; its header stamp where it has one.

        Raises:
            RecordingError: The disk refused the data, the recording is closed, or the topic changed its type.
        """
        with self._lock:
            channel, summary = self._declare(topic, type_name, definition_text, None)
            try:
                self._writer.add_message(channel, log_time_ns, bytes(cdr), publish_time_ns, summary.count)
            except OSError as error:
                self._failure = error
                raise _disk_error(self.path, error) from None
            summary.count += 1
            first, last = self._span_ns or (log_time_ns, log_time_ns)
            self._span_ns = (min(first, log_time_ns), max(last, log_time_ns))

    def describe(self, facts: Mapping[str, str]) -> None:
        """Keep short texts about the run (`input`, `pipeline`, ...) in the file; the report shows them."""
        with self._lock:
            self.facts.update(facts)
            self._writer.add_metadata(FACTS, dict(facts))

    def close(self) -> None:
        """Write the summary and metadata.yaml; safe to call twice.

        Raises:
            RecordingError: The disk refused the data; what was flushed before stays readable.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        self._flusher.join()
        try:
            self._finish()
        except OSError as error:
            raise _disk_error(self.path, error) from None
        finally:
            with suppress(OSError):  # it flushes once more; the failure was reported
                self._file.close()

    def __enter__(self) -> McapRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _declare(self, topic: str, type_name: str, definition: str, qos: OfferedQos | None) -> tuple[int, TopicSummary]:
        if self._closing.is_set():
            raise RecordingError(f'{self.path}: the recording is closed; nothing more can be written to it.')
        if self._failure:
            raise _disk_error(self.path, self._failure)
        known = self._topics.get(topic)
        if known is None:
            schema, digest = self._schema(type_name, definition)
            summary = TopicSummary(topic, type_name, digest, qos or OfferedQos())
            metadata = {'offered_qos_profiles': summary.qos.as_yaml(), 'topic_type_hash': digest}
            channel = self._writer.register_channel(topic, 'cdr', schema, metadata)
            known = self._topics[topic] = (channel, summary)
        elif known[1].type_name != type_name:
            raise RecordingError(f'topic {topic!r} was recorded as {known[1].type_name} and now carries {type_name}.')
        return known

    def _schema(self, type_name: str, definition: str) -> tuple[int, str]:
        key = (type_name, definition)
        if key not in self._schemas:
            digest = type_hash(type_name, definition)
            schema = self._writer.register_schema(type_name, 'ros2msg', definition.encode())
            self._schemas[key] = (schema, digest)
        return self._schemas[key]

    def _flush_until_closed(self, period_s: float) -> None:
        spent_s = 0.0
        while not self._closing.wait(max(0.0, period_s - spent_s)):
            began = time.monotonic()
            try:
                with self._lock:
                    self._writer.flush()
                    _pack_index(self._writer)
                os.fdatasync(self._file.fileno())  # outside the lock: a slow card must not hold up writers
            except OSError as error:
                self._failure = error
                return
            spent_s = time.monotonic() - began

    def _finish(self) -> None:
        start_ns, end_ns = self._span_ns or (0, 0)
        topics = [summary for _, summary in self._topics.values()]
        information = bag_information(self.path.name, topics, start_ns, end_ns, self.facts)
        with self._lock:
            self._writer.flush()
            # rosbag2 reads this where metadata.yaml is missing; its version says how the QoS is written.
            self._writer.add_metadata('rosbag2', {'serialized_metadata': to_yaml(information)})
            self._writer.finish()
            self._file.flush()
            os.fsync(self._file.fileno())
        text = to_yaml({'rosbag2_bagfile_information': information})
        (self.path.parent / 'metadata.yaml').write_text(text, encoding='utf-8')


def _create(path: Path) -> Any:
    require_free(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open('xb')
    except OSError as error:
        raise _disk_error(path, error) from None


def _start_writer(file: Any, compression: str) -> Any:
    from mcap.writer import CompressionType, Writer

    writer: Any = Writer(file, chunk_size=CHUNK_BYTES, compression=CompressionType[compression.upper()])
    writer.start(profile='ros2', library=f'waymark-{__version__}')
    writer.flush()
    return writer


class _PackedIndex:
    """Where the messages of a chunk are, as the bytes that the summary gets."""

    __slots__ = ('_record',)

    def __init__(self, index: Any) -> None:
        from mcap.data_stream import RecordBuilder

        builder: Any = RecordBuilder()  # mcap has no types for all of it
        index.write(builder)
        self._record = builder.end()

    def write(self, builder: Any) -> None:
        builder.write(self._record)


def _pack_index(writer: Any) -> None:
    """Make the writer's index of what is on disk small.

    The library keeps a dict per chunk until the end: 4 kB where 45 topics are recorded, at two chunks a second half a
    megabyte a minute. The record itself is a ninth of that.
    """
    indices: list[Any] = getattr(writer, '_Writer__chunk_indices')  # noqa: B009  # the library has no door to it
    for at in range(len(indices) - 1, -1, -1):
        if isinstance(indices[at], _PackedIndex):
            break
        indices[at] = _PackedIndex(indices[at])


def _disk_error(path: Path, error: OSError) -> RecordingError:
    return RecordingError(
        f'{path}: the recording can not be written: {error.strerror or error}. Free space or choose another path.'
    )
