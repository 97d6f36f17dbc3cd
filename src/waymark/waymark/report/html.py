# SPDX-License-Identifier: Apache-2.0
"""Turn a recording into one HTML page that needs no network and no other file."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from waymark import __version__
from waymark.errors import RecordingError
from waymark.report.collection import collect
from waymark.report.plots import TimeAxis
from waymark.report.reader import open_recording
from waymark.report.run import Run
from waymark.report.sections.flown_path import flown_path
from waymark.report.sections.health import ended_early, node_health, warnings
from waymark.report.sections.localization import localization
from waymark.report.sections.objects import objects
from waymark.report.sections.places import matched_places
from waymark.report.sections.routes import routes
from waymark.report.sections.similarity import similarity
from waymark.report.sections.summary import summary
from waymark.report.sections.targets import targets
from waymark.report.topics import LOG, TARGETS
from waymark.report.track import find_track

_HERE = Path(__file__).parent


def write_report(recording: Path, out: Path | None = None) -> Path:
    """Write the report of a recording.

    Args:
        recording: An .mcap file, finished or cut off, or the folder that holds one.
        out: The page to write; None: `report.html` beside the recording.

    Returns:
        The path of the page.

    Raises:
        RecordingError: The recording does not exist or is not an MCAP file, or the page can't be written.
    """
    opened = open_recording(recording)
    page = render(collect(opened))
    target = out or opened.path.with_name('report.html')
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding='utf-8')
    except OSError as error:
        raise RecordingError(f'report {str(target)!r} can not be written: {error.strerror}.') from None
    return target


def render(run: Run) -> str:
    """Lay out the page of a run."""
    from markupsafe import Markup

    inline = {name: Markup((_HERE / f'report.{name}').read_text(encoding='utf-8')) for name in ('css', 'js')}
    page: str = _template().render(**inline, **_sections(run))
    return page


@functools.cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template('report.html.jinja')


def _sections(run: Run) -> dict[str, Any]:
    track = find_track(run)
    start, end = run.span_ns
    axis = TimeAxis((end - start) / 1e9)
    sections = {
        'version': __version__,
        'name': run.recording.path.parent.name or run.recording.path.stem,
        'cut': [*run.recording.warnings, *ended_early(run)],
        'summary': summary(run, track),
        'path': flown_path(run, track),
        'localization': localization(run, axis),
        'routes': routes(run, track, axis),
        'places': matched_places(run, track),
        'has_matches': bool(run.matches),
        'targets': targets(run, axis),
        'objects': objects(run),
        'similarity': similarity(run),
        'nodes': node_health(run),
        'has_log': any(t.type_name == LOG for t in run.recording.topics.values()),
        'has_targets': bool(run.recording.topics_of(TARGETS)),
        'topics': sorted(run.recording.topics.values(), key=lambda t: t.name),
    }
    return {**sections, 'warnings': warnings(run)}  # last: the sections add notes on what they could not show
