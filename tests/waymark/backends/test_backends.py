# SPDX-License-Identifier: Apache-2.0
"""One contract for every backend (tests/support/backend_contract.py), wherever its library is."""

import importlib.util
import os
import subprocess
from pathlib import Path

import backend_contract as contract
import pytest

from waymark import environments
from waymark.backends import BackendOptions, backend_names, load_backend, require_backend
from waymark.errors import BackendUnavailable, ConfigError


def missing(case):
    return [m for m in case.needs if importlib.util.find_spec(m) is None]


@pytest.mark.parametrize('check', contract.CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize('name', contract.CASES)
def test_the_contract(name, check, tmp_path):
    case = contract.CASES[name]
    if name == 'torch' and missing(case):
        pytest.skip('backend torch: its contract is kept in .venv-models, see the next test')
    if missing(case):
        pytest.skip(f'backend {name}: {missing(case)[0]} is not installed')
    check(case, tmp_path)


@pytest.mark.models
def test_torch_keeps_the_contract_in_the_environment_that_has_it(repo):
    try:
        python = environments.find_interpreter('models')
    except BackendUnavailable as error:
        pytest.skip(str(error))
    script = Path(contract.__file__)
    environment = os.environ | {'PYTHONPATH': str(repo / 'src' / 'waymark')}
    done = subprocess.run([python, script, 'torch'], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count('kept: ') == len(contract.CHECKS)


def test_each_backend_says_what_it_lacks_before_it_looks_at_a_file(tmp_path):
    for name in backend_names():
        case = contract.CASES.get(name)
        if case is None or not missing(case):
            continue
        with pytest.raises(BackendUnavailable, match=f'backend {name} is unavailable'):
            load_backend(name, tmp_path / 'absent')
        with pytest.raises(BackendUnavailable, match=f'backend {name} is unavailable'):
            require_backend(name, BackendOptions(device='abacus'))


def test_an_unknown_backend_is_refused_with_the_known_ones(tmp_path):
    known = 'onnx, openvino, tensorrt, rknn, torch, fake'
    with pytest.raises(ConfigError, match=f"unknown backend 'tpu'. Known: {known}"):
        load_backend('tpu', tmp_path)
