# SPDX-License-Identifier: Apache-2.0
"""`waymark mosaic`: one picture of the ground from a flight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from waymark.mosaic import MosaicReport


def mosaic(
    recording: Annotated[str, typer.Argument(help='Folder of photos, video, rosbag2 or sim:... of flat ground.')],
    out: Annotated[Path, typer.Option(help='The PNG; .pgw, .json and .preview.jpg lie beside it.')] = Path(
        'ground.png'
    ),
    geotags: Annotated[
        Path | None, typer.Option(help="CSV with file, lat, lon; default: each photo's Exif, a bag's NavSatFix.")
    ] = None,
    camera_info: Annotated[str, typer.Option(help='ROS calibration YAML; default: solved for.')] = '',
    detector: Annotated[str, typer.Option(help='orb, or akaze.')] = 'orb',
    overlap: Annotated[
        float, typer.Option(help='Of videos and bags a frame is left out while it shows this share of the last one.')
    ] = 0.7,
    metres_per_pixel: Annotated[float, typer.Option(help='Scale, with geotags; 0: as fine as the frames.')] = 0.0,
    max_side: Annotated[int, typer.Option(help='Longer side of the mosaic at the most, px.')] = 16384,
    max_frames: Annotated[int, typer.Option(help='Most frames that are laid together.')] = 1000,
    balance: Annotated[bool, typer.Option(help='Make brightness, tint and vignetting of the frames agree.')] = True,
    fix_topic: Annotated[str, typer.Option(help='Topic of a bag with NavSatFix; default: the only one.')] = '',
) -> None:
    """Lay photos or frames of flat ground together to one picture, north up where they have geotags."""
    from waymark.mosaic import MosaicConfig, MosaicRequest, make_mosaic

    config = MosaicConfig(
        detector=detector,
        overlap=overlap,
        metres_per_pixel=metres_per_pixel,
        max_side_px=max_side,
        max_frames=max_frames,
        balance=balance,
    )
    with _bar() as tell:
        report = make_mosaic(MosaicRequest(recording, out, config, geotags, camera_info, fix_topic), tell)
    _say(report)


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr that begins anew with each thing that is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = TextColumn('{task.description}', markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task, doing = progress.add_task('', total=None), ''

        def tell(what: str, done: int, total: int) -> None:
            nonlocal doing
            if what != doing:
                progress.reset(task, description=what)
                doing = what
            progress.update(task, completed=done, total=total or None)

        yield tell


def _say(report: MosaicReport) -> None:
    """Where it is, how good it is, and what is not in it."""
    looked_at = len(report.placed) + len(report.left_out)
    typer.echo(f'{report.mosaic}: {report.size_wh[0]} x {report.size_wh[1]} px from {len(report.placed)} frames')
    if report.metres_per_pixel is None:
        typer.echo(f'scale unknown: {report.note or "no geotags"}')
    elif report.scale_doubt is not None and report.geotag_error_m is not None:
        typer.echo(
            f'{report.metres_per_pixel:.4f} m per pixel (within {report.scale_doubt:.1%}), north up, {report.grid} '
            f'(EPSG:{report.epsg}); cameras {report.geotag_error_m[0]:.1f} m from their geotags (median), '
            f'{report.geotag_error_m[1]:.1f} m at the most'
        )
    median, p90 = report.match_error_px
    typer.echo(f'{report.links} overlaps; matches stay {median:.1f} px apart (median), {p90:.1f} px (90 in 100)')
    if report.passed_over:
        typer.echo(f'{report.passed_over} frames passed over: the ones beside them show the same ground')
    for name, reason in [*report.left_out.items(), *report.unread.items()]:
        typer.echo(f'left out: {name}: {reason}')
    for a, b in report.contradictions:
        typer.echo(f'overlap refused: {a} and {b}: contradicts the others')
    if report.left_out:
        typer.echo(f'{len(report.left_out)} of {looked_at} frames have no place in the mosaic.', err=True)
