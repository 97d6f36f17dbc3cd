# SPDX-License-Identifier: Apache-2.0
"""`waymark export encoder FOLDER --to rknn`: a model folder in ONNX needs no torch to become one for an NPU."""

from __future__ import annotations

import json
from pathlib import Path

from waymark.encoding.manifest import find_manifest
from waymark.exporting.references import calibration_files
from waymark.exporting.request import ExportRequest
from waymark.exporting.rknn import RknnReport, RknnSettings, convert_folder


def is_model_folder(model: str) -> bool:
    """True for a model folder, its manifest, or the name of an embedded model."""
    return find_manifest(model).is_file()


def convert(request: ExportRequest) -> RknnReport:
    """Convert with a progress line, and print the report.

    Raises:
        WaymarkError: As `convert_folder`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    files = calibration_files(Path(request.calibration)) if request.calibration else []
    settings = RknnSettings(request.target, request.precision)
    columns = (TextColumn('{task.description}'), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task('starting', total=1.0)
        report = convert_folder(
            find_manifest(request.model),
            Path(request.out),
            settings,
            files,
            lambda stage, part: bar.update(task, description=stage, completed=part),
        )
    print(json.dumps(report.as_json(), indent=2) if request.json else f'Written to {request.out}: {report}')
    return report
