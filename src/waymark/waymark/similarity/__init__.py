# SPDX-License-Identifier: Apache-2.0
"""Pure functions that say how alike two images are, singly and in batches."""

from waymark.similarity.multiscale import MsSsimOptions, ms_ssim, ms_ssim_log
from waymark.similarity.pixels import mae, mse, psnr, sad
from waymark.similarity.structure import SsimOptions, global_ssim, mean_ssim, ssim_map
from waymark.similarity.windows import Exponents, Window

__all__ = [
    'Exponents',
    'MsSsimOptions',
    'SsimOptions',
    'Window',
    'global_ssim',
    'mae',
    'mean_ssim',
    'ms_ssim',
    'ms_ssim_log',
    'mse',
    'psnr',
    'sad',
    'ssim_map',
]
