# SPDX-License-Identifier: Apache-2.0
"""Models for Rockchip NPUs: built by rknn-toolkit2 and run in its simulator, for real."""

import json

import cv2
import numpy as np
import pytest
import rknn_models as models
from typer.testing import CliRunner

from waymark.backends import BackendOptions
from waymark.backends.rknn_file import read_rknn_file
from waymark.cli import app
from waymark.encoding.manifest import find_manifest, read_manifest
from waymark.encoding.model import ModelEncoder
from waymark.errors import ConfigError, ModelError, ParityError
from waymark.exporting.rknn import RknnSettings, convert_folder
from waymark.types import ReferencePair

EMBEDDED = 'waymark-place-1'
SIMULATOR = BackendOptions(device='simulator')
rknn = pytest.mark.rknn


@pytest.fixture
def source(tmp_path):
    """A model folder in ONNX."""
    folder = tmp_path / 'source'
    folder.mkdir()
    return models.write_folder(folder, models.write_cnn(folder / 'model.onnx'), 64).parent


@pytest.fixture
def calibration(tmp_path):
    return models.write_calibration(tmp_path / 'calibration')


@pytest.fixture
def told(capsys):
    """Prints past pytest: parity is to be seen."""

    def tell(line):
        with capsys.disabled():
            print(f'\n{line}', end='')

    return tell


@rknn
@pytest.mark.parametrize('precision', ['fp16', 'int8'])
def test_a_small_cnn_computes_in_the_simulator_what_it_did(source, calibration, tmp_path, told, precision):
    report = convert_folder(source, tmp_path / 'out', RknnSettings(precision=precision), calibration)

    told(f'small CNN, {report}')
    assert report.parity.count == 3
    assert report.parity.cosine >= {'fp16': 0.9999, 'int8': 0.99}[precision]
    assert 0 < report.size_bytes == (tmp_path / 'out' / 'model.rknn').stat().st_size
    assert read_rknn_file(tmp_path / 'out' / 'model.rknn').targets == ('rk3588',)


@rknn
@pytest.mark.parametrize('precision', ['fp16', 'int8'])
def test_the_embedded_encoder_computes_in_the_simulator_what_it_did(calibration, tmp_path, told, precision):
    manifest = find_manifest(EMBEDDED)
    report = convert_folder(manifest, tmp_path / 'out', RknnSettings(precision=precision), calibration)
    told(f'{EMBEDDED}, {report}')
    assert report.parity.passed
    assert read_manifest(tmp_path / 'out').manifest.fingerprint == read_manifest(manifest).manifest.fingerprint


@rknn
def test_the_folder_loads_like_any_other_and_keeps_the_fingerprint(source, tmp_path):
    convert_folder(source, tmp_path / 'out', RknnSettings())
    reference = ModelEncoder.from_manifest(source, 'onnx')

    encoder = ModelEncoder.from_manifest(tmp_path / 'out', 'rknn', SIMULATOR)

    assert encoder.parity.limit == 0.999
    assert encoder.fingerprint == reference.fingerprint
    image = np.random.default_rng(1).integers(0, 256, (96, 128, 3), np.uint8)
    assert encoder.encode(image).vector @ reference.encode(image).vector > 0.9999


@rknn
@pytest.mark.parametrize('target', ['rk3576', 'rk3566', 'rk3568', 'rk3562'])
def test_other_chips_are_built_for_too(source, tmp_path, target):
    report = convert_folder(source, tmp_path / 'out', RknnSettings(target))
    assert report.parity.passed
    assert read_rknn_file(tmp_path / 'out' / 'model.rknn').targets == (target,)


@rknn
@pytest.mark.parametrize(
    ('channels', 'expected'), [('rgb', (10, 100, 200)), ('bgr', (200, 100, 10)), ('gray', (84.49,))]
)
def test_mean_and_std_are_folded_for_each_channel_in_the_models_order(tmp_path, channels, expected):
    count = len(expected)
    mean, std = (0.1, 0.3, 0.7)[:count], (0.2, 0.5, 0.9)[:count]
    model = models.write_means(tmp_path / 'model.onnx', count)
    models.write_folder(tmp_path, model, count, mean=mean, std=std, channels=channels)
    convert_folder(tmp_path, tmp_path / 'out', RknnSettings())

    flat = np.full((96, 128, 3), (10, 100, 200), np.uint8)
    found = ModelEncoder.from_manifest(tmp_path / 'out', 'rknn', SIMULATOR).encode(flat)

    wanted = (np.round(expected) / 255 - mean) / std
    np.testing.assert_allclose(found.vector * found.norm, wanted, atol=2e-3)


@rknn
def test_a_free_batch_is_fixed_to_one(tmp_path):
    models.write_folder(tmp_path, models.write_cnn(tmp_path / 'model.onnx', batch='n'), 64)
    assert convert_folder(tmp_path, tmp_path / 'out', RknnSettings()).parity.passed


@rknn
def test_what_misses_its_limit_is_refused_with_the_number_and_leaves_nothing(source, tmp_path):
    stored = read_manifest(source)
    other = ReferencePair('reference_0.png', (1.0,) + (0.0,) * 63)
    fields = json.loads((source / 'manifest.json').read_text())
    fields['references'][0] = {'image': other.image, 'output': other.output}
    (source / 'manifest.json').write_text(json.dumps(fields))

    with pytest.raises(ParityError, match=rf"'{stored.manifest.name}' on rknn \(rk3588's .*: cosine .* < 0.999"):
        convert_folder(source, tmp_path / 'out', RknnSettings())
    assert sorted(p.name for p in tmp_path.iterdir()) == ['source']


@rknn
def test_the_command_converts_a_model_folder(source, calibration, tmp_path):
    out = tmp_path / 'out'
    arguments = ['export', 'encoder', str(source), '--out', str(out), '--to', 'rknn', '--json']
    chosen = ['--precision', 'int8', '--calibration', str(calibration[0].parent), '--target', 'rk3576']
    done = CliRunner().invoke(app, arguments + chosen)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout[done.stdout.index('{') :])
    assert report['target'] == 'rk3576'
    assert report['parity']['cosine'] >= report['parity']['limit'] == 0.99
    assert read_manifest(out).manifest.precision == 'int8'


@rknn
def test_a_broken_image_of_the_calibration_is_named_and_nothing_stays(source, tmp_path):
    (tmp_path / 'broken.png').write_bytes(b'no picture')
    with pytest.raises(ConfigError, match=r'broken.png. is not an image'):
        convert_folder(source, tmp_path / 'out', RknnSettings(precision='int8'), [tmp_path / 'broken.png'])
    assert not (tmp_path / 'out').exists()


def test_int8_without_images_is_refused(source, tmp_path):
    with pytest.raises(ConfigError, match='int8: no calibration images'):
        convert_folder(source, tmp_path / 'out', RknnSettings(precision='int8'))
    assert sorted(p.name for p in tmp_path.iterdir()) == ['source']


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        ({'target': 'rk3399'}, "unknown SoC 'rk3399'. Known: rk3588"),
        ({'precision': 'bf16'}, "fp16 or int8, not 'bf16'"),
        ({'optimization_level': 4}, '4 is not 0, 1, 2 or 3'),
    ],
)
def test_what_no_npu_has_is_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        RknnSettings(**settings)


def test_only_onnx_in_fp32_is_converted(source, tmp_path):
    fields = json.loads((source / 'manifest.json').read_text())
    (source / 'manifest.json').write_text(json.dumps(fields | {'precision': 'int8'}))
    with pytest.raises(ModelError, match=r'\(int8\) can not be converted: .* ONNX in fp32'):
        convert_folder(source, tmp_path / 'out', RknnSettings())


def test_a_folder_in_use_is_refused(source, tmp_path):
    with pytest.raises(ConfigError, match='is there already'):
        convert_folder(source, source, RknnSettings())
    assert cv2.imread(str(source / 'reference_0.png')) is not None
