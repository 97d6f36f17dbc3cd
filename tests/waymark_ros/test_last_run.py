# SPDX-License-Identifier: Apache-2.0
import os

import pytest

from waymark_ros.last_run import RunMark


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    return tmp_path


def test_a_first_run_has_no_past(home):
    mark = RunMark('/robot1/safety_filter')
    assert mark.begin() == ''
    assert mark.path == home / 'waymark' / 'robot1-safety_filter-domain7.running'
    assert mark.path.read_text() == f'{os.getpid()}\n'


def test_a_run_that_did_not_end_in_order_is_noticed_by_the_next(home):
    RunMark('/safety_filter').begin()
    assert RunMark('/safety_filter').begin() == 'the last run did not end in order'


def test_a_run_that_ended_in_order_leaves_nothing(home):
    mark = RunMark('/safety_filter')
    mark.begin()
    mark.end()
    mark.end()
    assert RunMark('/safety_filter').begin() == ''


def test_another_node_and_another_domain_have_marks_of_their_own(home, monkeypatch):
    RunMark('/a/safety_filter').begin()
    assert RunMark('/b/safety_filter').begin() == ''
    monkeypatch.setenv('ROS_DOMAIN_ID', '8')
    assert RunMark('/a/safety_filter').begin() == ''


def test_where_nothing_can_be_written_the_last_run_counts_as_disorderly(home):
    (home / 'waymark').write_text('a file where a folder should be')
    assert 'is not known' in RunMark('/safety_filter').begin()
