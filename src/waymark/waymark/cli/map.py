# SPDX-License-Identifier: Apache-2.0
"""`waymark map ...`: make place maps, look at them, check, merge, prune, export, bring them to another encoder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

_Map = Annotated[Path, typer.Argument(metavar='MAP', help='Map file.')]
_Out = Annotated[Path | None, typer.Option(help='New map file to write; not there yet.')]
_InPlace = Annotated[bool, typer.Option('--in-place', help='Change MAP itself instead, all at once or not at all.')]
_Encoder = Annotated[str, typer.Option('--to', help="'hog', an embedded model's name, a model folder or a manifest.")]
_Json = Annotated[bool, typer.Option('--json', help='Print JSON.')]


@app.callback()
def map_() -> None:
    """Make place maps, look at them, and change them."""


@app.command()
def build(
    recording: Annotated[
        str,
        typer.Argument(metavar='INPUT', help='Video, folder of images, rosbag2 (folder, .mcap, bag:PATH?topic=NAME).'),
    ],
    path: Annotated[Path, typer.Option('--map', metavar='FILE', help='The map to write.')],
    encoder: Annotated[
        str, typer.Option(help="'hog', an embedded model's name, a model folder or a manifest.")
    ] = 'waymark-place-1',
    keyframes: Annotated[
        int, typer.Option(min=0, help='Most keyframes: those most like their neighbours go; 0: any number.')
    ] = 0,
    similarity: Annotated[
        float, typer.Option(min=-1, max=1, help='A frame less like the last keyframe than this is kept; 1: every one.')
    ] = 0.5,
    gap: Annotated[
        float, typer.Option(min=0, help='Longest time in s without a new keyframe where the view is new; 0: any.')
    ] = 10.0,
    revisits: Annotated[
        bool, typer.Option('--revisits', help='Keep views also where a keyframe is verified to show them already.')
    ] = False,
    rate: Annotated[
        float | None, typer.Option(min=0, help='Frames looked at per second, 0: all; default: 5, folders: all.')
    ] = None,
    go_on: Annotated[bool, typer.Option('--continue', help='Add to a map that is there already.')] = False,
) -> None:
    """Make a map of a recording, without ROS. Ctrl-C keeps what is there until then."""
    from waymark.mapping import commands
    from waymark.places import PlacesConfig

    config = PlacesConfig(
        max_keyframes=keyframes,
        keyframe_similarity=similarity,
        keyframe_max_gap_s=gap,
        keyframe_revisits=revisits,
    )
    sys.exit(commands.build_file(recording, path, encoder, config, rate, go_on))


@app.command('from-ortho')
def from_ortho(
    image: Annotated[
        Path, typer.Argument(metavar='IMG', help='Picture of the ground from above: satellite, orthophoto.')
    ],
    path: Annotated[Path, typer.Option('--map', metavar='FILE', help='The map to write.')],
    metres_per_pixel: Annotated[
        float | None, typer.Option(help='Side of a pixel, m; default: what GeoTIFF tags or a world file say.')
    ] = None,
    anchor: Annotated[
        str, typer.Option(metavar='LAT,LON', help="Of the picture's middle; default: what GeoTIFF tags say.")
    ] = '',
    up_bearing: Annotated[
        float | None, typer.Option(metavar='DEG', help="Where the picture's up points, clockwise from true north.")
    ] = None,
    encoder: Annotated[
        str, typer.Option(help="'hog', an embedded model's name, a model folder or a manifest.")
    ] = 'waymark-place-1',
) -> None:
    """Make a map of a picture of the ground, on which geo_localization finds photos."""
    from waymark.mapping.ortho import OrthoRequest, make_ortho_file

    make_ortho_file(OrthoRequest(image, metres_per_pixel, encoder, anchor, up_bearing), path)


@app.command()
def info(path: _Map, json: _Json = False) -> None:
    """Print what a map holds, which encoder made it, and its size."""
    from waymark.mapping.facts import show_info

    show_info(path, json)


@app.command()
def show(
    path: _Map,
    out: Annotated[Path | None, typer.Option(help='Where the page goes; default: beside the map.')] = None,
    most: Annotated[int, typer.Option(min=1, help='Keyframes on the page at most.')] = 400,
) -> None:
    """Write one HTML page with the keyframes, links and routes of a map."""
    from waymark.mapping import commands

    commands.show(path, out, most)


@app.command()
def check(
    path: _Map,
    salvage: Annotated[Path | None, typer.Option(metavar='NEW', help='Write what is whole to this new map.')] = None,
    json: _Json = False,
) -> None:
    """Compare every piece of a map with its checksum. Exit code 1 if it is damaged."""
    from waymark.mapping.facts import show_check

    sys.exit(show_check(path, salvage, json))


@app.command()
def merge(
    first: Annotated[Path, typer.Argument(metavar='FIRST', help='Map file; its ids stay.')],
    second: Annotated[Path, typer.Argument(metavar='SECOND', help='Map file of the same encoder.')],
    out: Annotated[Path, typer.Option(help='New map file to write; not there yet.')],
    link: Annotated[bool, typer.Option(help='Find places seen in both by local features, and link them.')] = True,
    one_frame: Annotated[bool, typer.Option('--one-frame', help='The poses of both are in one map frame.')] = False,
    no_poses: Annotated[bool, typer.Option('--no-poses', help='Leave the poses out.')] = False,
    any_camera: Annotated[bool, typer.Option('--any-camera', help='Leave the calibration out.')] = False,
) -> None:
    """Put two maps into one: keyframes, links and routes of both."""
    from waymark.mapping import commands

    commands.merge_files(
        (first, second), out, link=link, one_frame=one_frame, poses=not no_poses, camera=not any_camera
    )


@app.command()
def prune(
    path: _Map,
    keep: Annotated[int | None, typer.Option(min=1, help='Largest number of keyframes that stay.')] = None,
    similarity: Annotated[
        float | None, typer.Option(min=-1, max=1, help='Keyframes with another one at least this alike (cosine) go.')
    ] = None,
    out: _Out = None,
    in_place: _InPlace = False,
) -> None:
    """Remove the keyframes that say least; those of routes stay."""
    from waymark.mapping import commands

    commands.prune_file(path, _target(out, in_place), keep, similarity)


@app.command()
def export(
    path: _Map,
    out: Annotated[Path, typer.Option(help='Folder to write; not there yet, or empty.')],
    origin: Annotated[str, typer.Option(help='LATITUDE,LONGITUDE[,ALTITUDE] of x = y = 0: writes GeoJSON too.')] = '',
) -> None:
    """Write a map as JSON, JPEG thumbnails, NumPy vectors and GeoJSON."""
    from waymark.mapping import commands

    commands.export_file(path, out, origin)


@app.command()
def reencode(
    path: _Map,
    to: _Encoder,
    recording: Annotated[
        str,
        typer.Option('--from', help='Video, folder or rosbag2 that the map was made from; default: its thumbnails.'),
    ] = '',
    by_number: Annotated[
        bool,
        typer.Option('--by-number', help="A keyframe's image is the frame whose number is its id, not of its time."),
    ] = False,
    drop_missing: Annotated[
        bool, typer.Option('--drop-missing', help='Leave keyframes without an image out instead of refusing.')
    ] = False,
    text: Annotated[
        bool, typer.Option('--text', help='Only add vectors for searching by text; the encoder must take texts.')
    ] = False,
    out: _Out = None,
    in_place: _InPlace = False,
) -> None:
    """Make the vectors of a map anew for another encoder, from images."""
    from waymark.mapping import commands

    target = _target(out, in_place)
    commands.reencode_file(
        path, target, commands.load(to), recording, by_number=by_number, drop=drop_missing, as_text=text
    )


@app.command()
def translate(
    path: _Map,
    to: _Encoder,
    recording: Annotated[
        str,
        typer.Option(
            '--from', help="Fit on this recording of like surroundings, encoded by both; default: MAP's thumbnails."
        ),
    ] = '',
    old: Annotated[
        str, typer.Option(help="The map's own encoder; default: by the name in the map. Needed by --from.")
    ] = '',
    max_fall: Annotated[
        float, typer.Option(min=0, max=1, help='Largest loss of recall at 1 on held-out images; more is refused.')
    ] = 0.05,
    out: _Out = None,
    in_place: _InPlace = False,
) -> None:
    """Bring a map to another encoder without its images, by a fitted matrix; refused where that costs too much."""
    from waymark.mapping import commands

    commands.translate_file(path, _target(out, in_place), commands.load(to), recording, old, max_fall)


@app.command()
def label(
    path: _Map,
    examples: Annotated[Path | None, typer.Option(help='What waymark label wrote.')] = None,
    classes: Annotated[str, typer.Option(help='Instead: names with commas, told by text; needs --encoder.')] = '',
    encoder: Annotated[str, typer.Option(help='With --classes: model folder with the text tower.')] = '',
    threshold: Annotated[float, typer.Option(min=0, max=1, help='Score below which a keyframe gets no label.')] = 0.5,
    out: _Out = None,
    in_place: _InPlace = False,
) -> None:
    """Say what each keyframe of a map shows, by labelled examples or by text."""
    from waymark.classification import ClassifierConfig
    from waymark.labelling.keyframes import label_map

    names = tuple(name.strip() for name in classes.split(',')) if classes else ()
    config = ClassifierConfig(classes=names, examples=str(examples or ''), encoder=encoder, threshold=threshold)
    label_map(path, _target(out, in_place), config)


def _target(out: Path | None, in_place: bool) -> Path | None:
    """The new file, None for the map itself.

    Raises:
        ConfigError: Both or neither are asked for.
    """
    from waymark.errors import ConfigError

    if (out is None) != in_place:
        raise ConfigError('where should the changed map go? Give either --out NEW or --in-place.')
    return out
