# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every suite shares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def repo() -> Path:
    return REPO


@pytest.fixture(scope='session')
def shared_data() -> Callable[[str], Path]:
    """Real data beside the repository: `shared_data('kitti_mini')` is its folder, or the test skips by name."""

    def find(name: str) -> Path:
        path = REPO.parent / 'shared' / 'data' / name
        if not path.exists():
            pytest.skip(f'real data {name!r} is not beside the repository')
        return path

    return find
