# SPDX-License-Identifier: Apache-2.0
import pytest

from waymark.doctor.cameras import judge_topics

INFO = {
    'topic': '/cam/camera_info',
    'publishers': 1,
    'messages': 60,
    'calibrated': True,
    'size_wh': [640, 480],
}
TOPIC = {
    'topic': '/cam/image_raw',
    'type': 'sensor_msgs/msg/Image',
    'publishers': 1,
    'qos': {'reliability': 'best_effort', 'durability': 'volatile', 'fits': True, 'reason': ''},
    'watched_s': 2.01,
    'messages': 60,
    'rate_hz': 30.04,
    'stamp_age_p50_ms': 12.4,
    'stamps': {'zero': 0, 'future': 0, 'backwards': 0},
    'encoding': 'rgb8',
    'size_wh': [640, 480],
    'unreadable': '',
    'is_readable_name': True,
    'camera_info': INFO,
}


def judged(**changes):
    (finding,) = judge_topics({'looked_s': 2.0, 'topics': [{**TOPIC, **changes}]})
    return finding


def test_good_camera_is_one_line_of_facts():
    finding = judged()
    assert (finding.level, finding.remedy) == ('OK', '')
    assert finding.text == 'Image, best_effort, volatile, 640x480 rgb8, 30.0 Hz, stamps 12 ms old'


def test_no_camera_warns():
    (finding,) = judge_topics({'looked_s': 6.04, 'topics': []})
    assert finding.level == 'WARN'
    assert finding.text == 'no image topic appeared in 6 s.'


@pytest.mark.parametrize(
    ('changes', 'level', 'words'),
    [
        ({'messages': 0, 'rate_hz': None, 'size_wh': None}, 'WARN', 'nothing arrived in 2 s'),
        ({'publishers': 2}, 'WARN', '2 nodes publish it'),
        ({'unreadable': 'it is empty.'}, 'FAIL', 'images can not be used: it is empty'),
        ({'is_readable_name': False}, 'WARN', 'no node reads it'),
        ({'stamps': {'zero': 60, 'future': 0, 'backwards': 0}}, 'FAIL', '60 of 60 stamps are zero: refused'),
        ({'stamps': {'zero': 0, 'future': 3, 'backwards': 0}}, 'FAIL', '3 of 60 stamps lie in the future'),
        ({'stamps': {'zero': 0, 'future': 0, 'backwards': 1}}, 'WARN', '1 stamps went back in time'),
        ({'stamp_age_p50_ms': 501.0}, 'WARN', 'stamps are older than 500 ms'),
        ({'camera_info': {**INFO, 'publishers': 0}}, 'WARN', 'no /cam/camera_info'),
        ({'camera_info': {**INFO, 'messages': 0}}, 'WARN', '/cam/camera_info is silent'),
        ({'camera_info': {**INFO, 'calibrated': False}}, 'WARN', 'not calibrated'),
        ({'camera_info': {**INFO, 'size_wh': [320, 240]}}, 'WARN', '/cam/camera_info is for 320x240 px'),
        (
            {'qos': {**TOPIC['qos'], 'fits': False, 'reason': 'deadline'}},
            'FAIL',
            'QoS does not fit: deadline',
        ),
    ],
)
def test_complaint_has_its_level_and_a_remedy(changes, level, words):
    finding = judged(**changes)
    assert finding.level == level
    assert words in finding.text
    assert finding.remedy


def test_several_complaints_give_the_worst_level_and_each_remedy_once():
    finding = judged(stamps={'zero': 0, 'future': 1, 'backwards': 0}, stamp_age_p50_ms=900.0)
    assert finding.level == 'FAIL'
    assert finding.remedy.count('Synchronise the clocks') == 1
