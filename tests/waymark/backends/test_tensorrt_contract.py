# SPDX-License-Identifier: Apache-2.0
"""Our side of TensorRT against a stand-in for NVIDIA's (tests/support/tensorrt_in_name.py)."""

import sys

import backend_contract as contract
import numpy as np
import pytest
import tensorrt_in_name as stand_in

from waymark.backends import MAX_BATCH, BackendOptions, load_backend
from waymark.errors import ModelError

CASE = contract.CASES['tensorrt']


@pytest.fixture
def cuda(monkeypatch, tmp_path):
    runtime = stand_in.CudaRuntime()
    for name, module in stand_in.modules(runtime).items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setattr(stand_in.Builder, 'built', [])
    return runtime


def load(path, **options):
    return load_backend('tensorrt', path, BackendOptions('cuda', **options))


@pytest.mark.parametrize('check', contract.CHECKS, ids=lambda c: c.__name__)
def test_the_contract(cuda, check, tmp_path):
    check(CASE, tmp_path)


def test_an_engine_is_built_once_and_says_how_far_it_is(cuda, tmp_path):
    path, answer = CASE.write(tmp_path)
    told = []
    for _ in range(2):
        backend = load(path, progress=lambda stage, part: told.append((stage, part)))
        np.testing.assert_allclose(backend.run({'images': CASE.images})['means'], answer)
    assert len(stand_in.Builder.built) == 1
    assert told == [('TensorRT: Building', part) for part in (0.0, 0.5, 1.0, 1.0)]


def test_another_version_of_tensorrt_builds_anew(cuda, tmp_path, monkeypatch):
    path, _ = CASE.write(tmp_path)
    load(path)
    monkeypatch.setattr(sys.modules['tensorrt'], '__version__', '10.4.0')
    load(path)
    assert len(stand_in.Builder.built) == 2


@pytest.mark.parametrize(
    ('precision', 'typed', 'flags'),
    [
        ('fp32', True, set()),
        ('int8', True, {'TF32'}),
        ('fp16', False, {'TF32', 'FP16'}),
        ('bf16', False, {'TF32', 'BF16'}),
    ],
)
def test_precision_is_the_files_or_what_the_model_was_made_for(cuda, tmp_path, precision, typed, flags):
    load(CASE.write(tmp_path)[0], precision=precision)
    ((network, config),) = stand_in.Builder.built
    assert bool(network.flags & 1 << stand_in.Flag.STRONGLY_TYPED) is typed
    assert config.flags == flags


def test_tensorrt_11_takes_the_types_of_the_file(cuda, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tensorrt', stand_in.tensorrt_module(flags=()))
    load(CASE.write(tmp_path)[0], precision='fp16')
    ((network, config),) = stand_in.Builder.built
    assert network.flags and config.flags == {'TF32'}


def test_a_free_batch_axis_goes_up_to_the_largest_batch(cuda, tmp_path):
    backend = load(CASE.write(tmp_path)[0])
    ((_, config),) = stand_in.Builder.built
    assert config.profiles[0].shapes == {'images': ((1, 3, 2, 4), (1, 3, 2, 4), (MAX_BATCH, 3, 2, 4))}
    most = np.ones((MAX_BATCH, 3, 2, 4), np.float32)
    assert backend.run({'images': most})['means'].shape == (MAX_BATCH, 3)
    with pytest.raises(ModelError, match='was not built for images of shape'):
        backend.run({'images': np.ones((MAX_BATCH + 1, 3, 2, 4), np.float32)})


def test_a_free_size_is_refused_by_name(cuda, tmp_path):
    path, _ = contract.write_onnx(tmp_path)
    with pytest.raises(ModelError, match=r'leaves images \(-1, 3, -1, -1\) open beyond its batch axis'):
        load(path)


@pytest.mark.parametrize('suffix', ['.engine', '.plan'])
def test_an_engine_file_is_taken_as_it_is(cuda, tmp_path, suffix):
    load(CASE.write(tmp_path)[0])
    entry = next((tmp_path / 'cache' / 'waymark' / 'engines').iterdir())
    path = tmp_path / f'own{suffix}'
    path.write_bytes(entry.read_bytes()[32:])
    assert load(path).output_names == ('means',)
    assert len(stand_in.Builder.built) == 1
    path.write_bytes(b'of another GPU')
    with pytest.raises(ModelError, match=rf'own{suffix}.* is not an engine for TensorRT 10.3.0 on Orin \(8.7\)'):
        load(path)


def test_buffers_grow_and_are_not_left_behind(cuda, tmp_path):
    backend = load(CASE.write(tmp_path)[0])
    for count in (1, 4, 2, 8, 8):
        backend.run({'images': np.ones((count, 3, 2, 4), np.float32)})
    assert len(cuda.held) == 2
    del backend
    assert cuda.held == {} and cuda.streams == 0
