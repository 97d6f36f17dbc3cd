# SPDX-License-Identifier: Apache-2.0
"""The half of `waymark train detector` that runs where torch is: `python -m waymark.training.detector REQUEST`."""

from __future__ import annotations

import sys

from waymark.detection.average_precision import AveragePrecision
from waymark.errors import ConfigError, WaymarkError
from waymark.training.bars import training_bar
from waymark.training.detector.request import DetectorRequest
from waymark.training.detector.teach import DetectorReport, teach_detector


def main(arguments: list[str]) -> int:
    """Run one training with a progress line, print its report; exit code 1 and one sentence for what a user can fix."""
    try:
        if len(arguments) != 1:
            raise ConfigError('this is run by waymark train detector: use that.')
        request = DetectorRequest.from_json(arguments[0])
        with training_bar() as progress:
            report = teach_detector(request, progress)
        for line in report_lines(report):
            print(line)
    except WaymarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('interrupted; --resume goes on from the last checkpoint.', file=sys.stderr)
        return 130
    return 0


def report_lines(report: DetectorReport) -> list[str]:
    """Say what a training did."""
    done, steps = report.steps
    learned, measured = report.pictures
    lines = [f'{done} of {steps} steps on {learned} pictures in {report.seconds:.0f} s; losses: {report.curves}']
    if report.folder is None:
        return [*lines, f'Stopped before the end; the checkpoint is in {report.curves}. Go on with --resume.']
    figures = [('before', report.before), ('after', report.after)]
    lines += [f'{when}: {_figures(f)} on {measured} pictures kept apart' for when, f in figures if f is not None]
    return [*lines, f'Written to {report.folder}: use it as model: {report.folder}']


def _figures(found: AveragePrecision) -> str:
    whole = {'map50': found.map50, 'map50_95': found.map50_95, 'class-agnostic map50': found.class_agnostic_map50}
    return ', '.join(f'{name} {value:.3f}' for name, value in whole.items() if value is not None)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
