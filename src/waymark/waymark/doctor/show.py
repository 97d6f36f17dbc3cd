# SPDX-License-Identifier: Apache-2.0
"""`waymark doctor`: run every check, print a line each."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from waymark.doctor import cameras, fastdds, python, ros, runtimes, storage
from waymark.doctor.finding import Finding

STYLES = {'OK': 'green', 'WARN': 'yellow', 'FAIL': 'bold red'}


def show_findings(seconds: float, as_json: bool) -> int:
    """Check this machine and print what was found.

    Args:
        seconds: How long to listen to camera topics.
        as_json: One JSON object instead of lines.

    Returns:
        Exit code: 1 when a check failed.
    """
    findings = find_all(seconds, os.environ, Path('out'))
    failed = any(f.level == 'FAIL' for f in findings)
    if as_json:
        print(json.dumps({'ok': not failed, 'findings': [dataclasses.asdict(f) for f in findings]}, indent=2))
    else:
        print_findings(findings, Console(highlight=False))
    return int(failed)


def find_all(seconds: float, environ: Mapping[str, str], out: Path) -> list[Finding]:
    """Run every check.

    Args:
        seconds: How long to listen to camera topics.
        environ: Environment variables.
        out: Where recordings would go.
    """
    return [
        python.check_python(),
        python.check_numpy(),
        python.check_opencv(),
        *runtimes.check_all(),
        ros.check_origin(environ),
        ros.check_messages(),
        ros.check_rmw(environ),
        *fastdds.check_all(environ),
        ros.check_discovery(environ),
        *cameras.check_cameras(seconds, environ),
        *storage.check_models(storage.models_folder()),
        storage.check_disk(out),
    ]


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """Print a line for each finding, its remedy indented below."""
    for finding in findings:
        line = Text.assemble(
            (f'{finding.level:<4}', STYLES[finding.level]), '  ', (finding.name, 'bold'), f'  {finding.text}'
        )
        console.print(line, soft_wrap=True)
        if finding.remedy:
            console.print(Text(f'      {finding.remedy}', 'dim' if finding.level == 'OK' else ''), soft_wrap=True)
