# SPDX-License-Identifier: Apache-2.0
import pytest

from waymark.doctor.fastdds import (
    MIB,
    SharedMemory,
    check_profile,
    check_shared_memory,
    judge_profile,
    read_profile,
)


@pytest.fixture
def ours(repo):
    return repo / 'config' / 'fastdds.xml'


def write(folder, old, new, text):
    path = folder / 'profile.xml'
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_our_profile_enlarges_the_segment_of_every_process(ours):
    assert read_profile(ours) == SharedMemory(64 * MIB, True)


def test_without_a_setting_ours_is_used_and_the_hint_names_it(ours):
    finding = check_profile({}, ours)
    assert finding.level == 'OK'
    assert finding.remedy.endswith(f'export FASTDDS_DEFAULT_PROFILES_FILE={ours}')


def test_no_profile_at_all_warns_of_lost_images():
    finding = check_profile({}, None)
    assert finding.level == 'WARN'
    assert 'images above 0.5 MB will be lost' in finding.text


@pytest.mark.parametrize('variable', ['FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'])
def test_setting_of_the_user_wins_and_a_missing_file_fails(ours, tmp_path, variable):
    finding = check_profile({variable: str(tmp_path / 'gone.xml')}, ours)
    assert finding.level == 'FAIL'
    assert finding.text == f'{tmp_path / "gone.xml"}: no such file or directory.'


def test_new_name_of_the_setting_wins_over_the_old_one(ours, tmp_path):
    environ = {
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(tmp_path / 'gone.xml'),
        'FASTDDS_DEFAULT_PROFILES_FILE': str(ours),
    }
    assert check_profile(environ, None).level == 'OK'


def test_file_that_is_not_xml_fails(tmp_path):
    path = tmp_path / 'profile.xml'
    path.write_text('segment_size: 1')
    assert judge_profile(path).level == 'FAIL'


def test_size_that_is_not_a_number_fails(ours, tmp_path):
    path = write(tmp_path, '67108864', '64 MiB', ours.read_text())
    assert judge_profile(path).level == 'FAIL'


def test_default_segment_size_warns(ours, tmp_path):
    path = write(tmp_path, '67108864', '524288', ours.read_text())
    finding = judge_profile(path)
    assert finding.level == 'WARN'
    assert 'segment of 0.5 MiB is too small' in finding.text


def test_profile_that_no_participant_uses_warns(ours, tmp_path):
    path = write(tmp_path, 'is_default_profile="true"', 'is_default_profile="false"', ours.read_text())
    assert read_profile(path).is_used is False
    assert judge_profile(path).level == 'WARN'


def test_profile_without_shared_memory_warns(ours, tmp_path):
    path = write(tmp_path, '<type>SHM</type>', '<type>UDPv4</type>', ours.read_text())
    assert read_profile(path) == SharedMemory(0, False)
    assert judge_profile(path).level == 'WARN'


def test_room_for_shared_memory_is_measured(tmp_path):
    assert check_shared_memory(tmp_path, 1).level == 'OK'
    assert check_shared_memory(tmp_path, 1 << 60).level == 'FAIL'
    assert check_shared_memory(tmp_path / 'none').level == 'WARN'
