# SPDX-License-Identifier: Apache-2.0
"""Recordings to read and report on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from recorded_runs import load_runs


@pytest.fixture(scope='session')
def runs(repo: Path) -> ModuleType:
    """The module that writes recordings of synthetic flights."""
    return load_runs(repo)


@pytest.fixture(scope='session')
def types(runs: ModuleType) -> Any:
    """A rosbags typestore that knows Jazzy's types and waymark_msgs."""
    return runs.make_types()


@pytest.fixture
def record(tmp_path: Path, runs: ModuleType, types: Any) -> Callable[..., Path]:
    """Record a synthetic flight: `record(raw_images=True)` returns its .mcap file."""

    def write(folder: str = 'flight', **changes: Any) -> Path:
        return runs.write_run(tmp_path / folder / 'run.mcap', types, runs.RunPlan(**changes))

    return write


@pytest.fixture(scope='session')
def flight(tmp_path_factory: pytest.TempPathFactory, runs: ModuleType, types: Any) -> Path:
    """One finished recording that nobody changes."""
    return runs.write_run(tmp_path_factory.mktemp('flight') / 'run.mcap', types)
