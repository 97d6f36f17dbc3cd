# SPDX-License-Identifier: Apache-2.0
"""Python and the libraries that everything stands on."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from waymark.doctor.finding import Finding

SUPPORTED = ((3, 10), (3, 13))
OPENCV_WHEELS = (
    'opencv-python-headless',
    'opencv-python',
    'opencv-contrib-python',
    'opencv-contrib-python-headless',
)


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Whether this Python is one that Waymark and its libraries have wheels for."""
    low, high = SUPPORTED
    text = f'{version[0]}.{version[1]} at {sys.executable}'
    if low <= version <= high:
        return Finding('Python', 'OK', text)
    return Finding('Python', 'FAIL', text, f'Use Python {low[0]}.{low[1]} to {high[0]}.{high[1]}.')


def check_numpy() -> Finding:
    """Whether NumPy is there and of a version that Waymark is tested on."""
    numpy = _load('numpy')
    if isinstance(numpy, str):
        return Finding('NumPy', 'FAIL', numpy, 'Install it: pip install "numpy>=1.26,<3".')
    if _version(numpy) < (1, 26):
        return Finding('NumPy', 'WARN', f'{numpy.__version__}: older than tested.', 'Install numpy 1.26 or newer.')
    return Finding('NumPy', 'OK', str(numpy.__version__))


def check_opencv() -> Finding:
    """Whether OpenCV is there, has AKAZE, and is installed once."""
    cv2 = _load('cv2')
    if isinstance(cv2, str):
        return Finding('OpenCV', 'FAIL', cv2, 'Install it: pip install "opencv-python-headless>=4.10,<5".')
    return judge_opencv(str(cv2.__version__), hasattr(cv2, 'AKAZE_create'), installed(OPENCV_WHEELS))


def judge_opencv(version: str, has_akaze: bool, wheels: Sequence[str]) -> Finding:
    """Judge an OpenCV.

    Args:
        version: As cv2 says.
        has_akaze: Whether cv2.AKAZE_create exists.
        wheels: Installed distributions that contain cv2; none where apt installed it.
    """
    text = f'{version} from {", ".join(wheels) or "the system"}'
    if not has_akaze:
        return Finding(
            'OpenCV',
            'FAIL',
            f'{text}: has no AKAZE.',
            'Install it: pip install "opencv-python-headless>=4.10,<5".',
        )
    if len(wheels) > 1:
        # They overwrite each other's files in one folder cv2/; uninstalling either breaks the other.
        return Finding(
            'OpenCV',
            'WARN',
            f'{text}: {len(wheels)} packages share the folder cv2.',
            f'pip uninstall {" ".join(wheels)}; then pip install "opencv-python-headless>=4.10,<5".',
        )
    if tuple(int(p) for p in version.split('.')[:2]) < (4, 10):
        return Finding(
            'OpenCV',
            'WARN',
            f'{text}: older than tested.',
            'Install "opencv-python-headless>=4.10,<5" into the venv.',
        )
    return Finding('OpenCV', 'OK', text)


def installed(distributions: Sequence[str]) -> tuple[str, ...]:
    """Which of these distributions are installed for this Python."""
    found = []
    for name in distributions:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(name)
    return tuple(found)


def _load(module: str) -> Any:
    """The module, or why it can't be imported (an ABI clash is more than an ImportError)."""
    try:
        return importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - whatever it raises is the finding
        return f'can not be imported: {" ".join(str(error).split())}'


def _version(module: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(module.__version__).split('.')[:2])
