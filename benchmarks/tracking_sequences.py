# SPDX-License-Identifier: Apache-2.0
"""Image sequences of flat pictures with exact truth: a camera moves freely before the wall on which they hang.

Real pictures give target, wall and occluder; rendering adds motion blur (the mean over the exposure), light that
drifts, steps and lies unevenly, noise, JPEG, a bar that rolls over the target, and excursions out of the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tracking_pictures import corners, mips, warped

WALL_BEHIND_M = 0.4
MOST_EXPOSURES = 7  # of which one blurred image is the mean


@dataclass(frozen=True)
class Difficulty:
    """How hard a sequence is.

    Attributes:
        tilt_rad, roll_rad: Largest turn of the camera against the wall's normal and about it.
        shift: Largest sideways move, in widths of the image.
        distance: Nearest and farthest, as multiples of the distance at which the target is half as wide as the image.
        exposure_s: Of one image; what moves meanwhile is blurred.
        noise: Standard deviation, grey levels.
        light: Share of the light that comes and goes; half of it lies unevenly.
        jpeg: Quality; 0: none.
        shake_px: Of the hand, at about 7 Hz.
    """

    tilt_rad: float = 0.45
    roll_rad: float = 0.5
    shift: float = 0.12
    distance: tuple[float, float] = (0.8, 1.8)
    exposure_s: float = 0.008
    noise: float = 3.0
    light: float = 0.3
    jpeg: int = 0
    shake_px: float = 2.0


@dataclass(frozen=True)
class Moment:
    """One image and its truth.

    Attributes:
        time_s: Since the beginning.
        gray: (H, W) uint8.
        H_cur_ref: Per target (3, 3), its picture's pixels to this image's.
        T_camera_target: Per target (4, 4), m.
        visible: Per target, share of its area that is in the image and not covered.
    """

    time_s: float
    gray: NDArray[np.uint8]
    H_cur_ref: tuple[NDArray[np.float64], ...]
    T_camera_target: tuple[NDArray[np.float64], ...]
    visible: tuple[float, ...]


@dataclass(frozen=True)
class Sequence:
    """A flight before a wall.

    Attributes:
        targets: Gray pictures on the wall, side by side; each is 0.3 m wide.
        wall: Gray picture behind them.
        occluder: Gray picture on the bar.
        seed: Of all that is random.
        seconds, hz: Length and rate.
        size_wh: Of the images, px.
        difficulty: See there.
        covered: Times at which a bar begins to roll over the targets; it takes `cover_s`.
        away: Times at which the camera looks away for about two seconds.
        light_steps: Times at which a lamp goes on or off.
    """

    targets: tuple[NDArray[np.uint8], ...]
    wall: NDArray[np.uint8]
    occluder: NDArray[np.uint8]
    seed: int
    seconds: float = 10.0
    hz: float = 30.0
    size_wh: tuple[int, int] = (640, 480)
    difficulty: Difficulty = field(default_factory=Difficulty)
    covered: tuple[float, ...] = ()
    cover_s: float = 1.6
    away: tuple[float, ...] = ()
    light_steps: tuple[float, ...] = ()
    width_m: float = 0.3

    @property
    def K(self) -> NDArray[np.float64]:
        """(3, 3) intrinsics: 56 degrees wide."""
        width, height = self.size_wh
        focal = 0.94 * width
        return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])

    def moments(self) -> Iterator[Moment]:
        """Render the sequence."""
        renderer = _Renderer(self)
        for index in range(round(self.seconds * self.hz)):
            yield renderer.moment(index / self.hz)


class _Waves:
    """Sums of three slow sines, each channel between -1 and 1."""

    def __init__(self, rng: np.random.Generator, channels: int) -> None:
        self._hz = rng.uniform(0.08, 0.45, (3, channels))
        self._phase = rng.uniform(0, 2 * np.pi, (3, channels))
        weight = rng.uniform(0.4, 1, (3, channels))
        self._weight = weight / weight.sum(axis=0)

    def at(self, time_s: float) -> NDArray[np.float64]:
        return np.asarray((self._weight * np.sin(2 * np.pi * self._hz * time_s + self._phase)).sum(axis=0))


class _Renderer:
    def __init__(self, sequence: Sequence) -> None:
        self.s = sequence
        rng = np.random.default_rng(sequence.seed)
        self.noise_rng = np.random.default_rng(sequence.seed + 1)
        self.pose_waves, self.shake, self.lamp = _Waves(rng, 6), _Waves(rng, 2), _Waves(rng, 3)
        self.pictures = [mips(t) for t in sequence.targets]
        self.wall = mips(sequence.wall)
        self.placed = [self._placed(i) for i in range(len(sequence.targets))]
        self.side = 1.0 if rng.random() < 0.5 else -1.0

    def _placed(self, index: int) -> NDArray[np.float64]:
        """Picture px to metres on the wall: columns of three, the first in the middle."""
        columns = min(3, len(self.s.targets))
        gray = self.s.targets[index]
        pitch = self.s.width_m / gray.shape[1]
        column, row = index % columns, index // columns
        rows = (len(self.s.targets) + columns - 1) // columns
        x = (column - (columns - 1) / 2) * 0.36
        y = (row - (rows - 1) / 2) * 0.32
        return np.array(
            [
                [pitch, 0, x - pitch * (gray.shape[1] - 1) / 2],
                [0, pitch, y - pitch * (gray.shape[0] - 1) / 2],
                [0, 0, 1.0],
            ]
        )

    def T_camera_wall(self, time_s: float) -> NDArray[np.float64]:
        d = self.s.difficulty
        w = self.pose_waves.at(time_s)
        focal, width = self.s.K[0, 0], self.s.size_wh[0]
        spread = 1 + 0.9 * (min(3, len(self.s.targets)) - 1)
        half = focal * self.s.width_m * spread / (0.5 * width)
        z = half * np.exp(np.interp(w[0], [-1, 1], np.log(d.distance)))
        metres_per_image = z * width / focal
        rvec = np.array([d.tilt_rad * w[1], d.tilt_rad * w[2], d.roll_rad * w[3]])
        shake = self.shake.at(time_s * 18) * d.shake_px / focal
        T = np.eye(4)
        T[:3, :3] = cv2.Rodrigues(np.array([shake[0], shake[1], 0.0]))[0] @ cv2.Rodrigues(rvec)[0]
        T[:3, 3] = (d.shift * w[4] * metres_per_image, d.shift * w[5] * metres_per_image * 0.7, z)
        for begin in self.s.away:
            out = np.interp(time_s - begin, [0, 0.7, 1.6, 2.3], [0, 1, 1, 0])
            T[0, 3] += self.side * out**1.5 * 1.6 * metres_per_image
        return T

    def homographies(self, T: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Of the wall picture, then of each target."""
        wall_px = self.s.wall.shape[1]
        pitch = 2.4 / wall_px
        wall = np.array([[pitch, 0, -1.2], [0, pitch, -pitch * self.s.wall.shape[0] / 2], [0, 0, 1.0]])
        behind = T[:3, 3] + T[:3, 2] * WALL_BEHIND_M
        near = self.s.K @ np.c_[T[:3, 0], T[:3, 1], T[:3, 3]]
        far = self.s.K @ np.c_[T[:3, 0], T[:3, 1], behind]
        return [far @ wall, *(near @ p for p in self.placed)]

    def moment(self, time_s: float) -> Moment:
        """Render one image."""
        T = self.T_camera_wall(time_s)
        exact = [H / H[2, 2] for H in self.homographies(T)[1:]]
        image, owners = self._exposed(time_s)
        visible = [self._visible(owners == i + 1, H, i) for i, H in enumerate(exact)]
        gray = self._lit(image, time_s)
        poses = []
        for placed, gray_ref in zip(self.placed, self.s.targets, strict=True):
            local = np.eye(4)
            centre = placed @ np.array([(gray_ref.shape[1] - 1) / 2, (gray_ref.shape[0] - 1) / 2, 1.0])
            local[:2, 3] = centre[:2]
            poses.append(T @ local)
        return Moment(time_s, gray, tuple(exact), tuple(poses), tuple(visible))

    def _exposed(self, time_s: float) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Mean over the exposure, and which target owns each pixel at its middle (0: none)."""
        half = self.s.difficulty.exposure_s / 2
        ends_px = np.array([[0, 0, 1.0], [self.s.targets[0].shape[1], self.s.targets[0].shape[0], 1.0]])
        ends = [ends_px @ self.homographies(self.T_camera_wall(t))[1].T for t in (time_s - half, time_s + half)]
        moved = np.abs(ends[0][:, :2] / ends[0][:, 2:] - ends[1][:, :2] / ends[1][:, 2:]).max()
        count = int(np.clip(np.ceil(moved) + 1, 1, MOST_EXPOSURES)) | 1
        total = np.zeros(self.s.size_wh[::-1], np.float32)
        owners = np.zeros(self.s.size_wh[::-1], np.uint8)
        for k in range(count):
            at = time_s + (half * (2 * k / (count - 1) - 1) if count > 1 else 0.0)
            image, own = self._sharp(at)
            total += image
            if k == count // 2:
                owners = own
        return total / count, owners

    def _sharp(self, time_s: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        homographies = self.homographies(self.T_camera_wall(time_s))
        image = warped(self.wall, homographies[0], self.s.size_wh, cv2.BORDER_REFLECT_101)
        owners = np.zeros(image.shape, np.uint8)
        for number, (levels, H) in enumerate(zip(self.pictures, homographies[1:], strict=True), 1):
            x, y, w, h = self._frame_of(levels[0], H)
            if not w or not h:
                continue
            shift = np.array([[1.0, 0, -x], [0, 1, -y], [0, 0, 1]])
            mask = warped([np.full_like(levels[0], 255)], shift @ H, (w, h), cv2.BORDER_CONSTANT)
            picture = warped(levels, shift @ H, (w, h), cv2.BORDER_REPLICATE)
            part = image[y : y + h, x : x + w]
            alpha = mask.astype(np.float32) / 255
            part[:] = np.asarray(picture * alpha + part * (1 - alpha) + 0.5, np.uint8)
            owners[y : y + h, x : x + w][mask > 127] = number
        return self._covered(image, owners, homographies[1], time_s)

    def _frame_of(self, gray: NDArray[np.uint8], H: NDArray[np.float64]) -> tuple[int, int, int, int]:
        """Part of the image that a picture takes up: left, top, width, height."""
        quad = corners(gray, H)
        low = np.clip(np.floor(quad.min(axis=0)) - 2, 0, self.s.size_wh).astype(int)
        high = np.clip(np.ceil(quad.max(axis=0)) + 3, 0, self.s.size_wh).astype(int)
        return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])

    def _covered(self, image: Any, owners: Any, H: NDArray[np.float64], time_s: float) -> tuple[Any, Any]:
        for begin in self.s.covered:
            part = (time_s - begin) / self.s.cover_s
            if not 0 <= part <= 1:
                continue
            quad = corners(self.s.targets[0], H)
            left, right = quad[:, 0].min(), quad[:, 0].max()
            if len(self.s.targets) > 1:
                left, right = 0, self.s.size_wh[0]
            wide = (right - left) * 1.1
            at = left - wide + part * (right - left + wide)
            x0, x1 = (int(np.clip(v, 0, image.shape[1])) for v in (at, at + wide))
            if x1 > x0:
                bar = cv2.resize(self.s.occluder, (max(int(wide), 8), image.shape[0]), interpolation=cv2.INTER_AREA)
                offset = max(int(round(x0 - at)), 0)
                part_of_bar = bar[:, offset : offset + x1 - x0]
                image[:, x0 : x0 + part_of_bar.shape[1]] = part_of_bar
                owners[:, x0:x1] = 0
        return image, owners

    def _visible(self, mask: NDArray[np.bool_], H: NDArray[np.float64], index: int) -> float:
        quad = corners(self.s.targets[index], H).astype(np.float32)
        area = float(cv2.contourArea(quad))
        return float(min(np.count_nonzero(mask) / max(area, 1.0), 1.0))

    def _lit(self, image: NDArray[np.float32], time_s: float) -> NDArray[np.uint8]:
        d = self.s.difficulty
        lamp = self.lamp.at(time_s)
        height, width = image.shape
        gain = 1 - d.light / 2 + d.light / 2 * lamp[0]
        for k, begin in enumerate(self.s.light_steps):
            if time_s >= begin:
                gain *= 0.6 if k % 2 == 0 else 1 / 0.6
        across = 1 + d.light * 0.5 * lamp[1] * np.linspace(-1, 1, width, dtype=np.float32)[None]
        down = 1 + d.light * 0.5 * lamp[2] * np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        noise = self.noise_rng.standard_normal(image.shape, np.float32) * np.float32(d.noise)
        lit = image * (gain * across) * down + noise
        out = np.asarray(np.clip(np.rint(lit), 0, 255), np.uint8)
        if d.jpeg:
            out = cv2.imdecode(cv2.imencode('.jpg', out, [cv2.IMWRITE_JPEG_QUALITY, d.jpeg])[1], cv2.IMREAD_GRAYSCALE)
        return np.asarray(out, np.uint8)
