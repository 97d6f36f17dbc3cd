# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes: rows cx, cy, w, h (px), theta (rad, +x towards +y) in one canonical form, and what compares them."""

from waymark.boxes.canonical import as_boxes, axis_aligned, canonical, corners, from_corners
from waymark.boxes.distances import kl_divergence, pixels_iou, wasserstein_distance
from waymark.boxes.gaussian import box_from_mask, from_gaussians, gaussians
from waymark.boxes.iou import rotated_iou, rotated_iou_matrix
from waymark.boxes.mapping import rescaled
from waymark.boxes.nms import nms
from waymark.boxes.probiou import bhattacharyya_distance, probiou, probiou_matrix

__all__ = [
    'as_boxes',
    'axis_aligned',
    'bhattacharyya_distance',
    'box_from_mask',
    'canonical',
    'corners',
    'from_corners',
    'from_gaussians',
    'gaussians',
    'kl_divergence',
    'nms',
    'pixels_iou',
    'probiou',
    'probiou_matrix',
    'rescaled',
    'rotated_iou',
    'rotated_iou_matrix',
    'wasserstein_distance',
]
