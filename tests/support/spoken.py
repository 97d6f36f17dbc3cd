# SPDX-License-Identifier: Apache-2.0
"""Sound that stands for speech: bursts of noise that swells and fades, over a quiet room."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

RATE_HZ = 16000
QUIET, LOUD = 1e-4, 0.2  # amplitudes: about -80 and -17 dB of full scale


def room(seconds: float, seed: int = 0, amplitude: float = QUIET) -> np.ndarray:
    """Steady noise."""
    return (amplitude * np.random.default_rng(seed).normal(size=round(seconds * RATE_HZ))).astype(np.float32)


def spoken(seconds: float, at_s: list[tuple[float, float]], amplitude: float = LOUD) -> np.ndarray:
    """A room in which something is said from each (begin, end), s; each time something else."""
    samples = room(seconds)
    for number, (begin_s, end_s) in enumerate(at_s, 1):
        begin, end = round(begin_s * RATE_HZ), round(end_s * RATE_HZ)
        swell = 0.6 + 0.4 * np.sin(np.arange(end - begin) * 2 * np.pi * (2 + number) / RATE_HZ)
        samples[begin:end] += amplitude * swell * np.random.default_rng(number).normal(size=end - begin)
    return samples.clip(-1, 1).astype(np.float32)


def write_wav(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ, channels: int = 1, width: int = 2) -> Path:
    """(N,) in [-1, 1] as whole numbers, the same in each channel."""
    full = (1 << (8 * width - 1)) - 1
    numbers = np.round(samples.astype(np.float64) * full).astype({1: np.int16, 2: '<i2', 4: '<i4'}[width])
    numbers = (numbers + 128).astype(np.uint8) if width == 1 else numbers
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(numbers.repeat(channels).tobytes())
    return path
