# SPDX-License-Identifier: Apache-2.0
"""The light of one visit."""

from __future__ import annotations

import numpy as np

from waymark_sim.scenes.camera import Light


def draw_light(rng: np.random.Generator, strength: float = 1.0) -> Light:
    """Draw a light: day or night behind windows, lamps on or off, sides lit and dark, haze."""
    materials = np.exp(strength * rng.normal(0, (0.25, 0.7, 0.5, 0.35))).astype(np.float32)
    sides = np.exp(strength * rng.normal(0, 0.22, 6)).astype(np.float32)
    haze_m = float(rng.uniform(15, 80)) if rng.random() < 0.3 else 1e6
    return Light(materials, sides, rng.uniform(20, 220, 3).astype(np.float32), haze_m)
