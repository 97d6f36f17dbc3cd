# SPDX-License-Identifier: Apache-2.0
"""`waymark track`: planar targets in a recording, drawn and as numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from waymark.sources.base import SourceFrame
    from waymark.target_video import TrackSummary
    from waymark.tracking import Box, PlanarTracker, TrackerConfig


def track(
    recording: Annotated[str, typer.Argument(help='Video, folder of images, rosbag2 or sim:...')],
    target: Annotated[
        list[Path] | None,
        typer.Option(help='Picture of a target, repeatable; sign@left.png is a further view of sign.png.'),
    ] = None,
    box: Annotated[
        list[str] | None,
        typer.Option(help='NAME=LEFT,TOP,WIDTH,HEIGHT: a target cut out of the first image, px; repeatable.'),
    ] = None,
    out: Annotated[Path | None, typer.Option(help='Overlay video: .mp4, .avi or .mkv.')] = None,
    json: Annotated[bool, typer.Option('--json', help='Print every image as JSON instead of a table.')] = False,
    width_m: Annotated[float, typer.Option(min=0, help='Real width of the targets, m: gives poses.')] = 0.0,
    camera_info: Annotated[str, typer.Option(help="Calibration YAML; default: the recording's own.")] = '',
    detector: Annotated[str, typer.Option(help='orb or akaze.')] = 'orb',
) -> None:
    """Follow planar targets through a recording; what is not believed is said to be lost."""
    from waymark.cli.reading import read_source
    from waymark.errors import ConfigError
    from waymark.target_video import first_then_rest
    from waymark.tracking import TrackerConfig

    boxes = [_box(text) for text in box or ()]
    if not target and not boxes:
        raise ConfigError('no target. Give --target PICTURE, or --box NAME=LEFT,TOP,WIDTH,HEIGHT in the first image.')
    config = TrackerConfig(target_images=tuple(str(p) for p in target or ()), target_width_m=width_m, detector=detector)
    with read_source(recording, 'tracking', camera_info) as (source, each):
        first, items = first_then_rest(source.frames())
        tracker = _tracker(config, boxes, first)
        summary = _run(items, tracker, each, out, source.info.rate_hz or 30.0)
    if json:
        _print_json(summary, recording)
    else:
        _print_table(summary, recording)
    if out is not None:
        typer.echo(out, err=json)


def _box(text: str) -> tuple[str, Box]:
    from waymark.errors import ConfigError

    found = re.fullmatch(r'([^=]+)=(\d+),(\d+),(\d+),(\d+)', text)
    if found is None:
        raise ConfigError(f'--box {text!r}: expected NAME=LEFT,TOP,WIDTH,HEIGHT in px, as sign=120,80,200,150.')
    left, top, width, height = (int(v) for v in found.groups()[1:])
    return found.group(1), (left, top, width, height)


def _tracker(config: TrackerConfig, boxes: list[tuple[str, Box]], first: SourceFrame) -> PlanarTracker:
    from waymark.tracking import PlanarTracker, load_targets

    tracker = PlanarTracker(config, load_targets(config))
    for name, part in boxes:
        tracker.add_target(name, first.frame.gray, config.target_width_m, part)
    return tracker


def _run(items: object, tracker: PlanarTracker, each: object, out: Path | None, rate_hz: float) -> TrackSummary:
    from contextlib import nullcontext

    from waymark.target_video import VideoFile, drawn, track_targets

    with nullcontext() if out is None else VideoFile(out, rate_hz) as video:
        return track_targets(
            items,  # type: ignore[arg-type]
            tracker,
            lambda frame, states: None if video is None else video.write(drawn(frame, states)),
            each,  # type: ignore[arg-type]
        )


def _print_json(summary: TrackSummary, recording: str) -> None:
    import json

    head = {'recording': recording, 'frames': summary.frames, 'ms_per_frame': round(summary.ms_per_frame, 3)}
    targets = [{'id': n, 'seen_frames': summary.seen[n], 'times_lost': summary.lost[n]} for n in summary.seen]
    typer.echo(json.dumps({**head, 'targets': targets, 'images': summary.rows}))


def _print_table(summary: TrackSummary, recording: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from waymark.cli.reading import short_name

    title = f'{short_name(recording)}: {summary.frames} images, {summary.ms_per_frame:.1f} ms each'
    table = Table(title=title, title_justify='left')
    table.add_column('target')
    for column in ('seen in images', 'times lost'):
        table.add_column(column, justify='right')
    for name, seen in summary.seen.items():
        table.add_row(name, f'{seen} of {summary.frames}', str(summary.lost[name]))
    Console(highlight=False).print(table)
