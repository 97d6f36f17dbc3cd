# SPDX-License-Identifier: Apache-2.0
"""What scikit-image and pytorch-msssim say, in float64. Runs in .venv-models: `python peer_metrics.py PAIRS.npz`.

PAIRS.npz holds a_NAME and b_NAME, each (H, W) or (H, W, C) float64 from 0 to 255. Prints {NAME: {metric: value}}.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pytorch_msssim
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

RANGE = 255.0


def scikit_image(a, b):
    colour = {'channel_axis': -1} if a.ndim == 3 else {}
    plain = {'data_range': RANGE, 'use_sample_covariance': False, **colour}
    return {
        'mse': mean_squared_error(a, b),
        'psnr': peak_signal_noise_ratio(a, b, data_range=RANGE),
        'ssim': structural_similarity(a, b, gaussian_weights=True, sigma=1.5, **plain),
        'ssim_uniform_7': structural_similarity(a, b, win_size=7, **plain),
    }


def pytorch_ms_ssim(a, b):
    x, y = (torch.from_numpy(np.atleast_3d(image).transpose(2, 0, 1)[None].copy()) for image in (a, b))
    # Its own window is rounded to float32, which alone moves MS-SSIM by 2e-6: give it one that is not.
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = torch.from_numpy(taps / taps.sum())[None, None, None].repeat(x.shape[1], 1, 1, 1)
    found = {'torch_ssim': pytorch_msssim.ssim(x, y, data_range=RANGE, win=window)}
    if min(a.shape[:2]) > 160:
        found['ms_ssim'] = pytorch_msssim.ms_ssim(x, y, data_range=RANGE, win=window)
        weights = [0.1, 0.2, 0.7]
        found['ms_ssim_three'] = pytorch_msssim.ms_ssim(x, y, data_range=RANGE, win=window, weights=weights)
    return {name: value.item() for name, value in found.items()}


def main():
    pairs = np.load(sys.argv[1])
    names = [key[2:] for key in pairs.files if key.startswith('a_')]
    said = {}
    for name in names:
        a, b = pairs[f'a_{name}'], pairs[f'b_{name}']
        said[name] = {m: float(v) for m, v in (scikit_image(a, b) | pytorch_ms_ssim(a, b)).items()}
    json.dump(said, sys.stdout)


if __name__ == '__main__':
    main()
