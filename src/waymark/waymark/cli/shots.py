# SPDX-License-Identifier: Apache-2.0
"""`waymark shots`: where a recording's scenes begin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def shots(
    recording: Annotated[str, typer.Argument(help='Video, folder of images, rosbag2 or sim:...')],
    out: Annotated[
        Path | None, typer.Option(help='Folder for shots.csv, shots.json, shots.jpg; default: out/shots-NAME.')
    ] = None,
    csv: Annotated[bool, typer.Option('--csv', help='Print CSV; files only with --out.')] = False,
    json: Annotated[bool, typer.Option('--json', help='Print JSON; files only with --out.')] = False,
    delay: Annotated[
        int | None, typer.Option(min=2, max=60, help='Frames within which a view must be back to be no cut.')
    ] = None,
    gradual: Annotated[bool, typer.Option(help='Look for dissolves, too.')] = True,
) -> None:
    """List the shots of a recording: cuts, fades and dissolves, with a contact sheet."""
    from waymark.cli.reading import read_frames, short_name
    from waymark.errors import ConfigError
    from waymark.shot_list import as_csv, as_json, list_shots, write_shots
    from waymark.shots import ShotsConfig

    if csv and json:
        raise ConfigError('--csv and --json both print. Give one of them; files hold both.')
    limits = {} if delay is None else {'boundary_delay': delay}
    config = ShotsConfig(boundary_gradual=gradual, **limits)
    with read_frames(recording, 'finding shots') as (frames, each):
        found = list_shots(frames, config, each)
    name = short_name(recording)
    if csv or json:
        typer.echo(as_csv(found) if csv else as_json(found, name), nl=False)
    else:
        _print_table(found, name)
    if out is not None or not (csv or json):
        for path in write_shots(found, name, out or Path('out') / f'shots-{name}'):
            typer.echo(path, err=csv or json)


def _print_table(found: object, name: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from waymark.shot_list import ShotList, rows

    assert isinstance(found, ShotList)
    table = Table(title=f'{name}: {len(found.shots)} shots in {found.frames} frames', title_justify='left')
    for column in ('shot', 'frames', 'from', 'to', 'begins with', 'change from', 'score'):
        table.add_column(column, justify='left' if column == 'begins with' else 'right')
    for number, first, last, start_s, end_s, kind, change_from, score in rows(found):
        ends = f'{start_s:.2f} s', f'{end_s:.2f} s'
        table.add_row(str(number), f'{first} - {last}', *ends, kind or '-', str(change_from), str(score))
    Console(highlight=False).print(table)
