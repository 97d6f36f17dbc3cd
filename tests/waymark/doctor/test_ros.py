# SPDX-License-Identifier: Apache-2.0
import pytest

from waymark.doctor.ros import check_discovery, check_messages, check_origin, check_rmw
from waymark.environment import find_ros

needs_ros = pytest.mark.skipif(find_ros() is None, reason='ROS 2 is not installed for this Python')


@needs_ros
def test_one_ros_is_ok():
    finding = check_origin({'AMENT_PREFIX_PATH': str(find_ros().prefix)})
    assert finding.level == 'OK'
    assert str(find_ros().prefix) in finding.text


@needs_ros
def test_second_ros_that_is_sourced_fails_and_is_named(tmp_path):
    package = tmp_path / 'share' / 'rclpy' / 'package.xml'
    package.parent.mkdir(parents=True)
    package.write_text('<package/>')
    finding = check_origin({'AMENT_PREFIX_PATH': str(tmp_path)})
    assert finding.level == 'FAIL'
    assert f'{tmp_path} is in this shell too' in finding.text


@needs_ros
def test_humble_warns_as_untested():
    finding = check_origin({'ROS_DISTRO': 'humble'})
    assert finding.level == 'WARN'
    assert 'ROS_DISTRO is humble: untested' in finding.text


@needs_ros
def test_messages_of_this_environment_are_there():
    assert check_messages().level == 'OK'


@needs_ros
def test_fast_dds_is_expected():
    assert check_rmw({}).level == 'OK'
    assert check_rmw({'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp'}).level == 'OK'


def test_other_middleware_that_is_installed_warns(tmp_path):
    library = tmp_path / 'lib' / 'librmw_zenoh_cpp.so'
    library.parent.mkdir()
    library.touch()
    finding = check_rmw({'RMW_IMPLEMENTATION': 'rmw_zenoh_cpp', 'AMENT_PREFIX_PATH': str(tmp_path)})
    assert finding.level == 'WARN'


def test_middleware_that_is_not_installed_fails(tmp_path):
    finding = check_rmw({'RMW_IMPLEMENTATION': 'rmw_nonsense_cpp', 'AMENT_PREFIX_PATH': str(tmp_path)})
    assert finding.level == 'FAIL'
    assert finding.text == 'rmw_nonsense_cpp (RMW_IMPLEMENTATION) is not installed.'


@pytest.mark.parametrize(
    ('environ', 'level'),
    [
        ({}, 'OK'),
        ({'ROS_DOMAIN_ID': ''}, 'OK'),
        ({'ROS_DOMAIN_ID': '101'}, 'OK'),
        ({'ROS_DOMAIN_ID': '102'}, 'WARN'),
        ({'ROS_DOMAIN_ID': '233'}, 'FAIL'),
        ({'ROS_DOMAIN_ID': '-1'}, 'FAIL'),
        ({'ROS_DOMAIN_ID': 'robot'}, 'FAIL'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, 'OK'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF'}, 'WARN'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCAL'}, 'WARN'),
        ({'ROS_LOCALHOST_ONLY': '1'}, 'WARN'),
        ({'ROS_LOCALHOST_ONLY': '0'}, 'OK'),
    ],
)
def test_discovery_settings(environ, level):
    assert check_discovery(environ).level == level
