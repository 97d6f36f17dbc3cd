# SPDX-License-Identifier: Apache-2.0
"""What became of every frame, and where the mosaic lies: the JSON and the world file beside the picture."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from waymark.mosaic.georeference import Places
from waymark.mosaic.painting import Plot
from waymark.mosaic.plan import Plan
from waymark.mosaic.poses import outlines


@dataclass(frozen=True)
class PlacedFrame:
    """A frame in the mosaic.

    Attributes:
        name: The file's, or its number in the input.
        corners_px: Where the middles of its corner pixels lie in the mosaic: top left, top right, bottom right, bottom
            left; None for a corner that looks over the horizon.
    """

    name: str
    corners_px: tuple[tuple[float, float] | None, ...]


@dataclass(frozen=True)
class MosaicReport:
    """What was made.

    Attributes:
        mosaic: The PNG.
        input: What it was made from.
        size_wh: Of the PNG, px.
        metres_per_pixel: Its scale; None without geotags.
        grid: `UTM 14N`, or '' without geotags.
        epsg: Number of the grid; None without geotags.
        upper_left_m: Easting and northing of the first pixel's middle; None without geotags.
        scale_doubt: Standard deviation of the scale as a share of it, from how far geotags disagree; None without.
        geotag_error_m: Median and largest distance of cameras from their geotags; None without.
        match_error_px: Median and 90th percentile of how far matches stay apart in the frames, px.
        focal_share: Focal length by the frame's longer side, of the first frame.
        k1: Radial distortion of the first frame, per squared longer side.
        links: Overlaps that hold the frames together.
        contradictions: Overlaps that were refused because they contradict the others, as pairs of names.
        placed: Frames in the mosaic.
        left_out: Name and reason of each frame that has no place.
        unread: Name and reason of what could not be read.
        passed_over: Frames of a video or bag that show what the ones beside them show.
        note: Why geotags were not used; '' otherwise.
    """

    mosaic: str
    input: str
    size_wh: tuple[int, int]
    metres_per_pixel: float | None
    grid: str
    epsg: int | None
    upper_left_m: tuple[float, float] | None
    scale_doubt: float | None
    geotag_error_m: tuple[float, float] | None
    match_error_px: tuple[float, float]
    focal_share: float
    k1: float
    links: int
    contradictions: tuple[tuple[str, str], ...]
    placed: tuple[PlacedFrame, ...]
    left_out: dict[str, str]
    unread: dict[str, str]
    passed_over: int
    note: str


def report_of(source: str, out: Path, plan: Plan, plot: Plot, unread: dict[str, str], passed_over: int) -> MosaicReport:
    """Put together what is known once a mosaic is planned."""
    views, places = plan.views, plan.places
    placed = [views[i] for i in plan.placed]
    frames = tuple(
        PlacedFrame(view.name, tuple(_pixel(corner, plot) for corner in outline))
        for view, outline in zip(placed, outlines(plan.poses, placed), strict=True)
    )
    return MosaicReport(
        mosaic=str(out),
        input=source,
        size_wh=plot.size_wh,
        metres_per_pixel=plot.unit if places else None,
        grid=places.zone.name if places else '',
        epsg=places.zone.epsg if places else None,
        upper_left_m=_upper_left(places, plot) if places else None,
        scale_doubt=plan.map_fit.scale_doubt if plan.map_fit else None,
        geotag_error_m=plan.geotag_error_m,
        match_error_px=plan.error_px,
        focal_share=float(plan.poses.phi[0]),
        k1=float(plan.poses.k1[0]),
        links=len(plan.links),
        contradictions=tuple((views[k.a].name, views[k.b].name) for k in plan.refused),
        placed=frames,
        left_out={views[i].name: reason for i, reason in plan.left_out.items()},
        unread=dict(unread),
        passed_over=passed_over,
        note=plan.note,
    )


def write_report(path: Path, report: MosaicReport) -> None:
    """Write it as JSON.

    Raises:
        OSError: It can't be written.
    """
    path.write_text(json.dumps(asdict(report), indent=1) + '\n', encoding='utf-8')


def write_world_file(path: Path, places: Places, plot: Plot) -> None:
    """Write the six lines of a world file: scale, no turn, no turn, minus scale, easting and northing of pixel 0, 0.

    Raises:
        OSError: It can't be written.
    """
    east, north = _upper_left(places, plot)
    lines = (plot.unit, 0.0, 0.0, -plot.unit, east, north)
    path.write_text(''.join(f'{value:.10f}\n' for value in lines), encoding='ascii')


def _upper_left(places: Places, plot: Plot) -> tuple[float, float]:
    return float(places.origin_m[0]) + plot.left, float(places.origin_m[1]) - plot.top


def _pixel(corner: np.ndarray[tuple[int], np.dtype[np.float64]], plot: Plot) -> tuple[float, float] | None:
    if not np.isfinite(corner).all():
        return None
    return round(float(corner[0] - plot.left) / plot.unit, 3), round(float(corner[1] - plot.top) / plot.unit, 3)
