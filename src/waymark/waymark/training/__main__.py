# SPDX-License-Identifier: Apache-2.0
"""The half of `waymark train encoder` that runs where torch is: `python -m waymark.training REQUEST`."""

from __future__ import annotations

import sys

from waymark.errors import ConfigError, WaymarkError
from waymark.training.adapt import TrainReport, adapt_encoder, checkpoint_folder
from waymark.training.bars import training_bar
from waymark.training.request import TrainRequest


def main(arguments: list[str]) -> int:
    """Run one training with a progress line, print its report; exit code 1 and one sentence for what a user can fix."""
    try:
        if len(arguments) != 1:
            raise ConfigError('this is run by waymark train encoder: use that.')
        _train(TrainRequest.from_json(arguments[0]))
    except WaymarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('interrupted; --resume goes on from the last checkpoint.', file=sys.stderr)
        return 130
    return 0


def _train(request: TrainRequest) -> None:
    with training_bar() as progress:
        report = adapt_encoder(request, progress)
    for line in report_lines(request, report):
        print(line)


def report_lines(request: TrainRequest, report: TrainReport) -> list[str]:
    """Say what a training did."""
    done, steps = report.steps
    lines = [f'{done} of {steps} steps on {report.frames} frames in {report.seconds:.0f} s.']
    if report.folder is None:
        folder = checkpoint_folder(request.out_path)
        return [*lines, f'Stopped before the end; the checkpoint is in {folder}. Go on with --resume.']
    if report.before is None or report.after is None:
        lines.append('Recall was not measured: with --truth, no held-out frame comes back to where one was before.')
    else:
        lines.append(f'recall@1 {report.before:.3f} before, {report.after:.3f} after ({report.how}).')
        if report.after <= report.before:
            lines.append('It did not help here: keep the encoder that you began from.')
    return [*lines, f'Written to {report.folder}: use it as encoder: {report.folder}']


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
