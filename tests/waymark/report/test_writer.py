# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
import yaml
from mcap.reader import make_reader
from rosbags.interfaces import QosDurability, QosReliability
from rosbags.rosbag2 import Reader

from waymark.errors import RecordingError
from waymark.report.bag_metadata import OfferedQos
from waymark.report.reader import open_recording
from waymark.report.writer import McapRecorder

STRING = 'std_msgs/msg/String'
TEXT = 'string data\n'


def cdr(types, text: str) -> bytes:
    return bytes(types.serialize_cdr(types.types[STRING](data=text), STRING))


def texts_in(path: Path) -> list[str]:
    recording = open_recording(path)
    return [recording.decode(m).data for m in recording.messages()]


@pytest.mark.parametrize('compression', ['zstd', 'lz4', 'none'])
def test_rosbags_reads_the_folder_with_counts_times_hashes_and_qos(tmp_path, types, compression):
    with McapRecorder(tmp_path / 'bag' / 'run.mcap', compression=compression) as recorder:
        recorder.declare('/map', STRING, TEXT, OfferedQos('reliable', 'transient_local', 1))
        for i in range(3):
            recorder.write('/map', STRING, TEXT, cdr(types, f'm{i}'), 100 + i, 50 + i)
        recorder.write('/other', STRING, TEXT, cdr(types, 'o'), 110, 110)

    with Reader(tmp_path / 'bag') as bag:
        assert (bag.message_count, bag.start_time, bag.end_time) == (4, 100, 111)
        first, second = bag.connections
        assert (first.topic, first.msgcount, second.topic, second.msgcount) == ('/map', 3, '/other', 1)
        assert first.digest == types.hash_rihs01(STRING)
        assert first.ext.offered_qos_profiles[0].durability == QosDurability.TRANSIENT_LOCAL
        assert second.ext.offered_qos_profiles[0].reliability == QosReliability.RELIABLE
        read = [(c.topic, t, types.deserialize_cdr(raw, STRING).data) for c, t, raw in bag.messages()]
    assert read == [('/map', 100, 'm0'), ('/map', 101, 'm1'), ('/map', 102, 'm2'), ('/other', 110, 'o')]


def test_the_file_follows_the_ros2_profile(tmp_path, types):
    with McapRecorder(tmp_path / 'run.mcap') as recorder:
        recorder.write('/a', STRING, TEXT, cdr(types, 'x'), 7, 6)
    with (tmp_path / 'run.mcap').open('rb') as file:
        reader = make_reader(file)
        schema, channel, message = next(reader.iter_messages())
        carried = {m.name: m.metadata for m in reader.iter_metadata()}
        assert reader.get_header().profile == 'ros2'
    assert (schema.name, schema.encoding, schema.data.decode()) == (STRING, 'ros2msg', TEXT)
    assert (channel.message_encoding, message.log_time, message.publish_time) == ('cdr', 7, 6)
    profile = yaml.safe_load(channel.metadata['offered_qos_profiles'])[0]
    assert (profile['history'], profile['depth'], profile['liveliness']) == ('keep_last', 10, 'automatic')
    # rosbag2 reads this record where metadata.yaml is missing; QoS as text needs version 9.
    assert yaml.safe_load(carried['rosbag2']['serialized_metadata'])['version'] == 9


def test_metadata_has_no_yaml_anchors(tmp_path, types):
    with McapRecorder(tmp_path / 'run.mcap') as recorder:
        recorder.write('/a', STRING, TEXT, cdr(types, 'x'), 7, 7)
    assert '&id' not in (tmp_path / 'metadata.yaml').read_text()


def test_an_empty_recording_opens(tmp_path):
    McapRecorder(tmp_path / 'run.mcap').close()
    recording = open_recording(tmp_path / 'run.mcap')
    assert (recording.message_count, recording.log_span_ns, recording.warnings) == (0, None, [])
    with Reader(tmp_path) as bag:
        assert bag.message_count == 0


def test_messages_reach_the_disk_within_the_flush_period_without_further_writes(tmp_path, types):
    recorder = McapRecorder(tmp_path / 'run.mcap', flush_period_s=0.05)
    recorder.write('/a', STRING, TEXT, cdr(types, 'x'), 7, 7)
    give_up = time.monotonic() + 5.0
    while not texts_in(tmp_path / 'run.mcap') and time.monotonic() < give_up:
        pass
    assert texts_in(tmp_path / 'run.mcap') == ['x']
    recorder.close()


def test_what_is_on_disk_takes_less_than_a_kilobyte_a_chunk_and_is_found_by_topic(tmp_path, types):
    path, message = tmp_path / 'run.mcap', cdr(types, 'x')
    with McapRecorder(path, flush_period_s=0.005) as recorder:
        for turn in range(120):
            if turn == 20:
                tracemalloc.start()
            for topic in range(45):
                recorder.write(f'/topic_{topic}', STRING, TEXT, message, turn, turn)
            time.sleep(0.01)
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    with path.open('rb') as file:
        reader = make_reader(file)
        chunks = len(reader.get_summary().chunk_indexes)
        assert [m.log_time for _, _, m in reader.iter_messages(topics=['/topic_7'])] == list(range(120))
    assert chunks > 60
    assert grown / (100 / 120 * chunks) < 1024


def test_a_second_recording_in_one_folder_is_refused(tmp_path):
    McapRecorder(tmp_path / 'run.mcap').close()
    with pytest.raises(RecordingError, match=r'run\.mcap exists already'):
        McapRecorder(tmp_path / 'run.mcap')
    with pytest.raises(RecordingError, match=r'metadata\.yaml exists already'):
        McapRecorder(tmp_path / 'other.mcap')


def test_a_folder_that_can_not_be_made_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(RecordingError, match=r'file is a file: choose a folder for the recording'):
        McapRecorder(tmp_path / 'file' / 'run.mcap')


def test_writing_after_close_and_changing_a_type_are_refused(tmp_path, types):
    recorder = McapRecorder(tmp_path / 'run.mcap')
    recorder.write('/a', STRING, TEXT, cdr(types, 'x'), 7, 7)
    with pytest.raises(RecordingError, match="topic '/a' was recorded as std_msgs/msg/String"):
        recorder.write('/a', 'std_msgs/msg/Bool', 'bool data\n', b'\0\1\0\0\1', 8, 8)
    recorder.close()
    recorder.close()
    with pytest.raises(RecordingError, match='the recording is closed'):
        recorder.write('/a', STRING, TEXT, cdr(types, 'x'), 9, 9)
    assert texts_in(tmp_path / 'run.mcap') == ['x']


CHILD = """
import resource, sys, threading, time
from pathlib import Path
from waymark.report.writer import McapRecorder
from waymark.errors import RecordingError

recorder = McapRecorder(Path(sys.argv[1]), flush_period_s=0.5)
pace = threading.Event()
number, limit = 0, int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    while True:
        now = time.time_ns()
        text = f'{number:06d}'.encode() * (2000 if limit else 1)
        data = b'\\0\\1\\0\\0' + (len(text) + 1).to_bytes(4, 'little') + text + b'\\0'
        recorder.write('/count', 'std_msgs/msg/String', 'string data\\n', data, now, now)
        print(number, now, flush=True)
        number += 1
        if not limit:
            pace.wait(0.01)
except RecordingError as error:
    print('refused:', error)
    try:
        recorder.close()
    except RecordingError as error:
        print('close:', error)
"""


def start_child(path: Path, limit_bytes: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-c', CHILD, str(path), str(limit_bytes)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


def test_kill_costs_at_most_the_last_second(tmp_path):
    child = start_child(tmp_path / 'run.mcap')
    first = last = None
    while first is None or last - first < 1_700_000_000:
        last = int(child.stdout.readline().split()[1])
        first = first or last
    child.send_signal(signal.SIGKILL)
    killed_ns = time.time_ns()
    child.communicate(timeout=10)

    recording = open_recording(tmp_path / 'run.mcap')

    numbers = [int(recording.decode(m).data) for m in recording.messages()]
    assert numbers == list(range(len(numbers)))
    assert recording.log_span_ns[1] >= killed_ns - 1_000_000_000
    assert len(recording.warnings) == 1
    assert f'{len(numbers)} messages were recovered' in recording.warnings[0]


def test_a_full_disk_is_one_sentence_and_keeps_what_was_flushed(tmp_path):
    out, _ = start_child(tmp_path / 'run.mcap', limit_bytes=40_000).communicate(timeout=30)
    told = [line for line in out.splitlines() if not line[0].isdigit()]
    assert told
    assert 'run.mcap: the recording can not be written: File too large' in told[0]
    assert open_recording(tmp_path / 'run.mcap').warnings
