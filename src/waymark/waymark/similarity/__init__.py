# SPDX-License-Identifier: Apache-2.0
"""How alike two images, vectors, sets of tokens or distributions are: pure functions, single and batched."""

from waymark.similarity.distributions import (
    RunningCentre,
    centred_softmax,
    centred_softmax_cosine,
    log_softmax,
    softmax,
)
from waymark.similarity.kernels import cka, cka_of_kernels, linear_kernel, rbf_kernel
from waymark.similarity.losses import (
    contrastive_score,
    cpc_infonce,
    dino_cross_entropy,
    dino_loss,
    generalized_cross_entropy,
    ibot_patch_loss,
    simcse_loss,
)
from waymark.similarity.mix import Gate, mix, mix_weights, recursive_mix, time_mix
from waymark.similarity.multiscale import MsSsimOptions, ms_ssim, ms_ssim_log
from waymark.similarity.pixels import mae, mse, psnr, sad
from waymark.similarity.structure import SsimOptions, global_ssim, mean_ssim, ssim_map
from waymark.similarity.tokens import (
    aligned_cosine,
    clip_score,
    clip_score_distance,
    token_mask,
    vit_recall_precision,
    vit_score,
)
from waymark.similarity.vectors import cosine, cosine_matrix, dot, euclidean, manhattan, unit, weighted_dot
from waymark.similarity.windows import Exponents, Window

__all__ = [
    'Exponents',
    'Gate',
    'MsSsimOptions',
    'RunningCentre',
    'SsimOptions',
    'Window',
    'aligned_cosine',
    'centred_softmax',
    'centred_softmax_cosine',
    'cka',
    'cka_of_kernels',
    'clip_score',
    'clip_score_distance',
    'contrastive_score',
    'cosine',
    'cosine_matrix',
    'cpc_infonce',
    'dino_cross_entropy',
    'dino_loss',
    'dot',
    'euclidean',
    'generalized_cross_entropy',
    'global_ssim',
    'ibot_patch_loss',
    'linear_kernel',
    'log_softmax',
    'mae',
    'manhattan',
    'mean_ssim',
    'mix',
    'mix_weights',
    'ms_ssim',
    'ms_ssim_log',
    'mse',
    'psnr',
    'rbf_kernel',
    'recursive_mix',
    'sad',
    'simcse_loss',
    'softmax',
    'ssim_map',
    'time_mix',
    'token_mask',
    'unit',
    'vit_recall_precision',
    'vit_score',
    'weighted_dot',
]
