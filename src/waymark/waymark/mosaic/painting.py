# SPDX-License-Identifier: Apache-2.0
"""Frames laid on the ground: each pixel from where a frame saw it best, near its middle."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import image_corners
from waymark.mosaic.canvas import Box, Canvas
from waymark.mosaic.exposure import Exposure
from waymark.mosaic.poses import Floats, Poses, ground_of, pixels_of, straight_view, units_of
from waymark.mosaic.view import View

_REACH = 2.5  # heights: what lies further to the side is seen too flat to be of use
_STEP_PX = 8  # the exact map is computed at every eighth pixel
_BORDER = 33  # points along a frame's side that say what it covers


@dataclass(frozen=True)
class Plot:
    """Which ground a picture shows: its pixel (x, y) is the ground's (left + x unit, top + y unit).

    Attributes:
        left: Ground units, of the first column's middle.
        top: Ground units, of the first row's middle.
        unit: Ground units per pixel.
        size_wh: Px.
    """

    left: float
    top: float
    unit: float
    size_wh: tuple[int, int]

    def coarser(self, factor: float) -> Plot:
        """The same ground with pixels `factor` times as large."""
        size_wh = tuple(max(int(np.ceil(s / factor)), 1) for s in self.size_wh)
        shift = (factor - 1) / 2 * self.unit
        return Plot(self.left + shift, self.top + shift, self.unit * factor, (size_wh[0], size_wh[1]))


@dataclass(frozen=True, eq=False)
class Painter:
    """What painting needs beside the frames.

    Attributes:
        views: The placed ones.
        poses: Theirs.
        exposure: Theirs.
        feather: As MosaicConfig's.
    """

    views: list[View]
    poses: Poses
    exposure: Exposure
    feather: float


def plot_of(views: list[View], poses: Poses, unit: float | None, max_side_px: int) -> Plot:
    """Choose a picture that holds all frames.

    Args:
        views: The placed ones.
        poses: Theirs.
        unit: Ground units per pixel; None: those of the median frame.
        max_side_px: Longer side at the most.
    """
    shown = np.concatenate([footprint(views, poses, i) for i in range(len(views))])
    side = np.array([max(v.size_wh) for v in views])
    finest = float(np.median(-poses.c[:, 2] / (poses.phi * side)))
    low, high = shown.min(axis=0), shown.max(axis=0)
    unit = max(unit or finest, float((high - low).max()) / (max_side_px - 1))
    low, high = np.floor(low / unit) * unit, np.ceil(high / unit) * unit
    width, height = np.rint((high - low) / unit).astype(int) + 1
    return Plot(float(low[0]), float(low[1]), unit, (min(int(width), max_side_px), min(int(height), max_side_px)))


def footprint(views: list[View], poses: Poses, i: int) -> Floats:
    """Points of the ground (N, 2) along the edge of what a frame shows within reach, its foot among them."""
    corners = image_corners(views[i].size_wh)
    share = np.linspace(0, 1, _BORDER)[:, None]
    inward = np.linspace(0, 1, 6)[:, None, None]  # tilted frames: the edge of what counts lies inside
    edge = np.concatenate([a + share * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    points = (edge.mean(axis=0) + inward * (edge - edge.mean(axis=0))).reshape(-1, 2)
    ground = ground_of(poses, np.array([i]), units_of(views[i], points)[None])[0]
    with np.errstate(invalid='ignore'):
        near = np.linalg.norm(ground - poses.c[i, :2], axis=1) < _REACH * -poses.c[i, 2]
    return np.asarray(ground[near])


def paint(canvas: Canvas, plot: Plot, painter: Painter, i: int, rgb: NDArray[np.uint8]) -> None:
    """Lay one frame on the canvas.

    Args:
        canvas: Of the plot's size.
        plot: Which ground it shows.
        painter: The frame's place and light.
        i: Position of the frame among the placed views.
        rgb: (h, w, 3) the frame, or a smaller copy of it.
    """
    view = painter.views[i]
    box = _box(footprint(painter.views, painter.poses, i), plot)
    if box.is_empty:
        return
    rgb = _reduced(rgb, view, painter.poses, i, plot.unit)
    scale = np.array(rgb.shape[1::-1]) / np.array(view.size_wh)
    px = _frame_pixels(plot, box, painter, i)
    closeness, r2 = _closeness(px, view.size_wh)
    seen = closeness > 0
    at = [((px[..., k] + 0.5) * np.float32(scale[k]) - 0.5).astype(np.float32) for k in (0, 1)]
    colours = cv2.remap(rgb, at[0], at[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lit = np.asarray(colours, np.float32) * painter.exposure.factor(i, r2)
    # A soft maximum: the frame that sees a point nearest to its middle wins, others only where it is a close race.
    weight = np.where(seen, np.exp(closeness / np.float32(painter.feather)), 0).astype(np.float32)
    canvas.add(box, lit, weight)


def _box(ground: Floats, plot: Plot) -> Box:
    if len(ground) == 0:
        return Box(0, 0, 0, 0)
    low = np.floor((ground.min(axis=0) - (plot.left, plot.top)) / plot.unit).astype(int)
    high = np.ceil((ground.max(axis=0) - (plot.left, plot.top)) / plot.unit).astype(int) + 1
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, plot.size_wh)
    return Box(int(left), int(top), int(right), int(bottom))


def _reduced(rgb: NDArray[np.uint8], view: View, poses: Poses, i: int, unit: float) -> NDArray[np.uint8]:
    """Shrink a frame that is finer than the mosaic: sampling alone would leave out pixels."""
    finest = -poses.c[i, 2] / (poses.phi[i] * max(rgb.shape[:2]))
    factor = unit / finest
    if factor < 1.5:
        return rgb
    size_wh = max(round(rgb.shape[1] / factor), 1), max(round(rgb.shape[0] / factor), 1)
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def _frame_pixels(plot: Plot, box: Box, painter: Painter, i: int) -> NDArray[np.float32]:
    """(h, w, 2) where the frame saw each pixel of a box; -1e4 where it did not or too flat.

    Exact at every eighth pixel, linear between: within 0.01 px of exact for any view that reaches are kept of.
    """
    poses, view = painter.poses, painter.views[i]
    width, height = box.right - box.left, box.bottom - box.top
    x = plot.left + plot.unit * (box.left + _STEP_PX * np.arange(width // _STEP_PX + 2))
    y = plot.top + plot.unit * (box.top + _STEP_PX * np.arange(height // _STEP_PX + 2))
    ground = np.stack(np.meshgrid(x, y), axis=-1)
    straight = straight_view(poses, np.array([i]), ground.reshape(1, -1, 2))[0]
    px = pixels_of(view, float(poses.k1[i]), straight)
    corners = np.linalg.norm(units_of(view, image_corners(view.size_wh)), axis=1)
    with np.errstate(invalid='ignore'):
        # Beyond the corners a lens' polynomial may fold back into the picture.
        far = np.linalg.norm(straight, axis=1) > 1.3 * corners.max() * (1 + abs(poses.k1[i]) * corners.max() ** 2)
        flat = np.linalg.norm(ground.reshape(-1, 2) - poses.c[i, :2], axis=1) > _REACH * -poses.c[i, 2]
    px[far | flat] = np.nan  # and so is what is interpolated from it
    coarse = np.asarray(px, np.float32).reshape(*ground.shape)
    to_full = np.array([[1 / _STEP_PX, 0, 0], [0, 1 / _STEP_PX, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    full = cv2.warpAffine(coarse, to_full, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.nan_to_num(np.asarray(full, np.float32), nan=-1e4)


def _closeness(px: NDArray[np.float32], size_wh: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(h, w) 1 in the frame's middle, down to 0 at its edge and beyond; and r^2 in half diagonals."""
    half = (np.array(size_wh, np.float32) - 1) / 2
    offset = px - half
    share = 1 - np.abs(offset) / (half + np.float32(0.5))
    return np.maximum(share.min(axis=2), 0), np.minimum((offset**2).sum(axis=2) / (half**2).sum(), 1.0)
