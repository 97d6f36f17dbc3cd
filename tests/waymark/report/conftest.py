# SPDX-License-Identifier: Apache-2.0
"""Recordings to read and report on."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def load(name: str, file: Path) -> ModuleType:
    """Load a module that lies beside tests, once, under a name that other such modules import it by."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope='session')
def runs(repo: Path) -> ModuleType:
    """The module that writes recordings of synthetic flights."""
    load('waymark_test_flights', repo / 'tests/waymark/report/flights.py')
    return load('waymark_test_runs', repo / 'tests/waymark/report/runs.py')


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
