# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium, and recordings to show in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from recorded_runs import load_runs

FLAGS = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--hide-scrollbars',
]
FLAGS += ['--disable-background-networking', '--disable-component-update', '--disable-sync']
FLAGS += ['--enable-logging=stderr', '--v=0']


@pytest.fixture(scope='session')
def runs(repo: Path) -> ModuleType:
    """The module that writes recordings of synthetic flights."""
    return load_runs(repo)


@dataclass(frozen=True)
class Shown:
    """What the browser made of a page: pixels (H, W, 3) BGR, and its console lines."""

    pixels: np.ndarray
    console: list[str]


@pytest.fixture(scope='session')
def chromium() -> str:
    found = next((c for c in ('chromium', 'chromium-browser', 'google-chrome') if shutil.which(c)), None)
    if found is None:
        pytest.skip('chromium is not installed (apt install chromium): the report is not opened in a browser')
    return found


@pytest.fixture
def run_chromium(chromium: str, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Chromium once with a profile of its own: `run_chromium('--dump-dom', uri)`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [chromium, *FLAGS, f'--user-data-dir={tmp_path / "profile"}', *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)

    return run


@pytest.fixture
def show(run_chromium: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> Callable[..., Shown]:
    """Open a page: `show(path, (390, 4000), is_dark=True)`."""

    def show(page: Path, size_wh: tuple[int, int], is_dark: bool = False) -> Shown:
        # Chromium's window is never narrower than 500 px: a phone is a frame in a page.
        frame, shot = tmp_path / 'frame.html', tmp_path / 'shot.png'
        width, height = size_wh
        frame.write_text(
            '<body style="margin:0">'
            f'<iframe style="border:0" width={width} height={height} src="{page.as_uri()}"></iframe>'
        )
        scheme = ['--blink-settings=preferredColorScheme=0'] if is_dark else []
        window = f'--window-size={max(width, 500)},{height}'
        done = run_chromium(*scheme, window, f'--screenshot={shot}', frame.as_uri())
        pixels = cv2.imread(str(shot))
        assert pixels is not None, done.stderr
        return Shown(pixels[:, :width], [line for line in done.stderr.splitlines() if 'CONSOLE' in line])

    return show
