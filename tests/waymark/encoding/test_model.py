# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace

import numpy as np
import pytest

from waymark.backends import MAX_BATCH
from waymark.encoding import DenseEncoder, EncoderConfig, load_encoder
from waymark.encoding.manifest import file_sha256, write_manifest
from waymark.encoding.model import DenseModelEncoder, ModelEncoder, _threads_for
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
    assert not isinstance(encoder, DenseEncoder)
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


@pytest.mark.parametrize(
    ('name', 'size', 'threads'), [('a.onnx', 8, 1), ('a.onnx', 8 << 20, 0), ('model.safetensors', 8, 0)]
)
def test_a_small_model_takes_one_thread_and_others_what_the_runtime_chooses(tmp_path, name, size, threads):
    with (tmp_path / name).open('wb') as file:
        file.truncate(size)
    assert _threads_for(tmp_path / name) == threads


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
    with pytest.raises(ModelError, match="absent.json.* Give an embedded model's name"):
        load_encoder(EncoderConfig(encoder=str(tmp_path / 'absent.json')))
    with pytest.raises(ConfigError, match="unknown backend 'tpu'"):
        load_encoder(replace(saved(*stored), backend='tpu'))


def test_a_folder_is_an_encoder(stored):
    manifest, model = stored
    write_manifest(manifest, model, model.parent / 'manifest.json')
    encoder = load_encoder(EncoderConfig(encoder=str(model.parent), backend='fake'))
    assert encoder.model_id == 'means'


@pytest.mark.parametrize('batch', [1, None])
def test_a_batch_gives_what_single_images_give(stored, batch):
    """Together where the model's batch axis is free, else one by one; more than one batch's worth too."""
    model = stored[1]
    model.write_text(json.dumps({'input': 'images', 'shape': [batch, 3, 4, 4], 'output': 'means'}))
    encoder = load_encoder(saved(replace(stored[0], sha256=file_sha256(model)), model))
    rng = np.random.default_rng(2)
    images = [rng.integers(0, 256, (5 + i, 9, 3), dtype=np.uint8) for i in range(MAX_BATCH + 3)]
    together = encoder.encode_batch(images)
    for rgb, embedding in zip(images, together, strict=True):
        alone = encoder.encode(rgb)
        np.testing.assert_allclose(embedding.vector, alone.vector, atol=1e-6)
        assert embedding.norm == pytest.approx(alone.norm, rel=1e-6)
    assert encoder.encode_batch([]) == []
    with pytest.raises(ValueError, match=r'images\[1\]: expected shape'):
        encoder.encode_batch([images[0], images[0][0]])


class Layers:
    """A backend with two outputs: a vector, and tokens that say where they lie."""

    name = 'layers'
    input_shapes = {'images': (1, 3, 4, 4)}
    output_names = ('hidden', 'vector')

    def __init__(self, tokens):
        self.tokens = tokens

    def run(self, inputs):
        return {'hidden': self.tokens, 'vector': inputs['images'].mean(axis=(2, 3))}


GRID = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def dense(stored, tokens, **changes):
    fields = {'output': 'vector', 'tokens_output': 'hidden', 'tokens_grid_hw': (2, 3)} | changes
    return DenseModelEncoder(replace(stored[0], **fields), Layers(tokens))


@pytest.mark.parametrize('tokens', [GRID.reshape(1, 6, 4), GRID.transpose(2, 0, 1)[None]])
def test_patch_tokens_lie_where_their_patches_do(stored, tokens):
    encoder = dense(stored, tokens)
    assert isinstance(encoder, DenseEncoder)
    found = encoder.encode_dense(IMAGE)
    np.testing.assert_array_equal(found.tokens, GRID)
    np.testing.assert_allclose(found.embedding.vector, MEANS, atol=1e-6)
    assert not found.tokens.flags.writeable


def test_tokens_that_do_not_fill_the_grid_are_refused(stored):
    with_class_token = np.zeros((1, 7, 4), np.float32)
    with pytest.raises(ModelError, match=r'tokens of shape \(1, 7, 4\), its manifest says 2 x 3'):
        dense(stored, with_class_token).encode_dense(IMAGE)
    with pytest.raises(ModelError, match='gave 24 of 24 values that are not finite'):
        dense(stored, GRID.reshape(1, 6, 4) * np.nan).encode_dense(IMAGE)


def test_tokens_that_are_not_there_are_refused(stored):
    with pytest.raises(ModelError, match="has no output 'patches', it has hidden, vector"):
        dense(stored, GRID, tokens_output='patches')
