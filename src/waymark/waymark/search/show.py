# SPDX-License-Identifier: Apache-2.0
"""`waymark search`: read, rank, print a table, write a contact sheet and the list."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from waymark.contact_sheet import contact_sheet, write_picture
from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError
from waymark.listing import clock, csv_text, json_text, write_file
from waymark.search.query import Query, image_query, text_query
from waymark.search.recording import search_recording
from waymark.search.result import FoundMoment, SearchOptions, SearchResult
from waymark.search.walk import Progress as Told

CSV_COLUMNS = ('rank', 'time_s', 'start_s', 'end_s', 'stamp_ns', 'frame', 'name', 'similarity', 'inliers')


@dataclass(frozen=True)
class Request:
    """What to look for, and where what was found goes.

    Attributes:
        recording: Video, folder of images or bag.
        image: Path of the query image, or None.
        text: The query text, or None; exactly one of them is given.
        encoder: Which encoder, and on what it runs.
        options: How the recording is searched.
        out: Folder for contact sheet and lists; None: out/<date>-<time>-search.
        json_path: Where the list goes too.
    """

    recording: str
    image: str | None
    text: str | None
    encoder: EncoderConfig = EncoderConfig()
    options: SearchOptions = SearchOptions()
    out: Path | None = None
    json_path: Path | None = None


def show_search(request: Request) -> None:
    """Search a recording for what an image shows or a text says.

    Raises:
        ConfigError: Not exactly one of image and text is given, an option does not fit, or a file can't be written.
        SourceError: Recording or query image can't be read.
        QueryError: The query image or the recording shows nothing.
        ModelError: The encoder is not what it should be, or takes no texts.
        BackendUnavailable: Its library or device is missing.
    """
    if (request.image is None) == (request.text is None):
        raise ConfigError('give what to look for: either --image FILE or --text "WORDS".')
    encoder = load_encoder(request.encoder)
    query = text_query(request.text, encoder) if request.text is not None else image_query(str(request.image), encoder)
    with _progress() as bar:
        result = search_recording(request.recording, query, encoder, request.options, _told(bar))
    console = Console(highlight=False)
    console.print(table_of(request, result))
    if result.note:
        console.print(f'Note: searched up to there only: {result.note}', markup=False)
    described = as_json(request, query, encoder.model_id, result)
    folder = request.out or Path('out') / time.strftime('%Y%m%d-%H%M%S-search')
    write_picture(folder / 'sheet.png', sheet_of(request, query, result))
    text = json_text(described)
    write_file(folder / 'moments.json', text)
    rows = ([moment[name] for name in CSV_COLUMNS] for moment in described['moments'])
    write_file(folder / 'moments.csv', csv_text(CSV_COLUMNS, rows))
    if request.json_path is not None:
        write_file(request.json_path, text)
    console.print(f'{folder / "sheet.png"}, moments.json and moments.csv beside it', markup=False, soft_wrap=True)


def as_json(request: Request, query: Query, model_id: str, result: SearchResult) -> dict[str, Any]:
    """Describe query, recording and moments with what JSON can hold; times in s since the first frame."""
    return {
        'recording': request.recording,
        'query': {'image': query.name} if query.frame is not None else {'text': query.name},
        'encoder': model_id,
        'fingerprint': query.fingerprint,
        'frames': result.frames,
        'looked_at': result.looked_at,
        'duration_s': round(result.duration_s, 6),
        'usual_similarity': round(result.usual_similarity, 6),
        'note': result.note,
        'moments': [_row(rank, moment) for rank, moment in enumerate(result.moments, start=1)],
    }


def table_of(request: Request, result: SearchResult) -> Table:
    """One row per moment."""
    wanted = f'image {request.image}' if request.image is not None else f'"{request.text}"'
    table = Table(title=escape(f'{wanted} in {request.recording}'), title_justify='left')
    has_spans = any(m.start_s < m.end_s for m in result.moments)
    for column in ('rank', 'time', *(['from', 'to'] if has_spans else []), 'frame', 'similarity'):
        table.add_column(column, justify='right')
    if request.options.rerank:
        table.add_column('inliers', justify='right')
    for rank, m in enumerate(result.moments, start=1):
        times = (m.time_s, m.start_s, m.end_s) if has_spans else (m.time_s,)
        row = [str(rank), *map(clock, times), escape(m.name) or str(m.frame), f'{m.similarity:.3f}']
        table.add_row(*row, *([str(m.inliers)] if request.options.rerank else []))
    table.caption = (
        f'{result.looked_at} of {result.frames} frames compared; usual similarity {result.usual_similarity:.3f}'
    )
    return table


def sheet_of(request: Request, query: Query, result: SearchResult) -> Any:
    """The query image where there is one, then the moments: RGB uint8 (H, W, 3)."""
    items = [] if query.frame is None else [(query.frame.rgb, 'looked for')]
    items += [(m.picture, _caption(rank, m)) for rank, m in enumerate(result.moments, start=1)]
    wanted = Path(query.name).name if query.frame is not None else f'"{query.name}"'
    return contact_sheet(items, title=f'{wanted} in {Path(request.recording).name}')


def _caption(rank: int, m: FoundMoment) -> str:
    inliers = '' if m.inliers is None else f', {m.inliers} inliers'
    span = '' if m.start_s == m.end_s else f' ({clock(m.start_s)} to {clock(m.end_s)})'
    return f'{rank}.  {m.name or clock(m.time_s) + span}\nsimilarity {m.similarity:.3f}{inliers}'


def _row(rank: int, m: FoundMoment) -> dict[str, Any]:
    times = {'time_s': m.time_s, 'start_s': m.start_s, 'end_s': m.end_s}
    return {
        'rank': rank,
        **{name: round(value, 6) for name, value in times.items()},
        'stamp_ns': m.stamp_ns,
        'frame': m.frame,
        'name': m.name,
        'similarity': round(m.similarity, 6),
        'inliers': m.inliers,
    }


def _progress() -> Progress:
    shown = Console(stderr=True)
    columns = TextColumn('searching'), BarColumn(), MofNCompleteColumn(), TextColumn('frames'), TimeRemainingColumn()
    return Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal)


def _told(bar: Progress) -> Told:
    task = bar.add_task('searching', total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)
