# SPDX-License-Identifier: Apache-2.0
"""The head of the report: what ran, and one sentence that says how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np

from waymark.report.pictures import Picture, fetch, image_topic, shown_stamps
from waymark.report.plots import clock, counted, decimals_for
from waymark.report.run import LocalizationSample, Run, was_compared
from waymark.report.sections.targets import shown_name, tracked_frames
from waymark.report.track import Track, lap_starts

_LOCALIZED = 2
_STRIP = 8
_STRIP_WIDTH_PX = 200
_FACT_NAMES = {'input': 'Input', 'pipeline': 'Pipeline', 'settings': 'Settings', 'recorded': 'Recorded'}


@dataclass(frozen=True)
class Figure:
    """A number and what it counts."""

    value: str
    label: str


@dataclass(frozen=True)
class Summary:
    """What the template shows at the top; `strip` holds (picture, time) pairs spread over the run."""

    verdict: str
    figures: list[Figure]
    facts: list[tuple[str, str]]
    strip: list[tuple[Picture, str]]


def summary(run: Run, track: Track | None) -> Summary:
    """Summarize the run."""
    return Summary(verdict(run, track), _figures(run, track), _facts(run), _strip(run))


def verdict(run: Run, track: Track | None) -> str:
    """Say in one sentence how the run went."""
    if not run.recording.message_count:
        return 'Nothing was recorded.'
    parts = [p for p in (_localized(run, track), _tracked(run), _found(run)) if p]
    if not parts:
        return f'{counted(len(run.stamps_ns), "frame")} recorded; nothing was looked for in them.'
    text = '; '.join(parts)
    return f'{text[0].upper()}{text[1:]}.'


def _localized(run: Run, track: Track | None) -> str:
    samples = run.localizations
    if not samples:
        return ''
    total = sum(s.state == _LOCALIZED for s in samples)
    if not total:
        return _not_localized(samples)
    starts = lap_starts(track)
    if len(starts) < 2:
        return f'localized in {total:,} of {counted(len(samples), "frame")}'
    later = [s for s in samples if s.stamp_ns >= starts[1]]
    hits = sum(s.state == _LOCALIZED for s in later)
    laps = 'lap\u00a02' if len(starts) == 2 else f'laps 2 to {len(starts)}'
    return f'localized in {hits:,} of {counted(len(later), "frame")} of {laps}'


def _not_localized(samples: list[LocalizationSample]) -> str:
    known, frames = max(s.keyframe_count for s in samples), counted(len(samples), 'frame')
    if not known:
        return f'nothing to recognize in {frames} (no keyframe)'
    if not was_compared(samples):
        return f'too few keyframes to recognize a place again ({known} from {frames})'
    return f'not localized in any of {frames} ({counted(known, "keyframe")} in the map)'


def _tracked(run: Run) -> str:
    counts = tracked_frames(run)
    if not counts:
        return ''
    if len(counts) > 2:
        seen = sum(n > 0 for n in counts.values())
        return f'{seen} of {len(counts)} targets tracked'
    return ' and '.join(_tracked_one(shown_name(name), n) for name, n in sorted(counts.items()))


def _found(run: Run) -> str:
    if not run.boxes:
        return ''
    count = sum(len(sample.boxes) for sample in run.boxes)
    return f'{counted(count, "oriented box")} in {counted(len(run.boxes), "frame")}'


def _tracked_one(name: str, frames: int) -> str:
    return f'{name} tracked in {counted(frames, "frame")}' if frames else f'{name} never tracked'


def _figures(run: Run, track: Track | None) -> list[Figure]:
    start, end = run.span_ns
    stamps = len(run.stamps_ns)
    seconds = (end - start) / 1e9
    figures = [Figure(f'{stamps:,}', 'frames'), Figure(clock(seconds, 0 if seconds >= 10 else 1), 'duration')]
    if end > start and stamps > 1:
        figures.append(Figure(f'{(stamps - 1) / ((end - start) / 1e9):.1f} Hz', 'frame rate'))
    if track is not None:
        figures.append(Figure(f'{track.length_m:,.0f} m', 'flown'))
    if run.keyframes or run.localizations:
        known = max([len(run.keyframes), *(s.keyframe_count for s in run.localizations)])
        figures.append(Figure(f'{known:,}', 'keyframes'))
        figures.append(Figure(f'{len(run.matches):,}', 'verified matches'))
    return figures


def _facts(run: Run) -> list[tuple[str, str]]:
    facts = dict(run.recording.facts)
    rows = [(_FACT_NAMES[key], facts.pop(key)) for key in _FACT_NAMES if facts.get(key)]
    rows += [(key.replace('_', ' ').capitalize(), value) for key, value in facts.items() if value]
    topic = image_topic(run)
    if topic:
        rows.append(('Images', f'{topic} ({run.recording.topics[topic].count:,})'))
    if run.recording.log_span_ns and 'recorded' not in run.recording.facts:
        moment = datetime.fromtimestamp(run.recording.log_span_ns[0] / 1e9, timezone.utc)
        if moment.year >= 2000:  # a simulated clock starts in 1970
            rows.append(('Recorded', f'{moment:%Y-%m-%d %H:%M:%S} UTC'))
    size = run.recording.size_bytes / 1e6
    rows.append(('Recording', f'{run.recording.path.name}, {size:,.1f} MB, {run.recording.message_count:,} messages'))
    return rows


def _strip(run: Run) -> list[tuple[Picture, str]]:
    stamps = shown_stamps(run)
    chosen = (
        [int(stamps[i]) for i in np.unique(np.linspace(0, len(stamps) - 1, _STRIP).astype(int))] if len(stamps) else []
    )
    pictures = fetch(run, chosen, _STRIP_WIDTH_PX, quality=65)
    decimals = decimals_for(float(np.diff(chosen).min()) / 1e9) if len(chosen) > 1 else 0
    return [(pictures[s], clock(run.seconds(s), min(decimals, 1))) for s in chosen if s in pictures]
