# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from waymark.errors import RecordingError
from waymark.report.html import write_report

HEADINGS = [
    'Flown path',
    'Localization over time',
    'Matched places',
    'Planar targets',
    'Similarity of keyframes',
]
HEADINGS += ['Rates and latencies', 'Warnings', 'Recording']


def section(page: str, name: str) -> str:
    return re.search(f'<section id="{name}">(.*?)</section>', page, re.S)[1]


def heading(page: str) -> str:
    return re.search('<h1>(.*?)</h1>', page)[1]


@pytest.fixture(scope='module')
def page(flight) -> str:
    return write_report(flight, flight.with_name('page.html')).read_text()


def test_every_section_is_there(page):
    assert re.findall('<h2>(.*?)</h2>', page) == HEADINGS


def test_the_verdict_counts_the_second_lap(page):
    # 40 frames a lap; lap 2 is localized from its first to its last fifth: 24 frames.
    assert re.fullmatch(r'Localized in 24 of 40 frames of lap\s2; pad tracked in \d+ frames\.', heading(page))


def test_the_page_needs_no_network(page):
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert 'url(' not in page
    assert "default-src 'none'" in page


def test_the_report_lies_beside_the_recording_unless_told(record, tmp_path):
    path = record()
    assert write_report(path) == path.with_name('report.html')
    assert write_report(path, tmp_path / 'new' / 'my.html') == tmp_path / 'new' / 'my.html'


def test_a_dozen_pairs_with_outlines_and_the_weakest_among_them(page):
    places = section(page, 'places')
    assert places.count('class="pair"') == 12
    assert places.count('fewest inliers of the run') == 1
    assert places.count('<polygon points=') == 12


def test_the_map_shows_path_keyframes_and_closures_in_metres(page):
    path = section(page, 'path')
    assert path.count('<title>keyframe ') == 14  # every third of 40 frames
    assert path.count('matched keyframe') == 24
    assert 'one square is 5 m' in path
    assert 'north, m' in path


def test_without_positions_arcs_stand_in_and_the_page_says_why(record):
    page = write_report(record(leave_out=('ground_truth',))).read_text()
    assert 'No positions were recorded' in section(page, 'path')
    assert page.index('id="similarity"') < page.index('id="path"') < page.index('id="nodes"')
    assert section(page, 'localization').count('class="arc"') == 24
    assert heading(page).startswith('Localized in 24 of 80 frames')


@pytest.mark.parametrize(
    ('topic', 'name', 'words'),
    [
        ('localization', 'localization', 'No waymark_msgs/Localization topic was recorded'),
        ('targets', 'targets', 'No waymark_msgs/PlanarTargetArray topic was recorded'),
        ('embedding', 'similarity', 'There is no matrix'),
        ('keyframes', 'similarity', 'There is no matrix'),
        ('/diagnostics', 'nodes', 'No diagnostic_msgs/DiagnosticArray topic was recorded'),
        ('/rosout', 'warnings', 'No rcl_interfaces/Log topic'),
        ('image/compressed', 'places', 'no images of both moments'),
    ],
)
def test_each_missing_topic_is_named_where_its_figure_would_be(record, topic, name, words):
    assert words in section(write_report(record(leave_out=(topic,), lap_s=5.0)).read_text(), name)


def test_matches_are_taken_from_localization_where_no_match_topic_was_recorded(record):
    page = write_report(record(leave_out=('place',))).read_text()
    assert section(page, 'places').count('class="pair"') == 12
    assert 'No PlaceMatch topic was recorded' in section(page, 'warnings')


def test_topics_are_found_by_type_in_any_namespace(record):
    page = write_report(record(prefix='/drone7/front')).read_text()
    assert '/drone7/front/ground_truth' in page
    assert heading(page).startswith('Localized in 24 of 40 frames of lap\N{NO-BREAK SPACE}2')


def test_raw_images_are_shown_too(record):
    page = write_report(record(raw_images=True)).read_text()
    assert section(page, 'places').count('class="pair"') == 12


def test_texts_from_the_recording_are_escaped(record):
    evil = '</script><script>alert(1)</script><img src=x onerror=alert(1)>"\''
    page = write_report(record(pipeline=evil, log_text=evil, prefix='/' + 'a"b')).read_text()
    assert '<script>alert' not in page
    assert '<img src=x' not in page
    assert '&lt;/script&gt;&lt;script&gt;alert(1)' in page


def test_the_head_says_what_ran(page):
    facts = dict(re.findall('<dt>(.*?)</dt><dd>(.*?)</dd>', page))
    assert facts['Input'] == 'sim:ground?seed=7&amp;laps=2'
    assert facts['Pipeline'] == 'config/demo.yaml'


def test_a_log_topic_on_which_nothing_was_said_was_recorded_all_the_same(tmp_path, types):
    from waymark.report.writer import McapRecorder

    definition = types.generate_msgdef('rcl_interfaces/msg/Log', ros_version=2)[0]
    with McapRecorder(tmp_path / 'run.mcap') as recorder:
        recorder.declare('/rosout', 'rcl_interfaces/msg/Log', definition)
    assert 'No rcl_interfaces/Log topic' not in write_report(tmp_path / 'run.mcap').read_text()


def test_equal_warnings_are_counted_once(page):
    warnings = section(page, 'warnings')
    assert warnings.count('no answer from the encoder for 1.2 s') == 1
    assert re.search(r'place_recognition, \d+ times', warnings)


def test_an_empty_recording_has_a_report(tmp_path):
    from waymark.report.writer import McapRecorder

    McapRecorder(tmp_path / 'run.mcap').close()
    page = write_report(tmp_path / 'run.mcap').read_text()
    assert heading(page) == 'Nothing was recorded.'
    assert sorted(re.findall('<h2>(.*?)</h2>', page)) == sorted(HEADINGS)


def test_one_frame_has_a_report(record):
    page = write_report(record(lap_s=0.25, laps=1)).read_text()
    assert heading(page) == 'Not localized in any of 1 frame (1 keyframe in the map); pad tracked in 1 frame.'


def test_a_page_that_can_not_be_written_is_named(flight, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(RecordingError, match=r"report '.*page\.html' can not be written"):
        write_report(flight, tmp_path / 'file' / 'page.html')
