# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every suite shares."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

REPO = Path(__file__).resolve().parents[1]
SUITES = ('browser', 'colcon', 'slow', 'gpu')  # markers that make test leaves out
LEFT_OUT = pytest.StashKey[Counter[str]]()


@pytest.fixture(scope='session')
def repo() -> Path:
    return REPO


@pytest.fixture(scope='session')
def shared_data() -> Callable[[str], Path]:
    """Real data beside the repository: `shared_data('kitti_mini')` is its folder, or the test skips."""

    def find(name: str) -> Path:
        path = REPO.parent / 'shared' / 'data' / name
        if not path.exists():
            pytest.skip(f'real data {name!r} is not beside the repository')
        return path

    return find


@pytest.fixture(scope='session')
def absent() -> Callable[[str, str], NoReturn]:
    """End a test whose environment is missing: `absent('browser', 'chromium is not installed')`.

    It skips, or fails where WAYMARK_REQUIRE names the suite (make test-all sets that in CI).
    """

    def end(suite: str, reason: str) -> NoReturn:
        if suite in os.environ.get('WAYMARK_REQUIRE', '').split():
            pytest.fail(f'suite {suite!r} is required here: {reason}', pytrace=False)
        pytest.skip(reason)

    return end


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = Counter()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        suites = [suite for suite in SUITES if item.get_closest_marker(suite)]
        item.config.stash[LEFT_OUT].update(suites[:1])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which suites did not run, just above the closing line."""
    if left_out := config.stash[LEFT_OUT]:
        suites = ', '.join(f'{suite} ({count} tests)' for suite, count in sorted(left_out.items()))
        terminalreporter.write_line(f'Suites left out: {suites}. make test-all runs all but gpu.')
