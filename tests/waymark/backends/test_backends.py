# SPDX-License-Identifier: Apache-2.0
"""One contract for every backend that is installed: a model that answers the mean of each channel."""

import importlib.util
import json
import sys

import numpy as np
import pytest

from waymark.backends import BackendOptions, backend_names, load_backend
from waymark.errors import BackendUnavailable, ConfigError, ModelError

IMAGES = np.arange(24, dtype=np.float32).reshape(1, 3, 2, 4)
MEANS = [[3.5, 11.5, 19.5]]


def write_onnx(path):
    import onnx
    from onnx import TensorProto, helper

    images = helper.make_tensor_value_info('images', TensorProto.FLOAT, [1, 3, 'h', 'w'])
    means = helper.make_tensor_value_info('means', TensorProto.FLOAT, [1, 3])
    nodes = [
        helper.make_node('GlobalAveragePool', ['images'], ['pooled']),
        helper.make_node('Flatten', ['pooled'], ['means']),
    ]
    graph = helper.make_graph(nodes, 'means', [images], [means])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx.save(model, path)


def write_fake(path):
    path.write_text(json.dumps({'input': 'images', 'shape': [1, 3, None, None], 'output': 'means'}))


WRITERS = {'onnx': write_onnx, 'fake': write_fake}
NEEDS = {'onnx': ('onnxruntime', 'onnx'), 'fake': ()}


@pytest.fixture(params=list(backend_names()))
def name(request):
    missing = [m for m in NEEDS[request.param] if importlib.util.find_spec(m) is None]
    if missing:
        pytest.skip(f'backend {request.param}: {missing[0]} is not installed')
    return request.param


@pytest.fixture
def model(name, tmp_path):
    path = tmp_path / 'model.bin'
    WRITERS[name](path)
    return path


def test_it_answers_what_the_model_says(name, model):
    backend = load_backend(name, model, BackendOptions(threads=1))
    assert backend.name == name
    assert backend.input_shapes == {'images': (1, 3, None, None)}
    assert backend.output_names == ('means',)
    np.testing.assert_allclose(backend.run({'images': IMAGES})['means'], MEANS)


def test_it_answers_the_same_twice_and_leaves_its_input_alone(name, model):
    backend = load_backend(name, model)
    images = IMAGES.copy()
    first, second = (backend.run({'images': images})['means'] for _ in range(2))
    assert (first == second).all() and (images == IMAGES).all()


@pytest.mark.parametrize(
    ('inputs', 'said'),
    [
        ({}, r"inputs: expected \['images'\], got \[\]"),
        ({'image': IMAGES}, r"expected \['images'\], got \['image'\]"),
        ({'images': IMAGES[0]}, r'images: expected shape \(1, 3, any, any\), got \(3, 2, 4\)'),
        ({'images': IMAGES[:, :2]}, r'expected shape \(1, 3, any, any\), got \(1, 2, 2, 4\)'),
    ],
)
def test_inputs_that_are_not_the_models_are_refused(name, model, inputs, said):
    with pytest.raises(ValueError, match=said):
        load_backend(name, model).run(inputs)


def test_a_missing_file_is_named(name, tmp_path):
    with pytest.raises(ModelError, match='absent.bin.* can not be read: No such file'):
        load_backend(name, tmp_path / 'absent.bin')


@pytest.mark.parametrize('content', [b'', b'not a model', b'\x08\x08\x12'])
def test_a_file_that_is_no_model_is_named(name, tmp_path, content):
    path = tmp_path / 'broken.bin'
    path.write_bytes(content)
    with pytest.raises(ModelError, match='broken.bin'):
        load_backend(name, path)


def test_half_a_model_is_named(name, model):
    model.write_bytes(model.read_bytes()[:-20])
    with pytest.raises(ModelError, match='model.bin'):
        load_backend(name, model)


def test_a_device_it_lacks_is_refused_before_the_model_is_looked_at(name, tmp_path):
    with pytest.raises(BackendUnavailable, match="no device 'abacus'"):
        load_backend(name, tmp_path / 'absent.bin', BackendOptions(device='abacus'))


def test_a_missing_library_is_said_before_a_missing_device(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(BackendUnavailable, match='onnxruntime can not be imported.* pip install onnxruntime'):
        load_backend('onnx', tmp_path / 'absent.bin', BackendOptions(device='abacus'))


def test_an_unknown_backend_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match="unknown backend 'tpu'. Known: onnx, fake"):
        load_backend('tpu', tmp_path)
