# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace

import numpy as np
import pytest

from waymark.encoding import EncoderConfig, encoder_facts, load_encoder, require_dense
from waymark.encoding.manifest import file_sha256, write_manifest
from waymark.encoding.model import ModelEncoder
from waymark.encoding.pooling import pool
from waymark.errors import ConfigError, ModelError
from waymark.types import ModelManifest

IMAGE = np.full((6, 8, 3), (255, 0, 51), np.uint8)
MEANS = np.array([1.0, 0.0, 0.2]) / np.sqrt(1.04)


@pytest.fixture
def stored(tmp_path):
    """Manifest and path of a model that answers the mean of each channel."""
    model = tmp_path / 'means.model'
    model.write_text(json.dumps({'input': 'images', 'shape': [1, 3, 4, 4], 'output': 'means'}))
    manifest = ModelManifest('means', file_sha256(model), 'made here', 'Apache-2.0', (4, 4), output_dim=3)
    return manifest, model


def saved(manifest, model):
    path = model.with_suffix('.json')
    write_manifest(manifest, model, path)
    return EncoderConfig(encoder=str(path), backend='fake')


def test_a_manifest_becomes_an_encoder(stored):
    encoder = load_encoder(saved(*stored))
    embedding = encoder.encode(IMAGE)
    assert (encoder.model_id, encoder.dim) == ('means', 3)
    assert encoder.fingerprint == stored[0].fingerprint
    np.testing.assert_allclose(embedding.vector, MEANS, atol=1e-6)
    assert embedding.norm == pytest.approx(np.sqrt(1.04), abs=1e-6)


def test_an_onnx_model_gives_the_same_vector(tmp_path):
    onnx = pytest.importorskip('onnx')
    helper = onnx.helper
    images = helper.make_tensor_value_info('images', 1, [1, 3, 4, 4])
    means = helper.make_tensor_value_info('means', 1, [1, 3, 1, 1])
    nodes = [helper.make_node('GlobalAveragePool', ['images'], ['means'])]
    graph = helper.make_graph(nodes, 'g', [images], [means])
    model = tmp_path / 'means.onnx'
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8), model)
    manifest = ModelManifest(
        'means', file_sha256(model), 'made here', 'Apache-2.0', (4, 4), pooling='mean', output_dim=3
    )
    encoder = load_encoder(replace(saved(manifest, model), backend='onnx', threads=1))
    np.testing.assert_allclose(encoder.encode(IMAGE).vector, MEANS, atol=1e-6)


def test_a_model_of_another_input_size_is_refused(stored):
    with pytest.raises(ModelError, match=r'its manifest prepares \(1, 3, 8, 8\)'):
        load_encoder(saved(replace(stored[0], input_wh=(8, 8)), stored[1]))


def test_a_vector_of_another_length_than_stated_is_refused(stored):
    with pytest.raises(ModelError, match=r"model 'means' gave a vector of shape \(3,\), its manifest says \(5,\)"):
        load_encoder(saved(replace(stored[0], output_dim=5), stored[1]))


def test_values_that_are_not_finite_are_refused_by_name(stored):
    class Overflowing:
        """A backend whose weights went wrong."""

        name = 'overflowing'
        input_shapes = {'images': (1, 3, 4, 4)}
        output_names = ('means',)

        def run(self, inputs):
            return {'means': np.array([[1.0, np.nan, np.inf]], np.float32)}

    with pytest.raises(ModelError, match="model 'means' gave 2 of 3 values that are not finite"):
        ModelEncoder(stored[0], Overflowing()).encode(IMAGE)


def test_a_missing_manifest_and_an_unknown_backend_are_named(stored, tmp_path):
    with pytest.raises(ModelError, match="absent.json.* Give 'hog', a model folder or a manifest's path"):
        load_encoder(EncoderConfig(encoder=str(tmp_path / 'absent.json')))
    with pytest.raises(ConfigError, match="unknown backend 'tpu'"):
        load_encoder(replace(saved(*stored), backend='tpu'))


TOKENS = np.array([[[1.0, 2], [3, 4], [5, 6]]])


@pytest.mark.parametrize(
    ('output', 'pooling', 'expected'),
    [
        (TOKENS[:, 0], 'none', [1, 2]),
        (TOKENS, 'cls', [1, 2]),
        (TOKENS, 'mean', [3, 4]),
        (TOKENS, 'gem', np.cbrt([153 / 3, 288 / 3])),
        (np.array([[[[1.0, 3]], [[2, 6]]]]), 'mean', [2, 4]),  # (1, D, h, w)
        (TOKENS[:, 0], 'mean', [1, 2]),  # pooled already
    ],
)
def test_pooling(output, pooling, expected):
    np.testing.assert_allclose(pool(output, pooling), expected, rtol=1e-6)


def test_a_model_without_patch_tokens_refuses_to_be_dense_with_the_remedy(stored):
    with pytest.raises(ModelError, match="model 'means' gives no patch tokens.*or set publish_tokens: false"):
        require_dense(load_encoder(saved(*stored)))


def test_an_encoder_says_what_it_is(stored):
    config = saved(*stored)
    encoder = load_encoder(config)
    facts = encoder_facts(encoder, config)
    assert facts['model'] == 'means' and facts['fingerprint'] == encoder.fingerprint[:16]
    assert (facts['backend'], facts['device'], facts['dim']) == ('fake', 'cpu', '3')
    assert facts['parity'] == 'not checked: the manifest holds no references'
    assert encoder_facts(load_encoder(EncoderConfig()), EncoderConfig())['backend'] == 'numpy'


def test_loading_tells_its_stages(stored):
    told = []
    load_encoder(saved(*stored), lambda stage, done: told.append(stage))
    assert told == ['loading means on fake (cpu)', 'comparing means with its references']
