# SPDX-License-Identifier: Apache-2.0
"""What a model's own files say about it."""

from __future__ import annotations

import json

import pytest

from waymark.errors import ModelError
from waymark.exporting.checkpoint import Checkpoint, card_licence, open_checkpoint
from waymark.exporting.timm_tower import is_timm


@pytest.mark.parametrize(
    ('card', 'licence'),
    [
        ('---\nlicense: apache-2.0\ntags: [vision]\n---\n# A model', 'apache-2.0'),
        ('---\nlicense: other\nlicense_name: dinov3-license\n---\n', 'dinov3-license'),
        ('---\nlicense: other\n---\n', 'unknown'),
        ('---\ntags: [vision]\n---\n', 'unknown'),
        ('---\nlicense: [mit, gpl]\n---\n', 'unknown'),
        ('---\n: : :\n---\n', 'unknown'),
        ('# A model without front matter\n---\nlicense: mit\n---\n', 'unknown'),
        ('', 'unknown'),
    ],
)
def test_the_licence_is_the_model_cards_or_unknown(card, licence):
    assert card_licence(card) == licence


def test_a_folders_files_are_its_own(tmp_path):
    (tmp_path / 'README.md').write_text('---\nlicense: mit\n---\n')
    (tmp_path / 'model.safetensors').touch()
    checkpoint = Checkpoint(str(tmp_path), config=None)

    assert (checkpoint.licence(), checkpoint.file('nothing')) == ('mit', None)
    assert checkpoint.weight_files() == [tmp_path / 'model.safetensors']
    assert checkpoint.origin == f'folder {tmp_path.name}'


def test_shards_are_found_by_their_index(tmp_path):
    shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
    for shard in shards:
        (tmp_path / shard).touch()
    index = {'weight_map': {'b': shards[1], 'a': shards[0], 'c': shards[1]}}
    (tmp_path / 'model.safetensors.index.json').write_text(json.dumps(index))

    assert [p.name for p in Checkpoint(str(tmp_path), config=None).weight_files()] == shards


@pytest.mark.parametrize(
    ('config', 'expected'),
    [('{"architecture": "resnet18"}', True), ('{"model_type": "vit", "architecture": 1}', False), ('{', False)],
)
def test_timms_folders_are_told_by_their_configuration(tmp_path, config, expected):
    (tmp_path / 'config.json').write_text(config)

    assert is_timm(str(tmp_path)) is expected
    assert is_timm('timm:resnet18')


def test_a_file_is_not_a_model_and_a_path_is_not_an_id(tmp_path):
    file = tmp_path / 'model.safetensors'
    file.touch()

    with pytest.raises(ModelError, match='is a file. Give the folder'):
        open_checkpoint(str(file))
    with pytest.raises(ModelError, match='there is no such folder'):
        open_checkpoint('./no/such/folder')
