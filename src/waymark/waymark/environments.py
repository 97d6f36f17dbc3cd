# SPDX-License-Identifier: Apache-2.0
"""Run a module in another of Waymark's environments: torch, lerobot and rknn-toolkit pin what ROS can't live with."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from waymark.errors import BackendUnavailable, ConfigError

_REPOSITORY = Path(__file__).resolve().parents[3]
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INSTALLED = ('site-packages', 'dist-packages')


@dataclass(frozen=True)
class EnvironmentSpec:
    """One environment beside `.venv`.

    Attributes:
        folder: Its folder at the top of the repository.
        needs: Modules that tell that the running interpreter will do.
        target: The make target that creates it.
    """

    folder: str
    needs: tuple[str, ...]
    target: str


ENVIRONMENTS = {
    'models': EnvironmentSpec('.venv-models', ('torch', 'transformers', 'onnxscript'), 'models'),
    'rknn': EnvironmentSpec('.venv-rknn', ('rknn',), 'rknn'),
    'bench': EnvironmentSpec('.venv-bench', ('faiss',), 'bench'),
}


def find_interpreter(name: str) -> Path:
    """Find the Python of an environment.

    In this order: the variable WAYMARK_<NAME>_PYTHON, the running interpreter where it has what is needed, the
    folder that make creates.

    Args:
        name: One of ENVIRONMENTS.

    Raises:
        BackendUnavailable: There is none; the sentence names the make target.
        ConfigError: The variable names a file that is no program.
    """
    spec, variable = ENVIRONMENTS[name], f'WAYMARK_{name.upper()}_PYTHON'
    asked = os.environ.get(variable, '')
    if asked:
        if not (os.path.isfile(asked) and os.access(asked, os.X_OK)):
            raise ConfigError(f'{variable}={asked!r} is not a program. Name the Python of that environment.')
        return Path(asked)
    if all(importlib.util.find_spec(module) for module in spec.needs):
        return Path(sys.executable)
    python, is_ready = _REPOSITORY / spec.folder / 'bin' / 'python', _REPOSITORY / spec.folder / '.stamps' / 'ready'
    if python.exists() and is_ready.exists():
        return python
    raise BackendUnavailable(
        f'this needs {" and ".join(spec.needs[:2])}, which have an environment of their own: '
        f'run make {spec.target} in the repository, or name its Python in {variable}.'
    )


def run_in(name: str, module: str, arguments: Sequence[str] = ()) -> int:
    """Run `python -m module` in an environment, with this terminal: its progress and errors show as they are.

    Ctrl-C and SIGTERM reach it, and this call returns only when it has ended.

    Args:
        name: One of ENVIRONMENTS.
        module: What to run; Waymark's packages can be imported there.
        arguments: Command-line arguments.

    Returns:
        Its exit code; 128 + n when signal n ended it, as a shell has it.

    Raises:
        BackendUnavailable: The environment is missing.
    """
    python = find_interpreter(name)
    with source_path() as path, _passed_on() as received:
        environment = os.environ | {'PYTHONPATH': path, 'PYTHONNOUSERSITE': '1'}
        try:
            # A session of its own: Ctrl-C in the terminal then reaches it once, from here, not twice.
            child = subprocess.Popen([python, '-m', module, *arguments], env=environment, start_new_session=True)
        except OSError as error:
            raise BackendUnavailable(f'{str(python)!r} does not run ({error.strerror}): make it again.') from error
        received.append(child)
        code = child.wait()
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def source_path() -> Iterator[str]:
    """PYTHONPATH that offers Waymark's packages, and nothing else of this interpreter's packages."""
    specs = [importlib.util.find_spec(name) for name in ('waymark', 'waymark_sim')]
    packages = [Path(s.origin).resolve().parent for s in specs if s is not None and s.origin]
    if all(p.parent.name not in _INSTALLED for p in packages):
        yield os.pathsep.join(dict.fromkeys(str(p.parent) for p in packages))
        return
    with tempfile.TemporaryDirectory(prefix='waymark-') as folder:
        for package in packages:
            (Path(folder) / package.name).symlink_to(package, target_is_directory=True)
        yield folder


@contextlib.contextmanager
def _passed_on() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Pass signals on to the children in the list, instead of leaving them alone by dying first."""
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _: FrameType | None) -> None:
        for child in children:
            if child.poll() is None:
                child.send_signal(number)

    try:
        before = {number: signal.signal(number, forward) for number in _PASSED_ON}
    except ValueError:  # not the main thread: whoever owns it decides
        before = {}
    try:
        yield children
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
