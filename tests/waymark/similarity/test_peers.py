# SPDX-License-Identifier: Apache-2.0
"""Image metrics beside scikit-image and pytorch-msssim, all in float64, and beside published values."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from waymark.similarity import MsSsimOptions, SsimOptions, Window, mean_ssim, ms_ssim, mse, psnr, ssim_map

SCRIPT = Path(__file__).parents[2] / 'support' / 'peer_metrics.py'
UNIFORM_7 = SsimOptions(window=Window('uniform', 7))
THREE = MsSsimOptions(0.7, (0.1, 0.2, 0.7), (0.1, 0.2, 0.7))
OURS = {
    'mse': mse,
    'psnr': partial(psnr, data_range=255),
    'ssim': partial(mean_ssim, data_range=255),
    'ssim_uniform_7': partial(mean_ssim, data_range=255, options=UNIFORM_7),
    'torch_ssim': partial(mean_ssim, data_range=255),
    'ms_ssim': partial(ms_ssim, data_range=255),
    'ms_ssim_three': partial(ms_ssim, data_range=255, options=THREE),
}


@pytest.fixture(scope='module')
def pairs(texture, degrade):
    """float64 pairs: worse, unrelated, even against noisy, brighter, coloured, and too small for five scales."""
    image, other = texture(3, (352, 288)), texture(4, (352, 288))
    rng = np.random.default_rng(0)
    colour = np.dstack([texture(seed, (256, 192)) for seed in (5, 6, 7)])
    found = {
        'worse': (image, degrade(image)),
        'unrelated': (image, other),
        'even': (np.full_like(image, 90), np.clip(90 + rng.normal(0, 3, image.shape), 0, 255)),
        'brighter': (image, np.minimum(image.astype(np.float64) + 40, 255)),
        'fractions': (rng.uniform(0, 255, (320, 176)), rng.uniform(0, 255, (320, 176))),
        'colour': (colour, degrade(colour)),
        'small': (image[:41, :57], degrade(image)[:41, :57]),
    }
    return {name: tuple(x.astype(np.float64) for x in pair) for name, pair in found.items()}


@pytest.mark.models
def test_scikit_image_and_pytorch_msssim_say_the_same_to_a_millionth(pairs, tmp_path):
    from waymark import environments
    from waymark.errors import BackendUnavailable

    try:
        python = environments.find_interpreter('models')
    except BackendUnavailable as error:
        pytest.skip(str(error))
    file = tmp_path / 'pairs.npz'
    np.savez(file, **{f'{side}_{n}': x for n, pair in pairs.items() for side, x in zip('ab', pair, strict=True)})
    run = subprocess.run([python, SCRIPT, file], capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert set(said) == set(pairs)
    compared = 0
    for name, peers in said.items():
        for metric, value in peers.items():
            assert OURS[metric](*pairs[name]) == pytest.approx(value, rel=1e-12, abs=1e-9), (name, metric)
            compared += 1
    assert compared == 7 * 7 - 2


@pytest.mark.parametrize('name', ['worse', 'unrelated', 'even', 'brighter', 'fractions', 'colour', 'small'])
def test_the_map_of_scikit_image_is_ours(pairs, name):
    metrics = pytest.importorskip('skimage.metrics')

    a, b = pairs[name]
    mean, full = metrics.structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True,
        channel_axis=-1 if a.ndim == 3 else None,
    )  # fmt: skip
    np.testing.assert_allclose(ssim_map(a, b, data_range=255), full, atol=1e-11)
    assert mean_ssim(a, b, data_range=255) == pytest.approx(mean, abs=1e-11)
    eight_bit = [np.rint(x).astype(np.uint8) for x in (a, b)]
    exact = metrics.structural_similarity(
        *eight_bit, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        channel_axis=-1 if a.ndim == 3 else None,
    )  # fmt: skip
    assert mean_ssim(*eight_bit) == pytest.approx(exact, abs=1e-6)


@pytest.fixture(scope='module')
def published(shared_data):
    """`published(i)` is the i-th entry of reference_values.json with its images as `a` and `b`, BGR or gray."""
    folder = shared_data('metric_refs')
    entries = json.loads((folder / 'reference_values.json').read_text())['image_quality']

    def read(index, gray=False):
        entry = entries[index]
        flag = cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR
        pair = [cv2.imread(str(folder / entry[key]), flag) for key in ('ref', 'test')]
        if any(image is None for image in pair):
            pytest.skip(f'this OpenCV does not read {entry["ref"]}')
        return entry, *pair

    return read


def test_the_noisy_cameraman_has_the_values_of_imdiff(published):
    entry, a, b = published(0, gray=True)
    assert psnr(a, b) == pytest.approx(entry['psnr'], abs=entry['psnr_tol'])
    assert mean_ssim(a, b) == pytest.approx(entry['ssim_gaussian_sigma1p5_pop_cov'], abs=entry['ssim_tol'])


def test_rubberwhale_has_the_values_of_matlab_and_opencv_in_each_channel(published):
    entry, a, b = published(1)
    for c in range(3):
        assert mse(a[..., c], b[..., c]) == pytest.approx(entry['mse'][c], abs=entry['tol'])
        assert psnr(a[..., c], b[..., c]) == pytest.approx(entry['psnr'][c], abs=entry['tol'])
        # OpenCV's mean includes the border.
        full = ssim_map(a[..., c], b[..., c]).mean()
        assert full == pytest.approx(entry['ssim_opencv'][c], abs=entry['tol'])
    assert psnr(a, b) == pytest.approx(entry['psnr_avg_matlab'], abs=entry['tol'])


def test_goldhill_has_the_value_of_matlab_at_half_size(published):
    entry, a, b = published(2, gray=True)
    half = (x.reshape(256, 2, 256, 2).mean(axis=(1, 3)) for x in (a, b))
    assert mean_ssim(*half, data_range=255) == pytest.approx(entry['ssim'], abs=entry['tol'])


def test_a_distorted_picture_of_tid_has_the_value_of_matlab_at_half_size(published):
    entry, a, b = published(3)
    half = (cv2.resize(x, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.float64) for x in (a, b))
    assert mean_ssim(*half, data_range=255) == pytest.approx(entry['ssim_rgb'], abs=entry['tol'])
