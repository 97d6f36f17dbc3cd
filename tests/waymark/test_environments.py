# SPDX-License-Identifier: Apache-2.0
"""Running a module in another environment: found, told apart, ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from waymark.environments import ENVIRONMENTS, find_interpreter, run_in
from waymark.errors import BackendUnavailable, ConfigError


@pytest.fixture
def here(monkeypatch, tmp_path) -> Path:
    """This interpreter stands in for the models environment; modules in the folder can be run."""
    monkeypatch.setenv('WAYMARK_MODELS_PYTHON', sys.executable)
    monkeypatch.chdir(tmp_path)  # python -m looks there first
    return tmp_path


def module(folder: Path, body: str) -> str:
    (folder / 'said.py').write_text(textwrap.dedent(body))
    return 'said'


def test_the_variable_names_the_interpreter(here):
    assert find_interpreter('models') == Path(sys.executable)


def test_a_variable_that_names_no_program_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv('WAYMARK_RKNN_PYTHON', str(tmp_path))
    monkeypatch.setenv('WAYMARK_BENCH_PYTHON', str(tmp_path / 'nothing'))

    with pytest.raises(ConfigError, match='WAYMARK_BENCH_PYTHON=.*nothing.* is not a program'):
        find_interpreter('bench')
    with pytest.raises(ConfigError, match='is not a program'):
        find_interpreter('rknn')


@pytest.mark.parametrize('name', ENVIRONMENTS)
def test_a_missing_environment_names_its_make_target(name, monkeypatch, tmp_path):
    monkeypatch.delenv(f'WAYMARK_{name.upper()}_PYTHON', raising=False)
    monkeypatch.setattr('waymark.environments._REPOSITORY', tmp_path)
    monkeypatch.setattr('importlib.util.find_spec', lambda _: None)

    with pytest.raises(BackendUnavailable, match=f'run make {name} in the repository'):
        find_interpreter(name)


def test_an_environment_that_make_has_not_finished_does_not_count(monkeypatch, tmp_path):
    python = tmp_path / '.venv-models' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setattr('waymark.environments._REPOSITORY', tmp_path)
    monkeypatch.setattr('importlib.util.find_spec', lambda _: None)

    with pytest.raises(BackendUnavailable):
        find_interpreter('models')
    (tmp_path / '.venv-models' / '.stamps').mkdir()
    (tmp_path / '.venv-models' / '.stamps' / 'ready').touch()
    assert find_interpreter('models') == python


def test_arguments_and_exit_code_pass_through(here):
    name = module(here, 'import sys; sys.exit(int(sys.argv[1]) + int(sys.argv[2]))')

    assert run_in('models', name, ['40', '2']) == 42


def test_what_it_prints_shows_as_it_is(here, capfd):
    run_in('models', module(here, 'import sys; print("out"); print("progress", file=sys.stderr)'))

    assert capfd.readouterr() == ('out\n', 'progress\n')


def test_waymark_can_be_imported_there_and_nothing_else_comes_along(here, capfd):
    run_in('models', module(here, 'import os, waymark; print(waymark.__file__); print(os.environ["PYTHONPATH"])'))

    found, path = capfd.readouterr().out.splitlines()
    assert Path(found).parts[-2:] == ('waymark', '__init__.py')
    assert not any('site-packages' in part for part in path.split(os.pathsep))


def test_an_interpreter_that_can_not_start_is_one_sentence(monkeypatch, tmp_path):
    broken = tmp_path / 'python'
    broken.write_text('#!/no/such/program\n')
    broken.chmod(0o755)
    monkeypatch.setenv('WAYMARK_MODELS_PYTHON', str(broken))

    with pytest.raises(BackendUnavailable, match='does not run .No such file or directory.: make it again'):
        run_in('models', 'anything')


@pytest.mark.parametrize(('number', 'code'), [(signal.SIGINT, 7), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_a_signal_reaches_it_and_the_call_ends_after_it(here, number, code):
    name = module(
        here,
        """
        import sys, threading
        try:
            print('ready', flush=True)
            threading.Event().wait(30)
        except KeyboardInterrupt:
            print('tidied up', flush=True)
            sys.exit(7)
        """,
    )
    parent = f'import sys; from waymark.environments import run_in; sys.exit(run_in("models", {name!r}))'
    with subprocess.Popen([sys.executable, '-c', parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == 'ready\n'
        process.send_signal(number)
        rest = process.stdout.read()

    assert (process.returncode, rest) == (code, 'tidied up\n' if number == signal.SIGINT else '')
