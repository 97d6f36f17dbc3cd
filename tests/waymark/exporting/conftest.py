# SPDX-License-Identifier: Apache-2.0
"""Every tiny model exported once, in one process of .venv-models."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from waymark.encoding.manifest import read_manifest
from waymark.environments import find_interpreter
from waymark.errors import BackendUnavailable
from waymark.types import ModelManifest


@dataclass(frozen=True)
class Exported:
    """What the process left.

    Attributes:
        out: One model folder per case.
        results: Its report or its refusal, by case.
    """

    out: Path
    results: dict[str, dict[str, Any]]

    def folder(self, case: str) -> Path:
        assert self.results[case]['error'] == ''
        return self.out / case

    def manifest(self, case: str) -> ModelManifest:
        return read_manifest(self.folder(case)).manifest


@pytest.fixture(scope='session')
def models_python() -> Path:
    try:
        return find_interpreter('models')
    except BackendUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope='session')
def source_path(repo) -> str:
    return os.pathsep.join(str(repo / 'src' / name) for name in ('waymark', 'waymark_sim'))


@pytest.fixture(scope='session')
def exported(models_python, source_path, repo, tmp_path_factory) -> Exported:
    out = tmp_path_factory.mktemp('exported')
    command = [models_python, repo / 'tests' / 'support' / 'export_everything.py', out]
    done = subprocess.run(command, env=os.environ | {'PYTHONPATH': source_path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return Exported(out, json.loads((out / 'results.json').read_text()))


@pytest.fixture(scope='session')
def tiny_vit(models_python, repo, tmp_path_factory) -> Path:
    """A tiny ViT as Hugging Face's library saves it."""
    folder = tmp_path_factory.mktemp('tiny') / 'vit'
    code = 'import sys, pathlib, tiny_encoders; tiny_encoders.save_model("vit", pathlib.Path(sys.argv[1]))'
    environment = os.environ | {'PYTHONPATH': str(repo / 'tests' / 'support')}
    subprocess.run([models_python, '-c', code, folder], env=environment, check=True, capture_output=True, timeout=300)
    return folder

