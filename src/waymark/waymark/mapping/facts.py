# SPDX-License-Identifier: Apache-2.0
"""What is in a map file, and whether it is whole: `waymark map info` and `waymark map check`."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from waymark.mapping.progress import shown
from waymark.maps import PlaceMap, open_map
from waymark.maps.lock import holder_of
from waymark.maps.salvage import Salvage, check_file, salvage
from waymark.types import NANOSECONDS

_console = Console(highlight=False, soft_wrap=True)
_OLDEST_NS = 946_684_800 * NANOSECONDS  # the year 2000: smaller stamps are times since some start


def show_info(path: Path, as_json: bool) -> None:
    """Print what is in a map.

    Raises:
        MapError: It can't be opened, or is damaged.
    """
    with open_map(path) as file:
        place_map = file.load()
    found = info_of(place_map, path)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in lines_of(found):
        table.add_row(name, value, style=None)
    _console.print(table)


def info_of(place_map: PlaceMap, path: Path) -> dict[str, Any]:
    """Everything `waymark map info --json` prints."""
    views = list(place_map.keyframes.values())
    info, stamps = place_map.info, [k.header.stamp_ns for k in views]
    camera = info.camera
    return {
        'path': str(path),
        'bytes': path.stat().st_size,
        'written_by_now': holder_of(path),
        'map_id': info.map_id,
        'keyframes': len(views),
        'next_id': place_map.next_id,
        'places': len({k.place_id for k in views}),
        'links': len(place_map.links),
        'routes': {route.name: len(route.keyframe_ids) for route in place_map.routes.values()},
        'encoder': {'model_id': info.model_id, 'fingerprint': info.fingerprint, 'dim': place_map.dim},
        'text_encoder': {'model_id': info.text_model_id, 'fingerprint': info.text_fingerprint},
        'camera': None
        if camera is None
        else {'size_wh': camera.size_wh, 'K': camera.K.tolist(), 'D': camera.D.tolist()},
        'first_stamp_ns': min(stamps, default=None),
        'last_stamp_ns': max(stamps, default=None),
        'with_thumbnail': sum(k.has_thumbnail for k in views),
        'with_pose': sum(k.pose is not None for k in views),
        'with_text_vector': sum(k.text_vector is not None for k in views),
        'labels': sorted({label for k in views for label in k.labels}),
    }


def lines_of(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for people: names and values."""
    count = found['keyframes']
    encoder, camera = found['encoder'], found['camera']
    routes = ', '.join(f'{name} ({n} keyframes)' for name, n in found['routes'].items())
    lines = [
        ('keyframes', f'{count} of {found["places"]} places; {found["links"]} links'),
        ('routes', routes or 'none'),
        ('encoder', f'{encoder["model_id"]}, {encoder["dim"] or 0}-d, fingerprint {encoder["fingerprint"][:16]}…'),
        (
            'camera',
            'unknown' if camera is None else '{}x{} px, fx {:.5g}'.format(*camera['size_wh'], camera['K'][0][0]),
        ),
        ('time', _span(found['first_stamp_ns'], found['last_stamp_ns'])),
        (
            'with',
            f'{found["with_thumbnail"]} thumbnails, {found["with_pose"]} poses, '
            f'{found["with_text_vector"]} text vectors',
        ),
        ('labels', ', '.join(found['labels']) or 'none'),
        (
            'file',
            f'{found["bytes"] / 1e6:.1f} MB' + (f', {found["bytes"] / count / 1e3:.1f} kB a keyframe' if count else ''),
        ),
    ]
    if found['text_encoder']['fingerprint']:
        lines.append(('text encoder', found['text_encoder']['model_id']))
    if found['written_by_now']:
        lines.append(('being written', f'by {found["written_by_now"]}'))
    return lines


def show_check(path: Path, out: Path | None, as_json: bool) -> int:
    """Print what is damaged, and write what is whole to `out`; the exit code is 1 for a damaged map.

    Raises:
        MapError: It can't be opened at all, or `out` can't be written.
    """
    with shown('checking') as progress:
        findings = check_file(path, progress)
    saved = None
    if out is not None:
        with shown('salvaging') as progress:
            saved = salvage(path, out, progress)
    if as_json:
        listed = [vars(finding) for finding in findings]
        print(json.dumps({'whole': not findings, 'findings': listed, 'salvaged': saved and vars(saved)}, indent=2))
        return 1 if findings else 0
    for finding in findings:
        _console.print(str(finding))
    _console.print(
        f'{path}: {f"damaged in {len(findings)} places" if len(findings) > 1 else "damaged" if findings else "whole"}'
    )
    if saved is not None:
        _console.print(f'{out}: {salvaged(saved)}')
    elif findings:
        _console.print(f'Copy it again, or write what is whole to a new map: waymark map check {path} --salvage NEW')
    return 1 if findings else 0


def salvaged(saved: Salvage) -> str:
    """What was saved and what was lost, in one phrase."""
    lost = [f'{len(saved.lost)} keyframes lost ({_few(saved.lost)})'] if saved.lost else []
    lost += (
        [f'{len(saved.without_thumbnail)} thumbnails lost ({_few(saved.without_thumbnail)})']
        if saved.without_thumbnail
        else []
    )
    lost += [f'{saved.links} links lost'] if saved.links else []
    lost += [f'routes lost: {", ".join(saved.routes)}'] if saved.routes else []
    return '; '.join([f'{saved.keyframes} keyframes saved', *(lost or ['nothing lost'])])


def _span(first_ns: int | None, last_ns: int | None) -> str:
    if first_ns is None or last_ns is None:
        return 'none'
    seconds = (last_ns - first_ns) / NANOSECONDS
    if first_ns < _OLDEST_NS:
        return f'{seconds:.1f} s, from {first_ns / NANOSECONDS:.1f} s of its recording'
    start = datetime.fromtimestamp(first_ns / NANOSECONDS, timezone.utc)
    return f'{seconds:.1f} s, from {start:%Y-%m-%d %H:%M:%S} UTC'


def _few(ids: tuple[int, ...]) -> str:
    return ', '.join(map(str, ids[:8])) + (', …' if len(ids) > 8 else '')
