# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every suite shares."""

from __future__ import annotations

import importlib.util
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
SUITES = ('browser', 'colcon', 'models', 'rknn', 'slow', 'gpu')  # markers that make test leaves out
HAS_ROS = all(importlib.util.find_spec(name) for name in ('rclpy', 'waymark_msgs'))
LEFT_OUT = pytest.StashKey[Counter[str]]()


class DataAbsent(pytest.skip.Exception):
    """Skips everywhere, CI included: a clone comes without the real data."""


@pytest.fixture(scope='session')
def repo() -> Path:
    return REPO


@pytest.fixture(scope='session')
def shared_data() -> Callable[[str], Path]:
    """Real data beside the repository: `shared_data('kitti_mini')` is its folder, or the test skips."""

    def find(name: str) -> Path:
        path = REPO.parent / 'shared' / 'data' / name
        if not path.exists():
            raise DataAbsent(f'real data {name!r} is not beside the repository')
        return path

    return find


def pytest_runtest_setup(item: pytest.Item) -> None:
    if not HAS_ROS and item.get_closest_marker('ros'):
        pytest.skip('ROS 2 and its message types are not installed for this Python')
    if item.get_closest_marker('rknn'):
        require_environment('rknn')


def require_environment(name: str) -> None:
    """Skip a test whose environment is missing, with the sentence that says how to make it."""
    from waymark.environments import find_interpreter
    from waymark.errors import BackendUnavailable

    try:
        find_interpreter(name)
    except BackendUnavailable as error:
        pytest.skip(str(error))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fail what skips for want of an environment, where WAYMARK_REQUIRE names its suite (CI does)."""
    report = yield
    required = os.environ.get('WAYMARK_REQUIRE', '').split()
    suites = [suite for suite in required if item.get_closest_marker(suite)]
    skipped = call.excinfo is not None and call.excinfo.errisinstance(pytest.skip.Exception)
    if suites and skipped and not call.excinfo.errisinstance(DataAbsent):
        report.outcome = 'failed'
        report.longrepr = f'{suites[0]} tests must run here, this one did not: {call.excinfo.value}'
    return report


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = Counter()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        suites = [suite for suite in SUITES if item.get_closest_marker(suite)]
        item.config.stash[LEFT_OUT].update(suites[:1])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which suites did not run, just above the closing line."""
    left_out = config.stash[LEFT_OUT]
    if left_out and config.option.markexpr:
        suites = ', '.join(f'{suite} ({count} tests)' for suite, count in sorted(left_out.items()))
        terminalreporter.write_line(f'Suites left out: {suites}. make test-all runs all but gpu.')
