# SPDX-License-Identifier: Apache-2.0
"""A smooth closed route, flown several times and never quite the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GRAVITY_M_S2 = 9.80665
MAX_BANK_RAD = math.radians(9.0)
_SOFT_HARMONIC = 2.0
_TABLE = 4096


class ClosedCurve:
    """A smooth closed curve through given points, at constant speed."""

    def __init__(self, points_m: NDArray[np.float64]) -> None:
        """Round off a polygon.

        Args:
            points_m: (N, 2) m, in the order of flight. The curve passes near them, not through them: the
                harmonics of its Fourier series are damped, which makes corners wide.
        """
        n = len(points_m)
        self._frequencies = np.fft.fftfreq(n, 1.0 / n)
        damping = np.exp(-0.5 * (self._frequencies / _SOFT_HARMONIC) ** 2)
        self._spectrum = damping * np.fft.fft(points_m[:, 0] + 1j * points_m[:, 1]) / n
        table = np.linspace(0.0, 2 * np.pi, _TABLE + 1)
        speed = np.abs(self._derivative(table, 1))
        lengths = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2) * (table[1] - table[0])])
        self._table, self._lengths = table, lengths
        self.length_m = float(lengths[-1])

    def points(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (N, 2), m, at phases (N,) of the lap, 0 to 1 in equal lengths."""
        z = self._derivative(self._angle(phase), 0)
        return np.column_stack([z.real, z.imag])

    def heading_and_curvature(self, phase: float) -> tuple[float, float]:
        """Direction of flight, rad from east, and curvature, 1/m (positive: a left turn)."""
        angle = self._angle(np.array([phase]))
        d1, d2 = self._derivative(angle, 1)[0], self._derivative(angle, 2)[0]
        curvature = (d1.conjugate() * d2).imag / abs(d1) ** 3
        return math.atan2(d1.imag, d1.real), float(curvature)

    def _angle(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.interp(np.mod(phase, 1.0) * self.length_m, self._lengths, self._table))

    def _derivative(self, angle: NDArray[np.float64], order: int) -> NDArray[np.complex128]:
        factors = self._spectrum * (1j * self._frequencies) ** order
        return np.asarray(np.exp(1j * np.outer(angle, self._frequencies)) @ factors)


@dataclass(frozen=True)
class Deviation:
    """How far flight deviates from the curve at most, either way.

    Attributes:
        offset_m: To the side.
        height_m: Up and down.
        tilt_rad: Roll and pitch beside those that the turn needs, and yaw.
    """

    offset_m: float = 0.8
    height_m: float = 0.5
    tilt_rad: float = 0.02


class Route:
    """A closed curve flown `laps` times in `lap_s` each, nose ahead, leaning into turns.

    Sideways offset, height and attitude waver slowly over the whole flight, in periods that don't fit the
    lap. So lap 2 revisits lap 1 within 2 * offset_m, and no image repeats pixel by pixel.
    """

    def __init__(self, curve: ClosedCurve, altitude_m: float, lap_s: float, deviation: Deviation, seed: int) -> None:
        """Plan a flight.

        Args:
            curve: Where to fly.
            altitude_m: Above the ground.
            lap_s: Seconds for one lap.
            deviation: How inexactly it is flown.
            seed: Of the deviations.
        """
        self.curve = curve
        self.altitude_m = altitude_m
        self.lap_s = lap_s
        self._deviation = deviation
        rng = np.random.default_rng((seed, 1))
        # Offset, height, roll, pitch, yaw: three waves each, none quicker than a vehicle is.
        self._periods_s = np.maximum(4.0, lap_s * np.array([0.618, 0.272, 0.137])) * rng.uniform(0.9, 1.1, (5, 3))
        self._phases = rng.uniform(0.0, 2 * np.pi, (5, 3))

    def pose(self, t_s: float) -> NDArray[np.float64]:
        """Return T_map_base (4, 4) at a time since the start: FLU vehicle in the ENU map, m."""
        phase = t_s / self.lap_s
        heading, curvature = self.curve.heading_and_curvature(phase)
        speed = self.curve.length_m / self.lap_s
        side, height, roll, pitch, yaw = self._waver(t_s)
        T = np.eye(4)
        # FLU: a left turn is a negative roll. Gentle: a route in a hurry is flown all the same, at this bank.
        bank = -MAX_BANK_RAD * math.tanh(speed * speed * curvature / GRAVITY_M_S2 / MAX_BANK_RAD)
        T[:3, :3] = rotation(bank + roll, pitch, heading + yaw)
        x, y = self.curve.points(np.array([phase]))[0]
        T[:3, 3] = x - side * math.sin(heading), y + side * math.cos(heading), self.altitude_m + height
        return T

    def velocity(self, t_s: float) -> NDArray[np.float64]:
        """Return the velocity (3,) in the map, m/s, by central difference over 2 ms."""
        step = 1e-3
        difference = self.pose(t_s + step)[:3, 3] - self.pose(t_s - step)[:3, 3]
        return np.asarray(difference / (2 * step), np.float64)

    def _waver(self, t_s: float) -> NDArray[np.float64]:
        waves = np.sin(2 * np.pi * t_s / self._periods_s + self._phases).mean(axis=1)
        d = self._deviation
        return np.asarray(waves * (d.offset_m, d.height_m, d.tilt_rad, d.tilt_rad, d.tilt_rad))


def rotation(roll_rad: float, pitch_rad: float, yaw_rad: float) -> NDArray[np.float64]:
    """Return R_map_base (3, 3): yaw about up, pitch about left (positive: nose down), roll about forward."""
    cr, sr = math.cos(roll_rad), math.sin(roll_rad)
    cp, sp = math.cos(pitch_rad), math.sin(pitch_rad)
    cy, sy = math.cos(yaw_rad), math.sin(yaw_rad)
    Rz = np.array([[cy, -sy, 0.0], [sy, cy, 0.0], [0.0, 0.0, 1.0]])
    Ry = np.array([[cp, 0.0, sp], [0.0, 1.0, 0.0], [-sp, 0.0, cp]])
    Rx = np.array([[1.0, 0.0, 0.0], [0.0, cr, -sr], [0.0, sr, cr]])
    return np.asarray(Rz @ Ry @ Rx)
