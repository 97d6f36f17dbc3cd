# SPDX-License-Identifier: Apache-2.0
import logging

import numpy as np
import onnx_models
import pytest
from onnx import helper

from waymark.backends import BackendOptions, load_backend
from waymark.errors import ModelError

openvino = pytest.importorskip('openvino')
IMAGES = np.random.default_rng(3).random((1, 3, 4, 4), np.float32)


@pytest.fixture
def path(tmp_path):
    return onnx_models.projection(tmp_path / 'model.onnx')


def run(path, **options):
    return load_backend('openvino', path, BackendOptions(**options)).run({'images': IMAGES})['vector']


def test_its_own_format_gives_the_same_as_onnx(path, tmp_path):
    xml = tmp_path / 'own.xml'
    openvino.save_model(openvino.convert_model(path), xml, compress_to_fp16=False)
    np.testing.assert_allclose(run(xml), run(path), rtol=1e-6)


@pytest.mark.parametrize('is_own', [False, True])
def test_inputs_and_outputs_keep_their_names(tmp_path, is_own):
    """Casts to the type that a tensor has already, as torch exports them, lend it their names."""
    nodes = [
        helper.make_node('Cast', ['zz_images'], ['a_cast'], to=1),
        helper.make_node('Flatten', ['a_cast'], ['flat']),
        helper.make_node('Identity', ['flat'], ['a_copy']),
        helper.make_node('Cast', ['a_copy'], ['zz_vector'], to=1),
    ]
    model = onnx_models.make(nodes, [onnx_models.info('zz_images', [1, 2])], [onnx_models.info('zz_vector', [1, 2])])
    path = tmp_path / 'model.onnx'
    path.write_bytes(model.SerializeToString())
    if is_own:
        openvino.save_model(openvino.convert_model(path), tmp_path / 'model.xml')
        path = tmp_path / 'model.xml'
    for cache in (None, tmp_path / 'engines', tmp_path / 'engines'):
        backend = load_backend('openvino', path, BackendOptions(cache_dir=cache))
        assert tuple(backend.input_shapes) == ('zz_images',)
        assert backend.output_names == ('zz_vector',)
        assert backend.run({'zz_images': np.ones((1, 2), np.float32)})['zz_vector'].tolist() == [[1, 1]]


@pytest.mark.parametrize('suffix', ['.xml', '.bin'])
@pytest.mark.parametrize('content', [b'', b'<net', None])
def test_half_of_its_own_format_is_named(path, tmp_path, suffix, content):
    xml = tmp_path / 'own.xml'
    openvino.save_model(openvino.convert_model(path), xml)
    part = xml.with_suffix(suffix)
    part.unlink() if content is None else part.write_bytes(content)
    with pytest.raises(ModelError, match=r'own\.(xml|bin)'):
        load_backend('openvino', xml)


def test_devices_are_named_in_any_case(path):
    assert (run(path, device='CPU') == run(path, device='cpu')).all()


def test_a_compiled_model_is_kept_where_a_cache_folder_is_given(path, tmp_path, caplog):
    told = []
    options = {'cache_dir': tmp_path / 'engines', 'progress': lambda stage, done: told.append((stage, done))}
    first = run(path, **options)
    stage = 'openvino compiles model.onnx for CPU'
    assert told == [(stage, 0.0), (stage, 1.0)]
    assert (run(path, **options) == first).all()
    assert len(told) == 2

    entry = next((tmp_path / 'engines').iterdir())
    damaged = bytearray(entry.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    entry.write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        assert (run(path, **options) == first).all()
    assert len(told) == 4
    assert 'it is damaged' in caplog.text


def test_another_precision_or_number_of_threads_is_compiled_anew(path, tmp_path):
    for options in ({}, {'precision': 'bf16'}, {'threads': 1}):
        run(path, cache_dir=tmp_path / 'engines', **options)
    assert len(list((tmp_path / 'engines').iterdir())) == 3


def test_on_the_cpu_nothing_is_kept_by_itself(path, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    run(path)
    assert not (tmp_path / 'cache').exists()
