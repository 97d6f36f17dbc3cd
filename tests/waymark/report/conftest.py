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


def load_runs() -> ModuleType:
    """The module that writes synthetic recordings, which lies beside this file."""
    name = 'waymark_test_runs'
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name('runs.py'))
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope='session')
def runs() -> ModuleType:
    return load_runs()


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
