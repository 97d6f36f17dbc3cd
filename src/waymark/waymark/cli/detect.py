# SPDX-License-Identifier: Apache-2.0
"""`waymark detect IMAGE_OR_VIDEO --out PICTURE`: oriented boxes, drawn and as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from waymark.detected_pictures import DetectSummary
    from waymark.detection import Detector

_LARGE = 2.0  # times the model's input
_SMALL_PX = 12  # in the model's input: what it hardly finds is smaller


def detect(
    recording: Annotated[str, typer.Argument(help='Image, video, folder of images, rosbag2 or sim:...')],
    out: Annotated[
        Path | None, typer.Option(help='Picture (.png, .jpg) of an image, overlay video (.mp4, .avi, .mkv) of others.')
    ] = None,
    model: Annotated[
        str, typer.Option(help='Name of an embedded model, ONNX file, model folder or manifest.')
    ] = 'waymark-obb-1',
    decoder: Annotated[str, typer.Option(help="How outputs become boxes; '': as stated or recognised.")] = '',
    names: Annotated[Path | None, typer.Option(help='Class names: one per line, or the YAML of a data set.')] = None,
    confidence: Annotated[float, typer.Option(min=0, max=1, help='Least score of a box.')] = 0.25,
    tile_overlap: Annotated[
        float, typer.Option(min=0, max=0.8, help='See large images in tiles that overlap by this share; 0: at once.')
    ] = 0.0,
    backend: Annotated[str, typer.Option(help='onnx, openvino, tensorrt, rknn, torch or auto.')] = 'auto',
    json: Annotated[bool, typer.Option('--json', help='Print every box as JSON instead of a table.')] = False,
) -> None:
    """Find oriented boxes in an image or a recording."""
    from waymark.detection import Detector, DetectorConfig, read_names

    _require_kinds(recording, out)
    config = DetectorConfig(
        model=model,
        decoder=decoder,
        names=read_names(names) if names else (),
        confidence=confidence,
        tile_overlap=tile_overlap,
        backend=backend,
    )
    detector = Detector.from_config(config)
    typer.echo(detector.description, err=True)
    summary = _picture(Path(recording), detector, out) if _is_image(recording) else _video(recording, detector, out)
    if json:
        _print_json(summary, recording)
    else:
        _print_table(summary, recording)
    if out is not None:
        typer.echo(out, err=json)


def _is_image(recording: str) -> bool:
    from waymark.detected_pictures import PICTURES

    return Path(recording).suffix.lower() in (*PICTURES, '.pgm', '.ppm', '.tif', '.tiff')


def _require_kinds(recording: str, out: Path | None) -> None:
    """Refuse a picture of a video and a video of a picture before any work."""
    from waymark.detected_pictures import PICTURES, VIDEOS
    from waymark.errors import ConfigError

    wanted = PICTURES if _is_image(recording) else VIDEOS
    if out is not None and out.suffix.lower() not in wanted:
        raise ConfigError(f'--out {out}: of {recording} give a name that ends in {", ".join(wanted)}.')


def _picture(path: Path, detector: Detector, out: Path | None) -> DetectSummary:
    from waymark.detected_pictures import detect_frames, drawn, write_picture
    from waymark.errors import SourceError
    from waymark.sources.folder import read_image
    from waymark.types import Frame, Header

    if not path.is_file():
        raise SourceError(f'{path}: there is no such image.')
    pixels, layout = read_image(path)
    _advise_tiles(pixels.shape[1], pixels.shape[0], detector)
    return detect_frames(
        [Frame(Header(0), pixels, layout)],
        detector,
        lambda rgb, found: None if out is None else write_picture(drawn(rgb, found), out),
        lambda: None,
    )


def _advise_tiles(width: int, height: int, detector: Detector) -> None:
    """Say what is too small in a large image that is seen at once."""
    times = max(width / detector.manifest.input_wh[0], height / detector.manifest.input_wh[1])
    if times >= _LARGE and not detector.config.tile_overlap:
        typer.echo(
            f'{width} x {height} px are made {times:.1f} times smaller for the model: objects below some '
            f'{_SMALL_PX * times:.0f} px are missed. --tile-overlap 0.25 looks at each part as it is.',
            err=True,
        )


def _video(recording: str, detector: Detector, out: Path | None) -> DetectSummary:
    from contextlib import nullcontext

    from waymark.cli.reading import read_source
    from waymark.detected_pictures import detect_frames, drawn
    from waymark.target_video import VideoFile

    with (
        read_source(recording, 'detecting') as (source, each),
        nullcontext() if out is None else VideoFile(out, source.info.rate_hz or 30.0) as video,
    ):
        return detect_frames(
            (item.frame for item in source.frames()),
            detector,
            lambda rgb, found: None if video is None else video.write(drawn(rgb, found)),
            each,
        )


def _print_json(summary: DetectSummary, recording: str) -> None:
    import json

    head = {'recording': recording, 'frames': summary.frames, 'ms_per_frame': round(summary.ms_per_frame, 3)}
    typer.echo(json.dumps({**head, 'images': summary.rows}))


def _print_table(summary: DetectSummary, recording: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from waymark.cli.reading import short_name

    images = f'{summary.frames} image{"s" if summary.frames != 1 else ""}'
    title = f'{short_name(recording)}: {images}, {summary.ms_per_frame:.1f} ms each'
    table = Table(title=title, title_justify='left')
    table.add_column('class')
    for column in ('boxes', 'best score'):
        table.add_column(column, justify='right')
    for name, count in summary.counts.most_common():
        table.add_row(name, str(count), f'{summary.best[name]:.3f}')
    Console(highlight=False).print(table if summary.counts else f'{title}: nothing found')
