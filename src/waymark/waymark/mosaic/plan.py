# SPDX-License-Identifier: Apache-2.0
"""Where every frame lies: from views to links, to a layout, to cameras, to the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.errors import SourceError
from waymark.mosaic.adjustment import adjust, poses_of
from waymark.mosaic.candidates import Pair, first_pairs, overlapping_pairs
from waymark.mosaic.config import MosaicConfig
from waymark.mosaic.georeference import MapFit, Places, fit_to_places, places_of
from waymark.mosaic.layout import Layout, lay_out, parts_of
from waymark.mosaic.linking import Link, link_views
from waymark.mosaic.matches import Matches, matches_of, transfer_px
from waymark.mosaic.poses import Poses, outlines
from waymark.mosaic.priors import Known
from waymark.mosaic.view import View

Tell = Callable[[str, int, int], None]  # what is being done, how many are done, of how many
_LEAST_OVERLAP = 0.15  # of the smaller frame; less is not worth trying again
_LOOP_ROUNDS = 3
_CONTRADICTION = 5.0  # times the median error of all links
_CONTRADICTION_PX = 8.0


@dataclass(frozen=True, eq=False)
class Plan:
    """A mosaic before it is painted.

    Attributes:
        views: All that were looked at.
        placed: (N,) which of them have a place, ascending.
        poses: Theirs: in metres, x east and y south of `places.origin_m`, where the plan is on the map; otherwise the
            first placed frame's pixels, upright as that frame.
        links: That hold the placed ones together, by index of views.
        refused: Links that contradict the others.
        places: Geotags in metres; None where there are none or they fix no map.
        left_out: Why each of the other views has no place, by index.
        error_px: (2,) median and 90th percentile of how far matches stay apart, px of the frames.
        map_fit: How the ground's units were turned into metres; None without a map.
        geotag_error_m: (2,) median and largest distance of cameras from their geotags; None without a map.
        note: Why there is no map although there are geotags; '' otherwise.
    """

    views: list[View]
    placed: NDArray[np.intp]
    poses: Poses
    links: list[Link]
    refused: list[Link]
    places: Places | None
    left_out: dict[int, str]
    error_px: tuple[float, float]
    map_fit: MapFit | None
    geotag_error_m: tuple[float, float] | None
    note: str


def plan_mosaic(views: list[View], config: MosaicConfig, tell: Tell = lambda what, done, total: None) -> Plan:
    """Find where each view lies.

    Args:
        views: In the order of the input; the order only helps, it need not be the flight's.
        config: Which pairs are tried, and when they are believed.
        tell: Told what is being done and how far it is.

    Raises:
        SourceError: Fewer than two views overlap.
    """
    places = places_of(views)
    links, tried = _linked(views, places, config, tell)
    sizes = [v.size_wh for v in views]
    layout = lay_out(links, sizes)
    if len(layout.views) < 2:
        raise SourceError(
            f'none of the {len(views)} frames overlap: nothing to lay together. Give frames that share '
            'at least a third of their view with the next one, or lower min_inliers.'
        )
    poses, layout = _adjusted(layout, views, tell)
    for _ in range(_LOOP_ROUNDS):
        new = _loops(views, layout, poses, tried, config, tell)
        if not new:
            break
        layout = lay_out(layout.links + new, sizes)
        poses, layout = _adjusted(layout, views, tell)
    return _on_the_map(views, layout, poses, places, links, tell)


def _linked(views: list[View], places: Places | None, config: MosaicConfig, tell: Tell) -> tuple[list[Link], set[Pair]]:
    down = None if places is None else places.down
    pairs = first_pairs(views, config, down, lambda done, total: tell('looking for overlaps', done, total))
    return _matched(views, pairs, config, 'matching frames', tell), set(pairs)


def _matched(views: list[View], pairs: list[Pair], config: MosaicConfig, what: str, tell: Tell) -> list[Link]:
    links = []
    for number, (a, b) in enumerate(pairs):
        tell(what, number, len(pairs))
        link = link_views(views, a, b, config)
        links += [] if link is None else [link]
    tell(what, len(pairs), len(pairs))
    return links


def _adjusted(layout: Layout, views: list[View], tell: Tell) -> tuple[Poses, Layout]:
    """Adjust, leave out links that contradict the others, and adjust again while there are any."""
    sizes = [v.size_wh for v in views]
    while True:
        m = matches_of(layout.links, views, layout.views)
        poses = adjust(poses_of(layout, views), m, _solves_lens(layout, views), None, _telling(tell))
        error = _link_errors(poses, m)
        bad = error > max(_CONTRADICTION * float(np.median(error)), _CONTRADICTION_PX)
        if not bad.any():
            return poses, layout
        refused = [k for k, is_bad in zip(layout.links, bad, strict=True) if is_bad]
        kept = lay_out([k for k, is_bad in zip(layout.links, bad, strict=True) if not is_bad], sizes)
        layout = Layout(kept.views, kept.scale_turn, kept.position, kept.links, layout.refused + refused + kept.refused)


def _telling(tell: Tell) -> Callable[[int, int], None]:
    return lambda done, total: tell('adjusting', done, total)


def _solves_lens(layout: Layout, views: list[View]) -> bool:
    return all(views[i].camera is None for i in layout.views)


def _link_errors(poses: Poses, m: Matches) -> NDArray[np.float64]:
    length = np.where(m.real > 0, np.linalg.norm(transfer_px(poses, m), axis=2), np.nan)
    return np.asarray(np.nanmedian(length, axis=1))


def _loops(
    views: list[View], layout: Layout, poses: Poses, tried: set[Pair], config: MosaicConfig, tell: Tell
) -> list[Link]:
    """Links between frames that lie over one another by the plan so far, far apart along the links there are."""
    shown = outlines(poses, [views[i] for i in layout.views])
    good = [k for k, outline in enumerate(shown) if np.isfinite(outline).all()]
    found = overlapping_pairs([shown[k] for k in good], _LEAST_OVERLAP)
    numbers = [int(layout.views[k]) for k in good]
    distant = _far_apart(layout.links, len(views))
    pairs = sorted({(numbers[a], numbers[b]) for a, b in found if distant[numbers[a], numbers[b]]} - tried)
    tried.update(pairs)
    return _matched(views, pairs, config, 'closing loops', tell)


def _far_apart(links: list[Link], count: int) -> NDArray[np.bool_]:
    """(count, count) True for views that no path of one or two links joins: only there a loop is still open."""
    beside = np.eye(count, dtype=np.float32)
    for k in links:
        beside[k.a, k.b] = beside[k.b, k.a] = 1.0
    return np.asarray(beside @ beside == 0, np.bool_)


def _on_the_map(
    views: list[View], layout: Layout, poses: Poses, places: Places | None, links: list[Link], tell: Tell
) -> Plan:
    m = matches_of(layout.links, views, layout.views)
    fit, note, error_m = None, '', None
    if places is not None:
        down = places.down[layout.views]
        fit = fit_to_places(down, poses.c[:, :2])
        if fit is None:
            places, note = None, 'fewer than three placed frames have geotags, or these lie within 10 m of each other'
        else:
            known = Known(down, fit.doubt_m)
            poses = adjust(poses.in_units(fit.A, fit.t), m, _solves_lens(layout, views), known, _telling(tell))
            off = np.linalg.norm(poses.c[:, :2] - down, axis=1)
            error_m = float(np.nanmedian(off)), float(np.nanmax(off))
    length = np.linalg.norm(transfer_px(poses, m), axis=2)[m.real > 0]
    error_px = float(np.median(length)), float(np.percentile(length, 90))
    left_out = _reasons(views, layout, links)
    return Plan(
        views, layout.views, poses, layout.links, layout.refused, places, left_out, error_px, fit, error_m, note
    )


def _reasons(views: list[View], layout: Layout, links: list[Link]) -> dict[int, str]:
    """Why views are not placed."""
    reasons = {}
    for part in parts_of(links, len(views)):
        for i in sorted(set(part) - set(layout.views.tolist())):
            if len(views[i].features) < 50:
                reasons[i] = f'shows next to nothing ({len(views[i].features)} features): blank, dark or blurred'
            elif len(part) == 1:
                reasons[i] = 'overlaps no other frame'
            elif set(part) & set(layout.views.tolist()):
                reasons[i] = 'its overlaps contradict each other'
            else:
                reasons[i] = f'belongs to a part of {len(part)} frames that overlaps nothing else'
    return reasons
