# SPDX-License-Identifier: Apache-2.0
"""A map as one HTML page that needs no network and no other file: its keyframes, links and routes."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import waymark.report
from waymark import __version__
from waymark.errors import MapError
from waymark.image.codec import encode_jpeg
from waymark.mapping.plan import draw_plan
from waymark.maps import Keyframe, Link, PlaceMap
from waymark.report.pictures import data_uri
from waymark.types import NANOSECONDS

_HERE = Path(__file__).parent
_WIDTH_PX, _QUALITY = 240, 70
_PAIRS = 12


@dataclass(frozen=True)
class Card:
    """A keyframe as the page shows it.

    Attributes:
        keyframe_id: Its id.
        uri: Its thumbnail, None without one.
        time: Since the map's first keyframe, m:ss.
        place_id: Its place.
        labels: What it shows.
        linked: Ids of keyframes linked to it; those on the page as links.
    """

    keyframe_id: int
    uri: str | None
    time: str
    place_id: int
    labels: tuple[str, ...]
    linked: tuple[int, ...]


def write_page(place_map: PlaceMap, name: str, out: Path, most: int = 400) -> None:
    """Write the page of a map.

    Args:
        place_map: The map.
        name: Its name, for the heading.
        out: The file to write.
        most: Keyframes shown at most, spread evenly; those of links and routes first.

    Raises:
        MapError: A thumbnail is damaged, or the file can't be written.
    """
    text = render(place_map, name, most)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding='utf-8')
    except OSError as error:
        raise MapError(f'page {str(out)!r} can not be written: {error.strerror}. Give another path.') from None


def render(place_map: PlaceMap, name: str, most: int = 400) -> str:
    """Lay out the page of a map."""
    from markupsafe import Markup

    chosen = shown_ids(place_map, most)
    cards = _cards(place_map, chosen)
    pairs = [link for link in shown_links(place_map) if {link.first, link.second} <= cards.keys()]
    sheets = (Path(waymark.report.__file__).parent / 'report.css', _HERE / 'page.css')
    page: str = _template().render(
        css=Markup('\n'.join(sheet.read_text(encoding='utf-8') for sheet in sheets)),
        version=__version__,
        name=name,
        headline=headline(place_map),
        facts=facts(place_map),
        plan=draw_plan(place_map),
        cards=cards,
        pairs=pairs,
        link_count=len(place_map.links),
        routes=[(route, [cards[i] for i in route.keyframe_ids if i in cards]) for route in place_map.routes.values()],
        total=len(place_map),
    )
    return page


def shown_ids(place_map: PlaceMap, most: int) -> list[int]:
    """Ids in order: all, or those of the strongest links and of routes, and others spread evenly."""
    ids = list(place_map.keyframes)
    if len(ids) <= most:
        return ids
    wanted = [i for link in shown_links(place_map) for i in (link.first, link.second)]
    wanted += [i for route in place_map.routes.values() for i in route.keyframe_ids]
    chosen = set(wanted[: most // 2])
    others = [i for i in ids if i not in chosen]
    places = np.linspace(0, len(others) - 1, most - len(chosen)).round().astype(int)
    return sorted(chosen | {others[i] for i in places})


def shown_links(place_map: PlaceMap) -> list[Link]:
    """A dozen links: the best supported of each twelfth of the map."""
    ordered = sorted(place_map.links, key=lambda link: max(link.first, link.second))
    parts = [ordered[n * len(ordered) // _PAIRS : (n + 1) * len(ordered) // _PAIRS] for n in range(_PAIRS)]
    return [max(part, key=lambda link: link.inliers) for part in parts if part]


def headline(place_map: PlaceMap) -> str:
    """The map in one sentence."""
    count = len(place_map)
    if count == 0:
        return 'An empty map.'
    places = len({k.place_id for k in place_map.keyframes.values()})
    parts = [f'{_number(count, "keyframe")} of {_number(places, "place")}']
    parts += [_number(len(place_map.links), 'link')] if place_map.links else []
    parts += [_number(len(place_map.routes), 'route')] if place_map.routes else []
    return ', '.join(parts) + '.'


def facts(place_map: PlaceMap) -> list[tuple[str, str]]:
    """What else there is to know, by name."""
    info, views = place_map.info, list(place_map.keyframes.values())
    camera = info.camera
    found = [
        ('Encoder', f'{info.model_id} ({place_map.dim or 0}-d, fingerprint {info.fingerprint[:16]}…)'),
        (
            'Camera',
            'unknown' if camera is None else f'{camera.size_wh[0]}x{camera.size_wh[1]} px, fx {camera.K[0, 0]:.5g}',
        ),
    ]
    if views:
        stamps = [k.header.stamp_ns for k in views]
        found.append(('Time from first to last', clock(max(stamps) - min(stamps))))
        found.append(('Keyframes with a pose', f'{sum(k.pose is not None for k in views)} of {len(views)}'))
    if info.text_fingerprint:
        found.append(('Text vectors', info.text_model_id))
    return found


def clock(duration_ns: int) -> str:
    """A duration as m:ss.s or h:mm:ss.s."""
    tenths = round(duration_ns * 10 / NANOSECONDS)
    minutes, hours = tenths // 600 % 60, tenths // 36_000
    seconds = f'{tenths % 600 / 10:04.1f}'
    return f'{hours}:{minutes:02}:{seconds}' if hours else f'{minutes}:{seconds}'


def _cards(place_map: PlaceMap, chosen: list[int]) -> dict[int, Card]:
    linked: dict[int, list[int]] = {}
    for link in place_map.links:
        linked.setdefault(link.first, []).append(link.second)
        linked.setdefault(link.second, []).append(link.first)
    views = [place_map.keyframes[i] for i in chosen]
    start_ns = min((k.header.stamp_ns for k in place_map.keyframes.values()), default=0)
    return {
        k.keyframe_id: Card(
            k.keyframe_id,
            _picture(k),
            clock(k.header.stamp_ns - start_ns),
            k.place_id,
            k.labels,
            tuple(sorted(linked.get(k.keyframe_id, ()))),
        )
        for k in views
    }


def _picture(keyframe: Keyframe) -> str | None:
    rgb = keyframe.thumbnail
    if rgb is None:
        return None
    height, width = rgb.shape[:2]
    if width > _WIDTH_PX:
        size_wh = (_WIDTH_PX, max(round(height * _WIDTH_PX / width), 1))
        rgb = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return data_uri('image/jpeg', encode_jpeg(rgb, _QUALITY))


def _number(count: int, noun: str) -> str:
    return f'{count:,} {noun}' + ('' if count == 1 else 's')


@functools.cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template('page.html.jinja')
