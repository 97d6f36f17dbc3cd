# SPDX-License-Identifier: Apache-2.0
"""Which backend `auto` takes: by the kind of file first, then by the machine."""

import platform
from importlib.util import find_spec
from pathlib import Path

import pytest

from waymark.backends import backend_for


@pytest.mark.parametrize(
    ('name', 'backend'),
    [
        ('model.xml', 'openvino'),
        ('model.engine', 'tensorrt'),
        ('model.plan', 'tensorrt'),
        ('model.rknn', 'rknn'),
        ('model.safetensors', 'torch'),
    ],
)
def test_a_file_that_one_backend_alone_can_read_decides(name, backend):
    assert backend_for(Path('folder') / name) == backend


def test_onnx_files_run_on_openvino_on_an_x86_cpu_that_has_it(monkeypatch):
    monkeypatch.setattr(platform, 'machine', lambda: 'x86_64')
    assert backend_for(Path('model.onnx')) == ('openvino' if find_spec('openvino') else 'onnx')


def test_onnx_files_run_on_onnx_runtime_on_other_machines(monkeypatch):
    monkeypatch.setattr(platform, 'machine', lambda: 'aarch64')
    assert backend_for(Path('model.onnx')) == 'onnx'


def test_a_device_that_only_onnx_runtime_knows_leaves_the_file_to_it():
    assert backend_for(Path('model.onnx'), 'cuda') == 'onnx'
