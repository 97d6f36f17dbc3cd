# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from waymark.errors import RecordingError
from waymark.report.bag_metadata import type_hash
from waymark.report.definitions import message_definition, needed_types

LINE = '=' * 80


def write_msgs(folder: Path, **texts: str) -> Path:
    """Write share/<pkg>/msg/<Name>.msg for each pkg__Name."""
    for name, text in texts.items():
        package, _, message = name.partition('__')
        file = folder / 'share' / package / 'msg' / f'{message}.msg'
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_a_definition_is_followed_by_each_needed_one_once(tmp_path, monkeypatch):
    write_msgs(
        tmp_path,
        a__Top='b/Part[] parts  # several\nLocal one\nuint8 KIND=3\n',
        a__Local='b/Part part',
        b__Part='float64[9] h\nstring<=8 name "x"\n',
    )
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere:{tmp_path}')

    text = message_definition('a/msg/Top')

    assert text == (
        'b/Part[] parts  # several\nLocal one\nuint8 KIND=3\n\n'
        f'{LINE}\nMSG: b/Part\nfloat64[9] h\nstring<=8 name "x"\n\n'
        f'{LINE}\nMSG: a/Local\nb/Part part\n'
    )


@pytest.mark.parametrize(
    ('text', 'needed'),
    [
        ('', []),
        ('# std_msgs/Header header\n', []),
        ('string<=12[<=3] names\nwstring w\nbool b true\n', []),
        ('uint8 A=1\nstring NAME=std_msgs/Header x\n', []),
        ('std_msgs/Header header\nstd_msgs/msg/Header again\n', ['std_msgs/msg/Header']),
        (
            'Point[4] corners\nbuiltin_interfaces/Time[<=2] t\n',
            ['own/msg/Point', 'builtin_interfaces/msg/Time'],
        ),
    ],
)
def test_needed_types_are_those_of_fields(text, needed):
    assert needed_types('own/msg/X', text) == needed


def test_a_type_without_msg_file_is_refused_by_name(tmp_path):
    with pytest.raises(RecordingError, match=r"'a/msg/Top' has no \.msg file"):
        message_definition('a/msg/Top', lambda name: None)


def test_a_missing_inner_type_says_who_needs_it(tmp_path, monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(write_msgs(tmp_path, a__Top='b/Part part')))
    with pytest.raises(RecordingError, match=r"'b/msg/Part' \(needed by a/msg/Top\)"):
        message_definition('a/msg/Top')


@pytest.mark.parametrize('name', ['', 'a/Top', 'a/action/Top_Feedback', 'a/srv/Top'])
def test_a_name_of_another_form_is_refused(name):
    with pytest.raises(RecordingError, match=r"expected the form 'pkg/msg/Name'"):
        message_definition(name, lambda name: None)


@pytest.mark.parametrize('package', ['sensor_msgs', 'nav_msgs', 'diagnostic_msgs', 'rcl_interfaces'])
def test_definitions_of_installed_packages_hash_as_ros_hashed_them(package):
    folder = Path(sys.prefix) / 'share' / package / 'msg'
    if not folder.is_dir():
        pytest.skip(f'the ROS package {package} is not installed in this environment')
    for file in folder.glob('*.json'):
        name = f'{package}/msg/{file.stem}'
        known = {t['type_name']: t['hash_string'] for t in json.loads(file.read_text())['type_hashes']}
        assert type_hash(name, message_definition(name)) == known[name]


def test_a_definition_that_does_not_parse_is_refused_by_name():
    with pytest.raises(RecordingError, match="'a/msg/X': its definition does not parse"):
        type_hash('a/msg/X', '%%% no message')


def test_feedback_of_an_action_is_the_last_part_of_its_file(tmp_path, monkeypatch):
    write_msgs(tmp_path, unique_identifier_msgs__UUID='uint8[16] uuid\n')
    action = tmp_path / 'share' / 'a' / 'action' / 'Fly.action'
    action.parent.mkdir(parents=True)
    action.write_text('string goal\n---\nbool success\n---\nfloat32 progress\n')
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    assert message_definition('a/action/Fly_FeedbackMessage') == (
        'unique_identifier_msgs/UUID goal_id\na/action/Fly_Feedback feedback\n\n'
        f'{LINE}\nMSG: unique_identifier_msgs/UUID\nuint8[16] uuid\n\n'
        f'{LINE}\nMSG: a/action/Fly_Feedback\nfloat32 progress\n'
    )
    action.write_text('string goal\n---\nbool success\n')
    with pytest.raises(RecordingError, match="'a/action/Fly_Feedback'"):
        message_definition('a/action/Fly_FeedbackMessage')
