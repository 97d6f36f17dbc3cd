# SPDX-License-Identifier: Apache-2.0
import pytest

from waymark.doctor.python import check_numpy, check_opencv, check_python, judge_opencv


@pytest.mark.parametrize('version', [(3, 10), (3, 11), (3, 13)])
def test_supported_python_is_ok(version):
    assert check_python(version).level == 'OK'


@pytest.mark.parametrize('version', [(3, 9), (3, 14), (2, 7)])
def test_other_python_fails_and_says_which_ones_work(version):
    finding = check_python(version)
    assert finding.level == 'FAIL'
    assert finding.remedy == 'Use Python 3.10 to 3.13.'


def test_libraries_of_this_environment_are_usable():
    assert check_numpy().level == 'OK'
    assert check_opencv().level != 'FAIL'


def test_opencv_without_akaze_fails():
    finding = judge_opencv('5.0.0', False, ('opencv-python-headless',))
    assert (finding.level, finding.text) == ('FAIL', '5.0.0 from opencv-python-headless: has no AKAZE.')


def test_two_opencv_wheels_in_one_folder_warn_and_name_both():
    finding = judge_opencv('4.12.0', True, ('opencv-python-headless', 'opencv-python'))
    assert finding.level == 'WARN'
    assert 'pip uninstall opencv-python-headless opencv-python' in finding.remedy


def test_opencv_of_ubuntu_warns_that_it_is_old():
    finding = judge_opencv('4.6.0', True, ())
    assert finding.level == 'WARN'
    assert finding.text == '4.6.0 from the system: older than tested.'
