# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from waymark.encoding import DenseEncoder, EncoderConfig, encoder_facts, load_encoder, require_dense
from waymark.encoding.manifest import file_sha256, write_manifest
from waymark.errors import ModelError
from waymark.types import ModelManifest


@pytest.fixture
def config(tmp_path):
    """Names a model that answers the mean of each channel, and nothing else."""
    model = tmp_path / 'means.model'
    model.write_text(json.dumps({'input': 'images', 'shape': [1, 3, 4, 4], 'output': 'means'}))
    manifest = ModelManifest('means', file_sha256(model), 'made here', 'Apache-2.0', (4, 4), output_dim=3)
    write_manifest(manifest, model, tmp_path / 'manifest.json')
    return EncoderConfig(encoder=str(tmp_path), backend='fake')


def test_a_model_says_what_it_is_and_where_it_runs(config):
    encoder = load_encoder(config)
    assert encoder_facts(encoder, config) == {
        'model': 'means',
        'fingerprint': encoder.fingerprint[:16],
        'dim': '3',
        'backend': 'fake',
        'device': 'cpu',
        'parity': 'not checked: the manifest holds no references',
    }


def test_an_encoder_without_weights_needs_no_parity():
    facts = encoder_facts(load_encoder(EncoderConfig(encoder='hog')), EncoderConfig())
    assert (facts['backend'], facts['device'], facts['parity']) == ('numpy', 'cpu', 'not needed: no weights')


def test_a_model_without_patch_tokens_refuses_to_be_dense_with_the_remedy(config):
    with pytest.raises(ModelError, match="model 'means' gives no patch tokens.*or set publish_tokens: false"):
        require_dense(load_encoder(config))
    hog = load_encoder(EncoderConfig(encoder='hog'))
    assert require_dense(hog) is hog
    assert isinstance(hog, DenseEncoder)


def test_loading_tells_its_stages(config):
    told = []
    load_encoder(config, lambda stage, done: told.append((stage, done)))
    assert told == [('loading means on fake (cpu)', 0.0), ('comparing means with its references', 0.0)]
