# SPDX-License-Identifier: Apache-2.0
"""The `waymark` command. What a user can fix is one sentence and exit code 1, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from waymark import __version__
from waymark.cli import eval as evaluation
from waymark.cli import export, map, policy, safety, sim, train  # noqa: A004 - the command's name
from waymark.cli.classify import classify, label
from waymark.cli.compare import compare
from waymark.cli.detect import detect
from waymark.cli.mosaic import mosaic
from waymark.cli.policy_data import record, replay
from waymark.cli.policy_voice import listen
from waymark.cli.search import search
from waymark.cli.shots import shots
from waymark.cli.track import track
from waymark.errors import WaymarkError

app = typer.Typer(
    name='waymark',
    help='Visual navigation for ROS 2: one camera, no GPS, a plain CPU.',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(train.app, name='train')
app.add_typer(export.app, name='export')
app.add_typer(map.app, name='map')
app.add_typer(evaluation.app, name='eval')
app.add_typer(policy.app, name='policy')
policy.app.command()(record)
policy.app.command()(replay)
policy.app.command()(listen)
app.add_typer(safety.app, name='safety')
app.add_typer(sim.app, name='sim')
app.command()(compare)
app.command()(label)
app.command()(classify)
app.command()(search)
app.command()(shots)
app.command()(mosaic)
app.command()(track)
app.command()(detect)


@app.command()
def run(
    config: Annotated[Path, typer.Argument(help='Pipeline YAML: which nodes run, with which parameters.')],
    input: Annotated[  # noqa: A002 - the option's name
        str,
        typer.Option(
            help='Video, folder, rosbag2, /dev/videoN, rtsp://..., GStreamer pipeline, sim:..., or topic:/NAME.'
        ),
    ] = '',
    record: Annotated[bool, typer.Option(help='Record to out/<run>/run.mcap and write a report.')] = False,
    out: Annotated[Path | None, typer.Option(help='Folder for recording and report; implies --record.')] = None,
    separate: Annotated[bool, typer.Option(help='One process per node instead of one container.')] = False,
    set_: Annotated[list[str] | None, typer.Option('--set', help='NODE.PARAMETER=VALUE, repeatable.')] = None,
) -> None:
    """Run a pipeline until its input ends or Ctrl-C."""
    from waymark.pipeline.launch import run_pipeline

    sys.exit(run_pipeline(config, input, record or out is not None, out, separate, set_ or []))


@app.command()
def report(
    recording: Annotated[Path, typer.Argument(help='An .mcap file, or the folder that holds it.')],
    out: Annotated[Path | None, typer.Option(help='Where the page goes; default: report.html beside it.')] = None,
) -> None:
    """Write the report of a recording: one self-contained HTML page."""
    from waymark.report.html import write_report

    typer.echo(write_report(recording, out))


@app.command()
def doctor(
    json: Annotated[bool, typer.Option('--json', help='Print the findings as JSON.')] = False,
    seconds: Annotated[float, typer.Option(help='How long to listen to camera topics.')] = 3.0,
) -> None:
    """Check this machine: Python, ROS, Fast DDS profile, cameras in sight, models, disk. Exit code 1 on a FAIL."""
    from waymark.doctor.show import show_findings

    sys.exit(show_findings(seconds, as_json=json))


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option('--version', help='Print the version.')] = False) -> None:
    if version:
        typer.echo(f'waymark {__version__}')
        raise typer.Exit


def main() -> None:
    """Entry point: errors a user can fix are printed as they are."""
    try:
        app()
    except WaymarkError as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `waymark ... | head`
        sys.exit(141)
