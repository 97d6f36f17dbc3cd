# SPDX-License-Identifier: Apache-2.0
"""A flight with known poses and pictures: a camera that looks down follows an oval over drawn ground."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np

PX_PER_M = 20.0
PAD_M = (16.0, 1.0)  # centre of the pad on the ground, m; the route starts beside it
PAD_SIZE_M = 3.0


@dataclass(frozen=True)
class RunPlan:
    """What is recorded: laps of `lap_s` at `rate_hz`; lap 2 is localized but for its first and last fifth."""

    lap_s: float = 10.0
    rate_hz: float = 4.0
    size_wh: tuple[int, int] = (160, 120)
    laps: int = 2
    start_ns: int = 1_000_000_000
    leave_out: tuple[str, ...] = ()  # topics
    prefix: str = ''  # namespace
    pipeline: str = 'config/demo.yaml'
    log_text: str = 'no answer from the encoder for 1.2 s'
    ground_px: int = 1400
    raw_images: bool = False

    @property
    def frames_per_lap(self) -> int:
        return round(self.lap_s * self.rate_hz)


class Flight:
    """Poses, pictures and answers of a plan, all computed from the frame's number."""

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.ground = draw_ground(plan.ground_px)
        self.projection = np.random.default_rng(3).normal(size=(24 * 18, 96))

    def stamp_ns(self, i: int) -> int:
        return self.plan.start_ns + round(i * 1e9 / self.plan.rate_hz)

    def pose(self, i: int) -> tuple[float, float, float]:
        """East, north, m, and yaw, rad: an oval with a dent, the same on each lap but for 0.3 m."""
        phase = 2 * math.pi * (i % self.plan.frames_per_lap) / self.plan.frames_per_lap
        lap = i // self.plan.frames_per_lap
        radius = 1 + 0.22 * math.sin(3 * phase)
        return (
            17 * radius * math.cos(phase) + 0.3 * lap,
            11 * radius * math.sin(phase),
            phase / 4 + 0.02 * lap,
        )

    def H_ground_image(self, i: int) -> np.ndarray:
        """Image px to ground px."""
        x, y, yaw = self.pose(i)
        width, height = self.plan.size_wh
        scale = 12.0 * PX_PER_M / width  # a view is 12 m wide
        c, s = scale * math.cos(yaw), scale * math.sin(yaw)
        centre = self.plan.ground_px / 2
        u, v = centre + x * PX_PER_M, centre - y * PX_PER_M
        move = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, 1]])
        return np.array([[c, -s, u], [s, c, v], [0, 0, 1]]) @ move

    def image(self, i: int) -> np.ndarray:
        H = self.H_ground_image(i)
        return cv2.warpPerspective(self.ground, H, self.plan.size_wh, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_AREA)

    def H_cur_ref(self, query: int, keyframe: int) -> np.ndarray:
        H = np.linalg.inv(self.H_ground_image(query)) @ self.H_ground_image(keyframe)
        return H / H[2, 2]

    def pad_corners_px(self, i: int) -> np.ndarray | None:
        """The pad's corners in the image, None unless all are in view."""
        centre, half = self.plan.ground_px / 2, PAD_SIZE_M / 2
        offsets = np.array([[-half, half], [half, half], [half, -half], [-half, -half]]) + PAD_M
        ground = np.column_stack((centre + offsets[:, 0] * PX_PER_M, centre - offsets[:, 1] * PX_PER_M))
        corners = cv2.perspectiveTransform(ground[None], np.linalg.inv(self.H_ground_image(i)))[0]
        inside = (corners >= 0).all() and (corners < self.plan.size_wh).all()
        return corners if inside else None

    def embedding(self, image: np.ndarray) -> np.ndarray:
        small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (24, 18)).astype(float).ravel()
        vector = (small - small.mean()) @ self.projection
        return (vector / np.linalg.norm(vector)).astype(np.float32)


@functools.cache
def draw_ground(size_px: int) -> np.ndarray:
    """Fields, roads, trees and the pad, BGR."""
    rng = np.random.default_rng(7)
    coarse = rng.uniform(0, 1, (size_px // 120, size_px // 120, 3)) * (60, 70, 50) + (60, 105, 90)
    ground = cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_NEAREST)
    fine = cv2.resize(rng.normal(0, 16, (size_px // 3, size_px // 3, 1)), (size_px, size_px))
    ground = np.clip(ground + fine[..., None], 0, 255).astype(np.uint8)
    for k in range(6):
        x = int(size_px * (k + 0.4) / 6)
        cv2.line(ground, (x, 0), (size_px - x, size_px), (150, 155, 158), 14, cv2.LINE_AA)
    for x, y, r in rng.integers((0, 0, 6), (size_px, size_px, 26), (260, 3)).tolist():
        cv2.circle(ground, (x, y), r, (30, 60 + r, 34), -1, cv2.LINE_AA)
    half = int(PAD_SIZE_M * PX_PER_M / 2)
    u, v = int(size_px / 2 + PAD_M[0] * PX_PER_M), int(size_px / 2 - PAD_M[1] * PX_PER_M)
    cv2.rectangle(ground, (u - half, v - half), (u + half, v + half), (245, 245, 245), -1)
    cv2.circle(ground, (u, v), int(half * 0.8), (40, 40, 200), 5, cv2.LINE_AA)
    cv2.putText(ground, 'H', (u - 14, v + 14), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (40, 40, 200), 5, cv2.LINE_AA)
    return ground
