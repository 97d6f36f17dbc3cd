# SPDX-License-Identifier: Apache-2.0
"""A ground, a route over it, a pad below the route, and the camera that flies."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError, SourceError
from waymark.sources.paths import existing_path
from waymark_sim.config import SimulatorConfig, parse_sim_uri
from waymark_sim.ground import (
    Ground,
    H_ground_from_pad,
    PadPlace,
    generate_ground,
    load_ground,
    paint_pad,
)
from waymark_sim.look import Look
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.pad import SIZE_PX as PAD_SIZE_PX
from waymark_sim.planning import plan_curve
from waymark_sim.route import ClosedCurve, Deviation, Route
from waymark_sim.traffic import Vehicle, make_traffic, paint_traffic

GENERATED = 'ground'
_PAD_PHASES = 0.08, 0.30  # of the lap: some way after the start, so that the pad comes into view
_PAD_TURN_RAD = 0.4  # against the direction of flight: a pad lies as it lies


@dataclass(frozen=True, eq=False)
class World:
    """One simulated flight, ready to be rendered.

    Attributes:
        config: As asked for.
        ground: With the pad on it.
        pad: Where the pad lies, None where there is none.
        route: The flight.
        renderer: The camera.
        vehicles: What drives about.
    """

    config: SimulatorConfig
    ground: Ground
    pad: PadPlace | None
    route: Route
    renderer: OrthoRenderer
    vehicles: tuple[Vehicle, ...] = ()

    def render(self, T_map_base: NDArray[np.float64], t_s: float, index: int) -> NDArray[np.uint8]:
        """Take image number `index` from a pose at a time, with the traffic of that time; RGB (H, W, 3)."""
        if not self.vehicles:
            return self.renderer.render(T_map_base, index)
        return self.renderer.render(T_map_base, index, lambda image, H: paint_traffic(image, H, self.vehicles, t_s))

    def H_image_from_pad(self, T_map_base: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return the exact map from the pad's picture to an image; None where there is no pad.

        Args:
            T_map_base: (4, 4) pose of the vehicle, m.

        Returns:
            (3, 3), px to px, H[2, 2] = 1.
        """
        if self.pad is None:
            return None
        H = self.renderer.H_image_from_ground(T_map_base) @ H_ground_from_pad(self.pad, PAD_SIZE_PX)
        return np.asarray(H / H[2, 2])


def build_world(uri: str, rate_hz: float = 0.0) -> World:
    """Make all that a simulator URI describes; about a second for the generated ground.

    Args:
        uri: `sim:ground?...` or `sim:/path/picture.png?metres_per_pixel=0.1&...`.
        rate_hz: Overrides the rate of the URI; 0 does not.

    Raises:
        ConfigError: An unknown key or a bad value.
        SourceError: The ground's picture can't be read, or is too small for this altitude.
    """
    name, config = parse_sim_uri(uri)
    config = dataclasses.replace(config, rate=rate_hz) if rate_hz else config
    ground = _ground(name, config)
    curve = _curve(uri, ground, config)
    pad = _pad_place(ground, curve, config.pad) if config.pad else None
    ground = paint_pad(ground, pad) if pad else ground
    tilt_rad = math.radians(config.tilt_deg)
    deviation = Deviation(config.offset, 0.025 * config.altitude, tilt_rad)
    look = Look(config.gain, config.blur, config.noise)
    size_wh = config.width, config.height
    renderer = OrthoRenderer(ground, size_wh, math.radians(config.fov_deg), look, config.seed)
    route = Route(curve, config.altitude, config.lap_s, deviation, config.seed)
    return World(config, ground, pad, route, renderer, make_traffic(config.seed, config.traffic, _half_size(ground)))


def _half_size(ground: Ground) -> float:
    return float(min(ground.rgb.shape[:2]) * ground.metres_per_pixel / 2)


def _ground(name: str, config: SimulatorConfig) -> Ground:
    if name == GENERATED:
        if config.metres_per_pixel:
            raise ConfigError('metres_per_pixel belongs to a picture of yours, not to sim:ground. Leave it out.')
        return generate_ground(config.seed, config.ground_px)
    if not name or ('/' not in name and not Path(name).exists()):
        raise ConfigError(f'sim:{name}: no such ground. Use sim:{GENERATED} or sim:/path/to/picture.png.')
    path = existing_path(name)
    if not config.metres_per_pixel:
        raise ConfigError(f'sim:{name}: its scale is missing. Add ?metres_per_pixel=0.1 or what it is.')
    return load_ground(path, config.metres_per_pixel)


def _curve(uri: str, ground: Ground, config: SimulatorConfig) -> ClosedCurve:
    reach = _reach(config)
    clearance, metres_per_cell = clearance_of(ground)
    curve = plan_curve(clearance, metres_per_cell, reach, config.seed)
    if curve is None:
        raise SourceError(
            f'{uri}: no room for a route: from {config.altitude:g} m the camera sees {reach:.0f} m around, '
            f'the ground is known {clearance.max():.0f} m around at best. Lower altitude or fov_deg.'
        )
    return curve


def _reach(config: SimulatorConfig) -> float:
    """How far from the place below a level vehicle an image's corner lies, m."""
    half = math.tan(math.radians(config.fov_deg) / 2)
    diagonal = math.hypot(half, half * config.width / config.height)
    return config.altitude * diagonal + config.offset


def clearance_of(ground: Ground) -> tuple[NDArray[np.float32], float]:
    """Distance from each cell of a coarse grid to unknown ground, m; and the size of a cell, m."""
    height, width = ground.known.shape
    step = max(1, max(height, width) // 512)
    rows, columns = height // step, width // step
    blocks = ground.known[: rows * step, : columns * step].reshape(rows, step, columns, step)
    known = np.pad(blocks.all(axis=(1, 3)), 1).astype(np.uint8)
    distance = cv2.distanceTransform(known, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(distance * step * ground.metres_per_pixel, np.float32), step * ground.metres_per_pixel


def _pad_place(ground: Ground, curve: ClosedCurve, side_m: float) -> PadPlace:
    """Choose the plainest of some places below the route: a pad is laid on open ground, not on a roof."""
    gray = cv2.cvtColor(ground.rgb, cv2.COLOR_RGB2GRAY)
    phases = np.linspace(*_PAD_PHASES, 16)
    centres = curve.points(phases)
    best = int(np.argmin([_roughness(gray, ground, centre, side_m) for centre in centres]))
    heading, _ = curve.heading_and_curvature(float(phases[best]))
    x, y = centres[best]
    return PadPlace((float(x), float(y)), heading + _PAD_TURN_RAD, side_m)


def _roughness(gray: NDArray[Any], ground: Ground, centre_m: NDArray[np.float64], side_m: float) -> float:
    column, row = (ground.H_texture_from_ground @ (*centre_m, 1.0))[:2].astype(int)
    half = max(2, round(0.95 * side_m / ground.metres_per_pixel))
    around = gray[max(0, row - half) : row + half, max(0, column - half) : column + half]
    return float(around.std())
