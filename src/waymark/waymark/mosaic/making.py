# SPDX-License-Identifier: Apache-2.0
"""`waymark mosaic`: two passes over the input, so that memory holds features, never all frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from waymark.contact_sheet import write_picture
from waymark.errors import ConfigError
from waymark.mosaic.canvas import Canvas
from waymark.mosaic.config import MosaicConfig
from waymark.mosaic.exposure import balance, no_exposure
from waymark.mosaic.fixes import read_fixes
from waymark.mosaic.geotags import Geotags, from_csv, from_exif
from waymark.mosaic.painting import Painter, Plot, paint, plot_of
from waymark.mosaic.plan import Plan, Tell, plan_mosaic
from waymark.mosaic.png import write_png
from waymark.mosaic.reading import Recording, survey
from waymark.mosaic.report import MosaicReport, report_of, write_report, write_world_file

_PREVIEW_PX = 1600


@dataclass(frozen=True)
class MosaicRequest:
    """What to lay together.

    Attributes:
        input: Video, folder of photos, rosbag2 or simulator URI.
        out: The PNG; the world file, the report and the preview lie beside it.
        config: How.
        geotags: CSV with file, lat, lon; None: each photo's Exif, a bag's fixes.
        camera_info: ROS calibration YAML of the camera; '': the input's own, or solved for.
        fix_topic: Of a bag, with sensor_msgs/NavSatFix; '': the only one.
    """

    input: str
    out: Path
    config: MosaicConfig = MosaicConfig()
    geotags: Path | None = None
    camera_info: str = ''
    fix_topic: str = ''


def make_mosaic(request: MosaicRequest, tell: Tell = lambda what, done, total: None) -> MosaicReport:
    """Make the mosaic and write its files.

    Args:
        request: What, and where to.
        tell: Told what is being done, how many are done, of how many (0: unknown).

    Raises:
        SourceError: The input can't be read, or no two of its frames overlap.
        ConfigError: The geotags or the calibration can't be read, or `out` can't be written.
    """
    if request.out.suffix.lower() != '.png':
        raise ConfigError(f'{request.out}: the mosaic is a PNG. Give a name that ends in .png.')
    recording = Recording(request.input, request.camera_info, (request.out, _preview_of(request.out)))
    geotags = _geotags(request, recording)
    views, passed_over = survey(recording, request.config, geotags, lambda d, t: tell('reading frames', d, t))
    plan = plan_mosaic(views, request.config, tell)
    scale = request.config.metres_per_pixel
    if scale and plan.places is None:
        raise ConfigError(
            'metres_per_pixel needs geotags: without them nothing says how large a metre is. Leave it out.'
        )
    placed = [views[i] for i in plan.placed]
    plot = plot_of(placed, plan.poses, scale or None, request.config.max_side_px)
    painter = _painter(plan, request.config)
    report = report_of(request.input, request.out, plan, plot, recording.unread, passed_over)
    try:
        request.out.parent.mkdir(parents=True, exist_ok=True)
        _preview(request.out, plot, painter)
        _paint_all(request.out, recording, plan, plot, painter, tell)
        if plan.places is not None:
            write_world_file(request.out.with_suffix('.pgw'), plan.places, plot)
        write_report(request.out.with_suffix('.json'), report)
    except OSError as error:
        raise ConfigError(
            f'{request.out}: can not be written: {error.strerror or error}. Give another path.'
        ) from error
    return report


def _geotags(request: MosaicRequest, recording: Recording) -> Geotags:
    if request.fix_topic and not recording.is_bag:
        raise ConfigError(f'fix_topic {request.fix_topic}: {request.input} is no bag. Leave it out.')
    if request.geotags is not None:
        return from_csv(request.geotags)
    return Geotags({}, read_fixes(request.input, request.fix_topic)) if recording.is_bag else from_exif(recording.files)


def _painter(plan: Plan, config: MosaicConfig) -> Painter:
    placed = [plan.views[i] for i in plan.placed]
    ends = [(int(a), int(b)) for a, b in np.searchsorted(plan.placed, [(k.a, k.b) for k in plan.links])]
    exposure = balance(placed, plan.poses, ends) if config.balance else no_exposure(len(placed))
    return Painter(placed, plan.poses, exposure, config.feather)


def _preview_of(out: Path) -> Path:
    return out.with_suffix('.preview.jpg')


def _preview(out: Path, plot: Plot, painter: Painter) -> None:
    """Paint thumbnails first: a look at the whole before the long work begins."""
    small = plot.coarser(max(max(plot.size_wh) / _PREVIEW_PX, 1.0))
    sums = out.with_suffix('.preview.sums')
    try:
        canvas = Canvas(sums, small.size_wh)
        for i, view in enumerate(painter.views):
            paint(canvas, small, painter, i, view.thumbnail)
        picture = np.concatenate(list(canvas.strips()))
    finally:
        sums.unlink(missing_ok=True)
    write_picture(_preview_of(out), np.ascontiguousarray(picture[..., :3]))


def _paint_all(out: Path, recording: Recording, plan: Plan, plot: Plot, painter: Painter, tell: Tell) -> None:
    sums = out.with_suffix('.sums')
    position = {plan.views[i].number: k for k, i in enumerate(plan.placed)}
    try:
        canvas = Canvas(sums, plot.size_wh)
        for done, (number, item) in enumerate(recording.frames(set(position))):
            tell('painting frames', done, len(position))
            paint(canvas, plot, painter, position[number], item.frame.rgb)
        write_png(out, plot.size_wh, canvas.strips(), lambda done, total: tell('writing rows', done, total))
    finally:
        sums.unlink(missing_ok=True)
