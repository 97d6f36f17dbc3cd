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
from waymark.similarity.tokens import (
    aligned_cosine,
    clip_score,
    clip_score_distance,
    token_mask,
    vit_recall_precision,
    vit_score,
)
from waymark.similarity.vectors import cosine, cosine_matrix, dot, euclidean, manhattan, unit, weighted_dot

__all__ = [
    'Gate',
    'RunningCentre',
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
    'ibot_patch_loss',
    'linear_kernel',
    'log_softmax',
    'manhattan',
    'mix',
    'mix_weights',
    'rbf_kernel',
    'recursive_mix',
    'simcse_loss',
    'softmax',
    'time_mix',
    'token_mask',
    'unit',
    'vit_recall_precision',
    'vit_score',
    'weighted_dot',
]
