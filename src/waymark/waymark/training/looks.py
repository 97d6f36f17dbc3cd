# SPDX-License-Identifier: Apache-2.0
"""The same place in another light, through another camera, from a little elsewhere: what must not change the vector."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]


def change_look(rgb: Rgb, rng: np.random.Generator, strength: float = 1.0) -> Rgb:
    """Change exposure, white balance, gamma, and add shadows, someone in the way, blur, noise, JPEG.

    Args:
        rgb: (H, W, 3).
        rng: Decides.
        strength: 0 changes nothing but rounding, 1 is strong.
    """
    values = np.asarray(rgb, np.float32) / 255
    if rng.random() < 0.35 * strength:
        values *= _shadow(rng, rgb.shape[:2])
    gain = np.exp(strength * rng.normal(0, 0.35)) * np.exp(strength * rng.normal(0, 0.08, 3))
    values = np.clip(values * gain.astype(np.float32), 0, 1) ** np.float32(np.exp(strength * rng.normal(0, 0.3)))
    if rng.random() < 0.5 * strength:  # saturation
        gray = values.mean(axis=2, keepdims=True)
        values = gray + np.float32(rng.uniform(0.0, 1.5)) * (values - gray)
    if rng.random() < 0.4 * strength:  # glow of lamps and windows
        bright = cv2.GaussianBlur(np.maximum(values - 0.7, 0), (0, 0), float(rng.uniform(3, 12)))
        values = values + np.float32(rng.uniform(0.3, 2.5)) * bright
    if rng.random() < 0.3 * strength:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), float(rng.uniform(0.4, 1.6))), np.float32)
    if rng.random() < 0.7 * strength:
        values = values + rng.normal(0, rng.uniform(0.005, 0.06), values.shape).astype(np.float32)
    picture = np.asarray(np.clip(values * 255, 0, 255), np.uint8)
    if rng.random() < 0.35 * strength:
        _occlude(picture, rng)
    if rng.random() < 0.5 * strength:
        _, code = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 90))])
        picture = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return picture


def turn_camera(rgb: Rgb, rng: np.random.Generator, strength: float = 1.0) -> Rgb:
    """See the same from a turned camera with another zoom: H = K' R K^-1 for a camera of about 60 degrees.

    Args:
        rgb: (H, W, 3); what comes into view from outside is its own reflection.
        rng: Decides.
        strength: 1 turns by 4 degrees to the sides and about the axis and zooms by 8 % (standard deviations).
    """
    height, width = rgb.shape[:2]
    yaw, pitch, roll, zoom = strength * rng.normal(0, (0.07, 0.04, 0.07, 0.08))
    K = np.array([[0.87 * width, 0, (width - 1) / 2], [0, 0.87 * width, (height - 1) / 2], [0, 0, 1.0]])
    R, _ = cv2.Rodrigues(np.array([pitch, yaw, roll]))
    scaled = K @ np.diag([np.exp(zoom), np.exp(zoom), 1.0])
    H = scaled @ R @ np.linalg.inv(K)
    warped = cv2.warpPerspective(rgb, H, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(warped, np.uint8)


def _shadow(rng: np.random.Generator, shape_hw: tuple[int, ...]) -> NDArray[np.float32]:
    h, w = shape_hw[:2]
    mask = np.ones((h, w), np.float32)
    corners = rng.uniform((-0.3 * w, -0.3 * h), (1.3 * w, 1.3 * h), (int(rng.integers(3, 6)), 2))
    cv2.fillPoly(mask, [cv2.convexHull(corners.astype(np.int32))], float(rng.uniform(0.25, 0.8)))
    soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 12)))
    return np.asarray(soft, np.float32)[..., None]


def _occlude(picture: Rgb, rng: np.random.Generator) -> None:
    """Put someone in the way."""
    h, w = picture.shape[:2]
    for _ in range(int(rng.integers(1, 3))):
        centre = int(rng.integers(0, w)), int(rng.integers(h // 3, h))
        axes = max(2, int(w * rng.uniform(0.03, 0.16))), max(2, int(h * rng.uniform(0.08, 0.4)))
        shade = np.clip(rng.uniform(0, 200) + rng.normal(0, 25, 3), 0, 255).tolist()
        cv2.ellipse(picture, centre, axes, float(rng.normal(0, 15)), 0, 360, shade, -1, cv2.LINE_AA)
