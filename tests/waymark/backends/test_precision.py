# SPDX-License-Identifier: Apache-2.0
"""Models of every precision take and give float32, and no backend computes in less than the model was made for."""

import numpy as np
import onnx_models
import pytest

from waymark.backends import BackendOptions, load_backend
from waymark.encoding.parity import LIMITS, compare
from waymark.errors import ModelError

IMAGES = np.random.default_rng(3).random((1, 3, 4, 4), np.float32)
EXPECTED = IMAGES.reshape(1, -1).astype(np.float64) @ onnx_models.WEIGHTS


@pytest.fixture(params=['onnx', 'openvino'])
def backend(request):
    pytest.importorskip({'onnx': 'onnxruntime'}.get(request.param, request.param))
    return request.param


def cosine_of(backend, path, precision):
    outputs = load_backend(backend, path, BackendOptions(precision=precision, threads=1)).run({'images': IMAGES})
    assert outputs['vector'].dtype == np.float32
    return compare([outputs['vector'][0]], EXPECTED, precision).cosine


@pytest.mark.parametrize('kind', ['fp32', 'fp16'])
def test_float_models_pass_their_limit(backend, tmp_path, kind):
    path = onnx_models.projection(tmp_path / 'model.onnx', kind)
    assert cosine_of(backend, path, kind) >= LIMITS[kind]


def test_a_quantised_model_passes_its_limit(backend, tmp_path):
    cosine = cosine_of(backend, onnx_models.quantised(tmp_path / 'model.onnx'), 'int8')
    assert LIMITS['int8'] <= cosine < 1 - 1e-8


def test_a_bf16_model_passes_its_limit_in_openvino(tmp_path):
    pytest.importorskip('openvino')
    path = onnx_models.projection(tmp_path / 'model.onnx', 'bf16')
    assert cosine_of('openvino', path, 'bf16') >= LIMITS['bf16']


def test_a_bf16_model_is_refused_by_name_where_the_runtime_lacks_it(tmp_path):
    path = onnx_models.projection(tmp_path / 'model.onnx', 'bf16')
    with pytest.raises(ModelError, match=r"model '.*model.onnx' "):
        load_backend('onnx', path)


def test_fp32_stays_fp32_also_on_processors_with_bf16(backend, tmp_path):
    """Left to itself OpenVINO multiplies matrices in bf16 there, which costs three digits."""
    path = onnx_models.projection(tmp_path / 'model.onnx')
    found = load_backend(backend, path).run({'images': IMAGES})['vector']
    np.testing.assert_allclose(found, EXPECTED, rtol=1e-5, atol=1e-5)


def test_openvino_computes_in_bf16_only_where_the_model_was_made_for_it(tmp_path):
    openvino = pytest.importorskip('openvino')
    if 'BF16' not in openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        pytest.skip('this processor has no bf16')
    path = onnx_models.projection(tmp_path / 'model.onnx')
    errors = {
        precision: np.abs(
            load_backend('openvino', path, BackendOptions(precision=precision)).run({'images': IMAGES})['vector']
            - EXPECTED
        ).max()
        for precision in ('fp32', 'bf16')
    }
    assert errors['fp32'] < 1e-5 < 1e-3 < errors['bf16']


def test_a_model_with_whole_numbers_outside_is_refused_by_name(backend, tmp_path):
    from onnx import TensorProto, helper

    images = helper.make_tensor_value_info('images', TensorProto.UINT8, [1, 3, 4, 4])
    nodes = [helper.make_node('Cast', ['images'], ['vector'], to=1)]
    model = onnx_models.make(nodes, [images], [onnx_models.info('vector', [1, 3, 4, 4])])
    (tmp_path / 'model.onnx').write_bytes(model.SerializeToString())
    loaded = load_backend(backend, tmp_path / 'model.onnx')
    with pytest.raises(ModelError, match="takes uint8 for 'images'.*Export it with float inputs"):
        loaded.run({'images': IMAGES})
