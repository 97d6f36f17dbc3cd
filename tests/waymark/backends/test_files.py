# SPDX-License-Identifier: Apache-2.0
"""A model's files: all of them hashed, none of them outside its folder, whatever the runtime would follow."""

import hashlib

import numpy as np
import onnx_models
import pytest
from onnx import helper, numpy_helper

from waymark.backends import load_backend
from waymark.backends.files import file_sha256, model_parts, read_onnx
from waymark.backends.onnx_files import external_files
from waymark.errors import ModelError


@pytest.fixture
def folder(tmp_path):
    inner = tmp_path / 'model'
    inner.mkdir()
    (tmp_path / 'outside.bin').write_bytes(onnx_models.WEIGHTS.tobytes())
    (inner / 'weights.bin').write_bytes(onnx_models.WEIGHTS.tobytes())
    return inner


def split(folder, outside):
    return onnx_models.projection(folder / 'model.onnx', outside=outside)


@pytest.mark.parametrize('backend', ['onnx', 'openvino'])
def test_a_model_in_two_files_runs(folder, backend):
    pytest.importorskip({'onnx': 'onnxruntime'}.get(backend, backend))
    images = np.ones((1, 3, 4, 4), np.float32)
    found = load_backend(backend, split(folder, 'weights.bin')).run({'images': images})['vector']
    np.testing.assert_allclose(found[0], onnx_models.WEIGHTS.sum(axis=0), rtol=1e-4)


@pytest.mark.parametrize('backend', ['onnx', 'openvino'])
@pytest.mark.parametrize('where', ['../outside.bin', 'ABSOLUTE', 'sub/../../outside.bin', 'link.bin'])
def test_weights_outside_the_folder_are_refused_by_name(folder, backend, where):
    pytest.importorskip({'onnx': 'onnxruntime'}.get(backend, backend))
    (folder / 'link.bin').symlink_to(folder.parent / 'outside.bin')
    path = split(folder, where.replace('ABSOLUTE', str(folder.parent / 'outside.bin')))
    with pytest.raises(ModelError, match=r"model '.*model.onnx': '.*' lies outside its folder"):
        load_backend(backend, path)
    with pytest.raises(ModelError, match='lies outside its folder'):
        file_sha256(path)


@pytest.mark.parametrize('where', ['absent.bin', '*/_ORT_MEM_ADDR_/*', '.'])
def test_weights_in_a_file_that_is_not_there_are_refused(folder, where):
    with pytest.raises(ModelError, match='keeps weights in .* which is missing'):
        read_onnx(split(folder, where))


def external(name):
    tensor = numpy_helper.from_array(np.zeros(2, np.float32), 'w')
    tensor.ClearField('raw_data')
    tensor.data_location = 1
    tensor.external_data.add(key='location', value=name)
    return tensor


def constant(name):
    return helper.make_node('Constant', [], ['c'], value=external(name))


def test_weights_are_found_wherever_a_model_may_hide_them():
    inner = helper.make_graph([constant('in_branch')], 'inner', [], [onnx_models.info('c', [2])])
    deeper = helper.make_graph([helper.make_node('If', ['b'], ['c'], then_branch=inner)], 'deeper', [], [])
    nodes = [
        constant('in_node'),
        helper.make_node('If', ['b'], ['c'], then_branch=inner, else_branch=deeper),
        helper.make_node('Other', [], ['d'], domain='x', tensors=[external('in_list')], graphs=[inner]),
    ]
    model = onnx_models.make(nodes, [], [], [external('in_graph'), external('in_graph')])
    function = helper.make_function('x', 'Other', [], ['c'], [constant('in_function')], [helper.make_opsetid('', 17)])
    model.functions.append(function)
    training = model.training_info.add()
    training.algorithm.CopyFrom(helper.make_graph([], 't', [], [], [external('in_training')]))
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(external('in_sparse'))
    places = ('branch', 'node', 'list', 'graph', 'function', 'training', 'sparse')
    assert sorted(external_files(model.SerializeToString())) == sorted(f'in_{p}' for p in places)


def test_a_model_in_one_file_has_no_others(tmp_path):
    path = onnx_models.projection(tmp_path / 'model.onnx')
    assert external_files(path.read_bytes()) == external_files(b'') == ()
    assert model_parts(path) == (path,)
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize('data', [b'\x3a', b'\x3a\x05ab', b'\x3b', b'\x08' + b'\xff' * 11, b'\x3a\xff\xff\xff\xff\x0f'])
def test_bytes_that_are_cut_off_are_refused(tmp_path, data):
    with pytest.raises(ValueError):
        external_files(data)
    (tmp_path / 'model.onnx').write_bytes(data)
    with pytest.raises(ModelError, match=r"model '.*model.onnx' is not an ONNX model or is damaged"):
        read_onnx(tmp_path / 'model.onnx')


def test_every_part_is_hashed(folder):
    path = split(folder, 'weights.bin')
    before = file_sha256(path)
    (folder / 'weights.bin').write_bytes(bytes(onnx_models.WEIGHTS.nbytes))
    assert file_sha256(path) != before
    xml, data = folder / 'm.xml', folder / 'm.bin'
    xml.write_bytes(b'<net/>')
    data.write_bytes(b'weights')
    assert file_sha256(xml) == hashlib.sha256(b'<net/>weights').hexdigest()
    data.unlink()
    with pytest.raises(ModelError, match=r'm.bin.* can not be read'):
        file_sha256(xml)


def test_the_weights_of_an_openvino_model_may_not_be_a_link_out_of_its_folder(folder):
    (folder / 'm.xml').write_bytes(b'<net/>')
    (folder / 'm.bin').symlink_to(folder.parent / 'outside.bin')
    with pytest.raises(ModelError, match='lies outside its folder'):
        file_sha256(folder / 'm.xml')
