# SPDX-License-Identifier: Apache-2.0
"""The half of `waymark export` that runs where torch is: `python -m waymark.exporting encoder|detector REQUEST`."""

from __future__ import annotations

import json
import sys

from waymark.errors import ConfigError, WaymarkError
from waymark.exporting.request import DetectorRequest, ExportRequest


def main(arguments: list[str]) -> int:
    """Run one export with a progress line, print its report; exit code 1 and one sentence for what a user can fix."""
    try:
        if len(arguments) != 2 or arguments[0] not in ('encoder', 'detector'):
            raise ConfigError('this is run by waymark export: use that.')
        if arguments[0] == 'encoder':
            _export_encoder(ExportRequest.from_json(arguments[1]))
        else:
            _export_detector(DetectorRequest.from_json(arguments[1]))
    except WaymarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _export_detector(request: DetectorRequest) -> None:
    from waymark.exporting.checkpoint import prepare_libraries
    from waymark.exporting.detector_command import export

    prepare_libraries()
    export(request)


def _export_encoder(request: ExportRequest) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from waymark.exporting.conversion import convert_folder, is_model_folder
    from waymark.exporting.encoder import export_encoder
    from waymark.exporting.report import report_table

    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        TextColumn('{task.percentage:.0f} %'),
        TimeElapsedColumn(),
    )
    terminal = Console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task('starting', total=1.0)
        work = convert_folder if is_model_folder(request.model) else export_encoder
        report = work(request, lambda stage, part: bar.update(task, description=stage, completed=part))
    if request.json:
        print(json.dumps(report.as_json(), indent=2))
        return
    console = Console()
    console.print(report_table(report))
    for line in (f'Written to {report.folder}: {report.method}.', *report.notes):
        console.print(line, highlight=False, soft_wrap=True)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
