# SPDX-License-Identifier: Apache-2.0
import hashlib
import json

import pytest

from waymark.doctor.storage import check_disk, check_models, models_folder

MODEL = b'bytes of a model'


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / 'small.bin').write_bytes(MODEL)
    path = tmp_path / 'small.json'
    fields = {
        'model': 'small.bin',
        'name': 'small',
        'sha256': hashlib.sha256(MODEL).hexdigest(),
        'source': 'a test',
        'licence': 'CC0-1.0',
        'input_wh': [8, 8],
    }
    path.write_text(json.dumps(fields))
    return path


def test_a_package_without_its_models_fails(tmp_path):
    (finding,) = check_models(tmp_path / 'none')
    assert (finding.level, finding.text) == ('FAIL', f'none in {tmp_path / "none"}: the default encoder is not there.')


def test_the_packaged_model_agrees_with_its_manifest():
    (finding,) = check_models(models_folder())
    assert (finding.name, finding.level) == ('model waymark-place-1/manifest.json', 'OK')


def test_model_that_agrees_with_its_manifest_is_ok(manifest):
    (finding,) = check_models(manifest.parent)
    assert (finding.name, finding.level) == ('model small.json', 'OK')


def test_model_that_was_changed_fails(manifest):
    (manifest.parent / 'small.bin').write_bytes(MODEL + b'!')
    (finding,) = check_models(manifest.parent)
    assert finding.level == 'FAIL'
    assert 'sha256' in finding.text


def test_manifest_without_its_model_fails(manifest):
    (manifest.parent / 'small.bin').unlink()
    (finding,) = check_models(manifest.parent)
    assert finding.level == 'FAIL'


def test_manifest_that_is_not_json_fails(manifest):
    manifest.write_text('{')
    (finding,) = check_models(manifest.parent)
    assert finding.level == 'FAIL'


def test_json_that_is_no_manifest_is_left_alone(manifest):
    (manifest.parent / 'labels.json').write_text('["car"]')
    (finding,) = check_models(manifest.parent)
    assert (finding.name, finding.level) == ('model small.json', 'OK')


@pytest.mark.parametrize(
    ('free', 'level'),
    [(2_000_000_000, 'OK'), (1_999_999_999, 'WARN'), (200_000_000, 'WARN'), (199_999_999, 'FAIL')],
)
def test_free_disk(tmp_path, free, level):
    assert check_disk(tmp_path, free).level == level


def test_disk_of_a_folder_that_does_not_exist_yet_is_measured(tmp_path):
    finding = check_disk(tmp_path / 'a' / 'b')
    assert finding.text.endswith(f'GB free for {tmp_path / "a" / "b"}')
