# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import asdict, fields, replace

import pytest

from waymark.errors import ModelError
from waymark.manifest.fields import _IMAGE_CHECKS, _TEXT_CHECKS, parse_manifest
from waymark.types import ModelManifest, ReferencePair, TextReference, TextTower

TOWER = TextTower(
    'text.onnx', 'b' * 64, max_length=16, pad_id=1, inputs=('input_ids', 'attention_mask'), precision='int8',
    references=(TextReference('a cat', (0.0, 1.0)),),
)  # fmt: skip
FULL = ModelManifest(
    'full', 'a' * 64, 'made here', 'MIT', (224, 196), (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), 'shortest_crop', 'bgr', 'cls',
    output_dim=2, references=(ReferencePair('r.png', (1.0, 0.0)),), weights_sha256='c' * 64, precision='bf16',
    interpolation='bicubic', resize_to=256, output='image_embeds', tokens_output='tokens', tokens_grid_hw=(14, 16),
    text=TOWER,
)  # fmt: skip


def as_json(manifest):
    return json.loads(json.dumps(asdict(manifest)))


def test_every_field_comes_back_as_it_was():
    assert parse_manifest(as_json(FULL), 'here') == FULL


def test_every_field_is_checked():
    assert {f.name for f in fields(ModelManifest)} - set(_IMAGE_CHECKS) == {'references', 'text'}
    assert {f.name for f in fields(TextTower)} - set(_TEXT_CHECKS) == {'references'}


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'name': ''}, "name can not be ''"),
        ({'precision': 'fp8'}, "precision can not be 'fp8': choose fp32, fp16, bf16, int8"),
        ({'interpolation': 'nearest'}, "interpolation can not be 'nearest': choose area, bilinear, bicubic, lanczos"),
        ({'weights_sha256': 'x' * 64}, 'weights_sha256 can not be .*: expected 64 hexadecimal digits'),
        ({'input_wh': [224, 224.5]}, 'input_wh can not be .*: expected 2 whole numbers above 0'),
        ({'input_wh': [True, 1]}, 'input_wh can not be'),
        ({'input_wh': 224}, 'input_wh can not be 224'),
        ({'mean': [0.1, float('nan'), 0.1]}, 'mean can not be'),
        ({'output_dim': -1}, 'output_dim can not be -1: expected a whole number, at least 0'),
        ({'output': 3}, 'output can not be 3: expected a text'),
        ({'class_names': 'cat'}, "class_names can not be 'cat': expected a list of texts"),
        ({'tokens_grid_hw': [14]}, 'tokens_grid_hw can not be'),
        ({'tokens_grid_hw': [0, 0]}, 'tokens_output and tokens_grid_hw .* are given together'),
        ({'tokens_output': ''}, 'tokens_output and tokens_grid_hw .* are given together'),
        ({'resize_to': 200}, r'resize_to 200 is less than the input \(224, 196\)'),
        ({'output_dim': 3}, r'output_dim is 3, but references have \[2\] values'),
        ({'references': [{'image': 'a.png', 'output': [1, float('inf')]}]}, 'a reference is its image and its output'),
        ({'references': [{'image': 'a.png', 'output': ['one', 2]}]}, 'a reference is its image and its output'),
        ({'references': 3}, 'a reference is its image and its output'),
        ({'text': 'text.onnx'}, "text can not be 'text.onnx'"),
    ],
)
def test_a_wrong_field_is_named(change, said):
    with pytest.raises(ModelError, match=f'^here: {said}'):
        parse_manifest(as_json(FULL) | change, 'here')


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'sha256': ''}, "sha256 can not be ''"),
        ({'max_length': 0}, 'max_length can not be 0: expected a whole number, at least 1'),
        ({'inputs': []}, r'inputs can not be \[\]: expected at least one name'),
        ({'precision': 'fp8'}, "precision can not be 'fp8'"),
        ({'vocabulary': 9}, r"unknown fields \['vocabulary'\]"),
        ({'references': [{'text': 'a cat'}]}, 'a reference is its text and its output'),
    ],
)
def test_a_wrong_field_of_the_text_tower_is_named(change, said):
    text = as_json(FULL)['text'] | change
    with pytest.raises(ModelError, match=f'^here, text: {said}'):
        parse_manifest(as_json(FULL) | {'text': text}, 'here')


def test_a_reference_of_a_text_is_as_long_as_one_of_an_image():
    long = replace(TOWER, references=(TextReference('a cat', (0.0, 1.0, 2.0)),))
    with pytest.raises(ModelError, match=r'output_dim is 2, but references have \[3\] values'):
        parse_manifest(as_json(replace(FULL, text=long)), 'here')


def test_exports_of_one_model_share_its_fingerprint():
    exported = replace(FULL, sha256='d' * 64, precision='int8', references=(), text=None)
    assert exported.fingerprint == FULL.fingerprint


@pytest.mark.parametrize(
    'change',
    [
        {'weights_sha256': 'd' * 64},
        {'weights_sha256': ''},
        {'input_wh': (196, 224)},
        {'mean': (0.1, 0.2, 0.4)},
        {'std': (0.4, 0.5, 0.7)},
        {'resize': 'crop'},
        {'resize_to': 257},
        {'interpolation': 'area'},
        {'channels': 'rgb'},
        {'pooling': 'mean'},
        {'output': 'pooled'},
    ],
)
def test_whatever_shapes_the_vector_changes_the_fingerprint(change):
    assert replace(FULL, **change).fingerprint != FULL.fingerprint


def test_a_model_of_its_own_is_its_own_reference():
    assert replace(FULL, weights_sha256='a' * 64).fingerprint == replace(FULL, weights_sha256='').fingerprint
