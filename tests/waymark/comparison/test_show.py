# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest
from waymark_runs import waymark

from waymark.comparison.metrics import METRICS, Measured
from waymark.comparison.show import Request, as_json, show_comparison
from waymark.errors import ConfigError
from waymark.similarity import psnr


def test_the_command_prints_a_table_and_writes_numbers_and_a_picture(save, scene, tmp_path):
    worse = np.clip(scene.astype(int) + 9, 0, 255).astype(np.uint8)
    a, b = save('a.png', scene), save('b.png', worse)
    numbers, picture = tmp_path / 'new' / 'numbers.json', tmp_path / 'picture.png'
    run = waymark('compare', a, b, '--json', numbers, '--out', picture, '--mask', 'hog,contrast')
    assert run.returncode == 0, run.stderr
    found = json.loads(numbers.read_text())
    assert list(found) == list(METRICS)
    for name in METRICS:
        assert name in run.stdout
    assert f'{found["psnr"]:.6g}' in run.stdout
    assert 'A a.png, B b.png: RGB 320x240 px, mask hog x contrast' in ' '.join(run.stdout.split())
    assert cv2.imread(str(picture)).shape[1] == 2 * 640 + 6


def test_help_names_every_metric():
    words = ''.join(waymark('compare', '--help').stdout.replace('│', ' ').split())
    assert ','.join(METRICS) in words


def test_metrics_may_be_repeated_or_listed(save, scene, tmp_path):
    a, b = save('a.png', scene), save('b.png', np.roll(scene, 1, axis=0))
    numbers = tmp_path / 'numbers.json'
    run = waymark('compare', a, b, '--metric', 'psnr,mse', '--metric', 'mean_ssim', '--json', numbers)
    assert run.returncode == 0, run.stderr
    found = json.loads(numbers.read_text())
    assert list(found) == ['psnr', 'mse', 'mean_ssim']
    assert found['psnr'] == psnr(scene, np.roll(scene, 1, axis=0))


def test_what_a_user_can_fix_is_one_sentence(save, scene):
    run = waymark('compare', save('a.png', scene), 'nowhere.png')
    assert run.returncode == 1
    assert run.stderr == "error: B: 'nowhere.png' does not exist. Give two image files.\n"


def test_infinity_and_no_value_are_valid_json():
    found = [
        Measured('psnr', np.inf, ''),
        Measured('x', -np.inf, ''),
        Measured('ms_ssim', None, ''),
        Measured('y', 2.5, ''),
    ]
    text = json.dumps(as_json(found), allow_nan=False)
    assert json.loads(text) == {'psnr': 'Infinity', 'x': '-Infinity', 'ms_ssim': None, 'y': 2.5}
    assert float(json.loads(text)['psnr']) == np.inf


def test_without_metrics_small_images_are_compared_by_what_they_allow(save, scene, tmp_path, capsys):
    a = save('a.png', scene[:30, :40])
    show_comparison(a, a, Request(json_path=tmp_path / 'n.json', picture_path=tmp_path / 'p.jpg'))
    assert 'too small for 5 scales' in ' '.join(capsys.readouterr().out.replace('│', ' ').split())
    assert json.loads((tmp_path / 'n.json').read_text())['ms_ssim'] is None
    assert cv2.imread(str(tmp_path / 'p.jpg')) is not None


def test_a_metric_asked_for_that_has_no_value_is_an_error(save, scene):
    a = save('a.png', scene[:30, :40])
    with pytest.raises(ConfigError, match='--metric ms_ssim: image 40x30 is too small.*Leave it out'):
        show_comparison(a, a, Request(metrics=('mse', 'ms_ssim')))


def test_paths_that_can_not_be_written_are_refused(save, scene, tmp_path):
    a = save('a.png', scene)
    with pytest.raises(ConfigError, match="--out: .*picture.xyz' is no picture that can be written"):
        show_comparison(a, a, Request(picture_path=tmp_path / 'picture.xyz'))
    with pytest.raises(ConfigError, match='can not be written'):
        show_comparison(a, a, Request(metrics=('mse',), json_path=a / 'numbers.json'))
