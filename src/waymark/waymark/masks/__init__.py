# SPDX-License-Identifier: Apache-2.0
"""Which pixels matter: (H, W) float32 masks from 0 (does not count) to 1 (counts fully), combined by product."""

from waymark.masks.alignment import valid_region
from waymark.masks.boxes import box_mask
from waymark.masks.combination import combined, inverted
from waymark.masks.contrast import contrast_mask, local_deviation
from waymark.masks.gradients import Gradients, gradient_picture, gradients_of, hog_mask
from waymark.masks.motion import MotionConfig, motion_labels, motion_mask, still_weights

__all__ = [
    'Gradients',
    'MotionConfig',
    'box_mask',
    'combined',
    'contrast_mask',
    'gradient_picture',
    'gradients_of',
    'hog_mask',
    'inverted',
    'local_deviation',
    'motion_labels',
    'motion_mask',
    'still_weights',
    'valid_region',
]
