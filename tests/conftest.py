# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every suite shares."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
SUITES = ('browser', 'colcon', 'models', 'rknn', 'gazebo', 'slow', 'gpu')  # markers that make test leaves out
HAS_ROS = all(importlib.util.find_spec(name) for name in ('rclpy', 'waymark_msgs'))
# These watch the clock: one after another, in one process.
CLOCK = (
    *(f'tests/waymark_ros/test_{name}' for name in ('safety', 'run', 'delivery', 'realtime')),
    'tests/waymark/maps/test_killed.py',
)
LONG = ('tests/packaging/test_core_environments.py', 'tests/waymark/safety/test_streams.py')  # minutes a test
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
    if item.get_closest_marker('gazebo'):
        require_gazebo()


@pytest.fixture(scope='session')
def models_interpreter() -> Path:
    """The Python that has torch and lerobot, or the test skips."""
    return require_environment('models')


@pytest.fixture(scope='session')
def run_with_lerobot(models_interpreter: Path) -> Callable[..., str]:
    """Run a script of tests/support where lerobot is, without a hub, in one thread; gives what it prints."""
    from waymark.environments import source_path

    def run(script: str, *arguments: str | Path) -> str:
        with source_path() as path:
            environment = os.environ | {'PYTHONPATH': path, 'HF_HUB_OFFLINE': '1', 'OMP_NUM_THREADS': '1'}
            command = [models_interpreter, REPO / 'tests' / 'support' / script, *arguments]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


def require_environment(name: str) -> Path:
    """The Python of an environment; where it is missing a test skips with the sentence that says how to make it."""
    from waymark.environments import find_interpreter
    from waymark.errors import BackendUnavailable

    try:
        return find_interpreter(name)
    except BackendUnavailable as error:
        pytest.skip(str(error))


def require_gazebo() -> None:
    """Skip a test where Gazebo 11 is not installed, with the sentence that says how to."""
    from waymark.errors import BackendUnavailable
    from waymark_sim.gazebo.server import find_gazebo

    try:
        find_gazebo()
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
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in a shell's background: children inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        suites = [suite for suite in SUITES if item.get_closest_marker(suite)]
        item.config.stash[LEFT_OUT].update(suites[:1])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a process per core, what takes longest begins first."""
    if hasattr(config, 'workerinput'):
        items.sort(key=lambda item: [not item.nodeid.startswith(names) for names in (CLOCK, LONG)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give each process one file after another, as fixtures are shared in a file, all of CLOCK to one process."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition('::')[0]
            if path in LONG:
                return nodeid
            # One Gazebo at a time: two that begin at the same moment may take each other's display or ports.
            return 'gazebo' if 'gazebo' in path else 'clock' if path.startswith(CLOCK) else path

    return ByFile(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, 'workeroutput'):
        session.config.workeroutput['left_out'] = dict(session.config.stash[LEFT_OUT])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Every process leaves out the same tests; one that was killed says nothing."""
    node.config.stash[LEFT_OUT] |= Counter(getattr(node, 'workeroutput', {}).get('left_out', {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which suites did not run, just above the closing line."""
    left_out = config.stash[LEFT_OUT]
    if left_out and config.option.markexpr:
        suites = ', '.join(f'{suite} ({count} tests)' for suite, count in sorted(left_out.items()))
        terminalreporter.write_line(f'Suites left out: {suites}. make test-all runs all but gpu.')
