# SPDX-License-Identifier: Apache-2.0
"""`waymark run`: check the pipeline without ROS, run it in ROS processes, make the report and say where to look."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import FrameType

from waymark.environment import require_one_ros
from waymark.errors import WaymarkError
from waymark.pipeline.change import input_of, with_input, with_recording, with_settings, without_recording
from waymark.pipeline.load import Pipeline, load_pipeline
from waymark.report.config import require_free

INTERRUPTED = 130  # the shell's exit code for Ctrl-C


def run_pipeline(config: Path, uri: str, record: bool, out: Path | None, separate: bool, settings: list[str]) -> int:
    """Run a pipeline to its end.

    Args:
        config: Pipeline YAML.
        uri: Input that replaces the YAML's, '' to keep it.
        record: Whether to record and to write a report.
        out: Folder for both; None chooses out/<date>-<time>-<pipeline>.
        separate: One process per node.
        settings: `NODE.PARAMETER=VALUE` texts.

    Returns:
        0 (also when stopped while running), 130 when stopped before it ran, or what the processes ended with.

    Raises:
        WaymarkError: The configuration, the input or the environment is wrong; nothing was started.
    """
    pipeline = load_pipeline(config)
    if uri:
        pipeline = with_input(pipeline, uri)
    pipeline = with_settings(pipeline, settings)
    require_one_ros()
    folder = out.expanduser() if out else Path('out') / f'{datetime.now():%Y%m%d-%H%M%S}-{config.stem}'
    recording = folder / 'run.mcap'
    if record:
        with_recording(pipeline, recording)
        require_free(recording)
    if separate:
        _require_input(pipeline)
    arguments = _arguments(config, uri, settings, recording if record else None, pipeline)
    code, was_stopped = _supervise([*arguments, *(['--separate'] if separate else [])])
    if record and recording.exists():
        _conclude(recording, was_stopped)
    return INTERRUPTED if was_stopped and code else code


def _require_input(pipeline: Pipeline) -> None:
    """Open what is not live once before each node gets a process: otherwise all of them start, to end at once."""
    from waymark.sources import ImageSourceConfig, is_live, open_source

    uri = input_of(pipeline)
    if uri is not None and not is_live(uri):
        open_source(ImageSourceConfig(input=uri)).close()


def _arguments(config: Path, uri: str, settings: list[str], recording: Path | None, pipeline: Pipeline) -> list[str]:
    arguments = ['--config', str(config)]
    if uri:
        arguments += ['--input', uri]
    for text in settings:
        arguments += ['--set', text]
    if recording is not None:
        arguments += ['--record', str(recording.absolute())]
    elif without_recording(pipeline) != pipeline:
        arguments += ['--no-record']
    return arguments


def _supervise(arguments: list[str]) -> tuple[int, bool]:
    """Run the ROS side; Ctrl-C and SIGTERM are handed on. Returns its exit code and whether it was stopped by one."""
    stopped = False
    process = subprocess.Popen([sys.executable, '-m', 'waymark_ros.supervisor', *arguments], start_new_session=True)

    def hand_on(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        process.terminate()  # SIGINT would be a traceback where Python is still starting

    before = {n: signal.signal(n, hand_on) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        return process.wait(), stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _conclude(recording: Path, was_stopped: bool) -> None:
    """Write the report and print where to look; after Ctrl-C only say how, so that the command ends at once."""
    print(f'recording  {recording}')
    if was_stopped:
        print(f'report     waymark report {recording}')
        return
    from waymark.report.html import write_report

    try:
        print(f'report     {write_report(recording)}')
    except WaymarkError as error:
        print(f'error: no report: {error}', file=sys.stderr)
