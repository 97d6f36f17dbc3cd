# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from waymark.encoding.manifest import file_sha256, read_manifest, write_manifest
from waymark.errors import ModelError
from waymark.types import ModelManifest, ReferencePair


@pytest.fixture
def stored(tmp_path):
    """A manifest beside its model, and what it says."""
    model = tmp_path / 'small.onnx'
    model.write_bytes(b'weights')
    manifest = ModelManifest(
        'small', file_sha256(model), 'made here', 'Apache-2.0', (8, 6), mean=(0.1, 0.2, 0.3), output_dim=3,
        references=(ReferencePair('one.png', (0.0, 1.0, 0.0)),),
    )  # fmt: skip
    path = tmp_path / 'small.json'
    write_manifest(manifest, model, path)
    return path, manifest


def rewrite(path, **changes):
    fields = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in fields.items() if v is not None}))


def test_what_was_written_is_read(stored):
    path, manifest = stored
    found = read_manifest(path)
    assert found.manifest == manifest
    assert found.model_path == (path.parent / 'small.onnx').resolve()


def test_another_model_under_the_same_name_is_refused(stored):
    path, _ = stored
    (path.parent / 'small.onnx').write_bytes(b'other weights')
    with pytest.raises(ModelError, match=r"small.onnx.* is not the one that manifest 'small.json' describes"):
        read_manifest(path)


@pytest.mark.parametrize('where', ['../small.onnx', '/etc/hostname', 'sub/../../small.onnx'])
def test_a_model_outside_the_folder_is_refused(stored, where):
    path, _ = stored
    rewrite(path, model=where)
    with pytest.raises(ModelError, match='lies outside its folder'):
        read_manifest(path)


def test_a_link_out_of_the_folder_is_refused(stored, tmp_path_factory):
    path, _ = stored
    outside = tmp_path_factory.mktemp('outside') / 'small.onnx'
    (path.parent / 'small.onnx').replace(outside)
    (path.parent / 'small.onnx').symlink_to(outside)
    with pytest.raises(ModelError, match='lies outside its folder'):
        read_manifest(path)


def test_a_reference_image_outside_the_folder_is_refused(stored):
    path, _ = stored
    rewrite(path, references=[{'image': '../one.png', 'output': [1.0, 0, 0]}])
    with pytest.raises(ModelError, match='lies outside its folder'):
        read_manifest(path)


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'model': None}, 'does not say which file is the model'),
        ({'licence': None}, r"missing fields \['licence'\]"),
        ({'colour': 'red'}, r"unknown fields \['colour'\]"),
        ({'input_wh': [8]}, r'input_wh can not be \[8\]'),
        ({'input_wh': [8, 0]}, r'input_wh can not be'),
        ({'std': [1, 1, 0]}, 'std can not be'),
        ({'mean': [1, 2]}, 'mean can not be'),
        ({'resize': 'squash'}, "resize can not be 'squash'"),
        ({'sha256': 'abc'}, "sha256 can not be 'abc'"),
        ({'references': [{'image': 'a.png'}]}, 'a reference is its image and its output'),
    ],
)
def test_a_wrong_field_is_named(stored, changes, said):
    path, _ = stored
    rewrite(path, **changes)
    with pytest.raises(ModelError, match=said):
        read_manifest(path)


@pytest.mark.parametrize(('text', 'said'), [('{', 'is not JSON'), ('[1]', 'holds list'), ('', 'is not JSON')])
def test_what_is_no_manifest_is_refused(tmp_path, text, said):
    path = tmp_path / 'm.json'
    path.write_text(text)
    with pytest.raises(ModelError, match=said):
        read_manifest(path)


def test_missing_files_are_named(stored, tmp_path):
    path, _ = stored
    with pytest.raises(ModelError, match='absent.json.* can not be read'):
        read_manifest(tmp_path / 'absent.json')
    (path.parent / 'small.onnx').unlink()
    with pytest.raises(ModelError, match='small.onnx.* can not be read'):
        read_manifest(path)


def test_a_manifest_is_not_written_away_from_its_model(stored, tmp_path):
    path, manifest = stored
    (tmp_path / 'elsewhere').mkdir()
    with pytest.raises(ModelError, match='lies outside its folder'):
        write_manifest(manifest, path.parent / 'small.onnx', tmp_path / 'elsewhere' / 'm.json')
