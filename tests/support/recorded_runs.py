# SPDX-License-Identifier: Apache-2.0
"""The modules beside the report's tests that write recordings of synthetic flights, for every suite that shows them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load_runs(repo: Path) -> ModuleType:
    """The module that writes recordings; it imports the one that draws the flights."""
    _load('waymark_test_flights', repo / 'tests/waymark/report/flights.py')
    return _load('waymark_test_runs', repo / 'tests/waymark/report/runs.py')


def _load(name: str, file: Path) -> ModuleType:
    """Load a module once, under a name that other such modules import it by."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
