# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.errors import RecordingError
from waymark.report.html import write_report
from waymark.report.mcap_walk import ScanResult, walk
from waymark.report.reader import open_recording

CUTS = 50


@pytest.fixture(scope='module')
def flight(tmp_path_factory, runs, types):
    """A finished recording of some twenty chunks, that nobody changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('waymark.report.writer.CHUNK_BYTES', 20_000)
        return runs.write_run(tmp_path_factory.mktemp('chunks') / 'run.mcap', types)


def contents(recording) -> list[tuple[str, int, bytes]]:
    return [(m.topic, m.log_time_ns, m.data) for m in recording.messages()]


def test_a_finished_recording_is_whole(flight, runs):
    recording = open_recording(flight)
    frames = 2 * runs.RunPlan().frames_per_lap
    assert recording.warnings == []
    assert recording.topics['/localization'].count == frames
    assert recording.facts == {'input': 'sim:ground?seed=7&laps=2', 'pipeline': 'config/demo.yaml'}
    assert recording.log_span_ns == (1_000_000_000, 1_000_000_000 + (frames - 1) * 250_000_000)


def test_types_are_decoded_by_the_definitions_in_the_file(flight):
    recording = open_recording(flight)
    message = next(recording.messages(['/targets']))
    target = recording.decode(message).targets[0]
    assert (target.target_id, target.state, len(target.corners)) == ('pad', 1, 4)


def test_a_folder_with_one_recording_opens(flight):
    assert open_recording(flight.parent).path == flight


def test_cut_anywhere_it_gives_a_prefix_or_says_why_not(flight, tmp_path):
    whole, data = contents(open_recording(flight)), flight.read_bytes()
    cuts = [*range(10), *np.random.default_rng(1).integers(10, len(data), CUTS - 10).tolist()]
    for cut in cuts:
        path = tmp_path / 'cut.mcap'
        path.write_bytes(data[:cut])
        if cut < 8:
            with pytest.raises(RecordingError, match='too short'):
                open_recording(path)
            continue
        recording = open_recording(path)
        read = contents(recording)
        assert read == whole[: len(read)]
        assert len(recording.warnings) == 1
        assert f'{len(read)} messages were recovered' in recording.warnings[0]


@pytest.mark.parametrize('share', [0.0, 0.3, 0.9, 0.999])
def test_the_report_of_a_cut_recording_says_how_much_was_recovered(flight, tmp_path, share):
    data = flight.read_bytes()
    path = tmp_path / 'run.mcap'
    path.write_bytes(data[: max(8, int(share * len(data)))])
    page = write_report(path).read_text()
    assert page.index('The recording was not closed') < page.index('<main>')
    assert f'{open_recording(path).message_count} messages were recovered' in page


def test_zeros_after_a_power_cut_end_the_recording(flight, tmp_path):
    data = flight.read_bytes()
    half = len(data) // 2
    (tmp_path / 'cut.mcap').write_bytes(data[:half] + bytes(len(data) - half))
    (tmp_path / 'short.mcap').write_bytes(data[:half])
    assert contents(open_recording(tmp_path / 'cut.mcap')) == contents(open_recording(tmp_path / 'short.mcap'))


def test_a_damaged_chunk_is_left_out_and_the_rest_read(flight, tmp_path):
    data = bytearray(flight.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path = tmp_path / 'damaged.mcap'
    path.write_bytes(data)
    scan = ScanResult()
    assert len(list(walk(path, scan))) > 0
    assert (scan.damaged_records, scan.has_end) == (1, True)
    assert '1 damaged part of the recording left out' in write_report(path).read_text()


def test_a_damaged_first_chunk_costs_no_other(flight, tmp_path):
    data = bytearray(flight.read_bytes())
    data[2000] ^= 0xFF
    path = tmp_path / 'damaged.mcap'
    path.write_bytes(data)
    whole, read = contents(open_recording(flight)), contents(open_recording(path))
    assert 0 < len(read) < len(whole)
    assert read == whole[-len(read) :]


@pytest.mark.parametrize('flips', range(12))
def test_flipped_bytes_never_end_in_another_error(flight, tmp_path, flips):
    rng = np.random.default_rng(flips)
    data = np.frombuffer(flight.read_bytes(), np.uint8).copy()
    where = rng.integers(0, len(data), 20)
    data[where] ^= rng.integers(1, 255, 20).astype(np.uint8)
    path = tmp_path / 'run.mcap'
    path.write_bytes(data.tobytes())
    try:
        write_report(path)
    except RecordingError as error:
        assert 'run.mcap' in str(error)


@pytest.mark.parametrize(
    ('content', 'why'),
    [
        (b'', r'too short \(0 bytes\)'),
        (b'\x89MCAP', 'too short'),
        (b'SQLite format 3\0', 'not an MCAP'),
        (b'x', 'not an'),
    ],
)
def test_what_is_no_recording_is_refused_by_name(tmp_path, content, why):
    (tmp_path / 'run.mcap').write_bytes(content)
    with pytest.raises(RecordingError, match=f'run.mcap.*{why}'):
        open_recording(tmp_path / 'run.mcap')


def test_missing_files_and_empty_folders_are_refused_by_name(tmp_path):
    with pytest.raises(RecordingError, match='does not exist'):
        open_recording(tmp_path / 'no.mcap')
    with pytest.raises(RecordingError, match='holds no .mcap file'):
        open_recording(tmp_path)


def test_bags_of_ros_tools_open(shared_data):
    recording = open_recording(shared_data('bags_rosbag2') / 'mcap' / 'talker')
    assert [(t.name, t.count) for t in recording.topics.values() if t.name == '/topic'] == [('/topic', 10)]
    assert recording.warnings == []
