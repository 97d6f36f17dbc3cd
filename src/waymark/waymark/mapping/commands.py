# SPDX-License-Identifier: Apache-2.0
"""What `waymark map ...` does: open, change, save, say what was done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.encoding.hog import HogEncoder
from waymark.errors import ConfigError, MapError, ModelError
from waymark.mapping.building import build_map
from waymark.mapping.exporting import Origin, export_map
from waymark.mapping.linking import link_places
from waymark.mapping.page import write_page
from waymark.mapping.progress import counted, shown
from waymark.mapping.reencoding import reencode
from waymark.mapping.translating import judge, pairs_of_recording, pairs_of_thumbnails, translate
from waymark.maps import PlaceMap, open_map, save_map
from waymark.maps.merging import merge, without_poses
from waymark.maps.pruning import prune
from waymark.maps.saving import compact
from waymark.places import PlacesConfig

_console = Console(highlight=False, soft_wrap=True)


def show(path: Path, out: Path | None, most: int) -> None:
    """`waymark map show`: write the page beside the map."""
    page = out or path.with_suffix('.html')
    with open_map(path) as file:
        write_page(file.load(), path.name, page, most)
    _console.print(str(page))


def build_file(uri: str, path: Path, encoder: str, config: PlacesConfig, rate_hz: float | None, go_on: bool) -> int:
    """`waymark map build`: make a map of a recording; the exit code is 130 where Ctrl-C ended it."""
    if path.exists() and not go_on:
        raise MapError(f'{str(path)!r} is there already. Give another path for --map, or --continue to add to it.')
    with counted('mapping', 'keyframes') as progress:
        built = build_map(uri, path, load(encoder), config, rate_hz, progress)
    if built.note:
        _console.print(f'Note: read up to there only: {built.note}', markup=False)
    if not built.is_whole:
        _console.print(
            f'Stopped after {built.duration_s:.1f} s of the recording; the map holds what was kept until then.'
        )
    _console.print(
        f'{path}: {built.keyframes} keyframes, {built.added} of them from {built.looked_at} of {built.frames} frames '
        f'({built.duration_s:.1f} s); {built.revisits} show a place seen before',
        markup=False,
    )
    return 0 if built.is_whole else 130


def merge_files(paths: tuple[Path, Path], out: Path, *, link: bool, one_frame: bool, poses: bool, camera: bool) -> None:
    """`waymark map merge`: write both to a new map."""
    _require_free(out)
    with open_map(paths[0]) as first, open_map(paths[1]) as second:
        maps = (first.load(), second.load())
        for place_map in maps:
            if not poses:
                without_poses(place_map)
            if not camera:
                place_map.info = place_map.info.renewed(camera=None)
        merged = merge(*maps, one_frame=one_frame)
        links = []
        if link:
            with shown('comparing places') as progress:
                links = link_places(merged, maps[0].next_id, PlacesConfig(), progress)
        save_map(out, merged)
    if any(m.info.camera for m in maps) and merged.info.camera is None:
        _console.print('Only one of the maps knows its camera, so the merged one has none: nothing metric follows.')
    if link:
        _console.print(f'{len(links)} keyframes of {paths[1].name} show places of {paths[0].name}; they are linked.')
    _console.print(f'{out}: {len(merged)} keyframes, {len(merged.links)} links, {len(merged.routes)} routes')


def prune_file(path: Path, out: Path | None, keep: int | None, similarity: float | None) -> None:
    """`waymark map prune`: remove what says least."""
    if keep is None and similarity is None:
        raise ConfigError('nothing to prune by. Give --keep NUMBER, --similarity COSINE or both.')
    with _changing(path, out) as (place_map, target):
        before = len(place_map), len(place_map.links)
        with shown('comparing keyframes') as progress:
            removed = prune(place_map, keep, similarity, progress)
        if out is not None:
            place_map.info = place_map.info.renewed()
        save_map(target, place_map)
    lost = before[1] - len(place_map.links)
    _console.print(f'{target}: removed {len(removed)} of {before[0]} keyframes and {lost} of {before[1]} links')
    _console.print(f'{len(place_map)} keyframes left, routes whole ({len(place_map.routes)})')


def export_file(path: Path, out: Path, origin: str) -> None:
    """`waymark map export`: write plain files."""
    with open_map(path) as file:
        written = export_map(file.load(), out, Origin.parse(origin) if origin else None)
    for name in written:
        _console.print(str(name))


def reencode_file(
    path: Path, out: Path | None, encoder: Encoder, recording: str, *, by_number: bool, drop: bool, as_text: bool
) -> None:
    """`waymark map reencode`: make the vectors anew from images."""
    with _changing(path, out) as (place_map, target):
        with shown('encoding') as progress:
            made = reencode(
                place_map,
                encoder,
                recording,
                by_number=by_number,
                drop_missing=drop,
                as_text=as_text,
                progress=progress,
            )
        save_map(target, made, replace=out is None)
    lost = len(place_map) - len(made)
    _console.print(
        f'{target}: {len(made)} keyframes encoded by {encoder.model_id} from {recording or "their thumbnails"}'
    )
    if lost:
        _console.print(f'{lost} keyframes had no image and were left out, as asked for.')


def translate_file(path: Path, out: Path | None, new: Encoder, recording: str, old: str, max_fall: float) -> None:
    """`waymark map translate`: move the vectors by a fitted matrix, if it is good enough."""
    with _changing(path, out) as (place_map, target):
        with shown('encoding') as progress:
            if recording:
                pairs = pairs_of_recording(recording, _old_encoder(old, place_map, path), new, progress=progress)
            else:
                pairs = pairs_of_thumbnails(place_map, new, _old_at_hand(old, place_map, path), progress)
        judgement = judge(pairs, new)
        judgement.require_fall(max_fall)
        made = translate(place_map, judgement.translation, new)
        save_map(target, made, replace=out is None)
    _console.print(f'{judgement} (allowed: {max_fall:g})')
    _console.print(f'{target}: {len(made)} keyframes translated to {new.model_id}')


def load(encoder: str) -> Encoder:
    """The encoder of this name, folder or manifest; HOG by the name that maps know it by, too."""
    return load_encoder(EncoderConfig(encoder='hog' if encoder == HogEncoder.model_id else encoder))


def _old_encoder(name: str, place_map: PlaceMap, path: Path) -> Encoder:
    try:
        old = load(name or place_map.info.model_id)
    except ModelError as error:
        if name:
            raise
        raise MapError(f"{error} It is the map's own encoder: say where it is with --old.") from None
    place_map.info.require_encoder(old.fingerprint, f'map {str(path)!r}')
    return old


def _old_at_hand(name: str, place_map: PlaceMap, path: Path) -> Encoder | None:
    """The map's encoder where it was named or is found by its name; None where not: then there are fewer pairs."""
    try:
        return _old_encoder(name, place_map, path)
    except MapError:
        if name:
            raise
        _console.print(
            f"The map's encoder {place_map.info.model_id!r} is not at hand (--old): fitted to its own vectors alone.",
            markup=False,
        )
        return None


@contextmanager
def _changing(path: Path, out: Path | None) -> Iterator[tuple[PlaceMap, Path]]:
    """A loaded map and where its successor goes: `out`, or back into its own file."""
    if out is not None:
        _require_free(out)
    with open_map(path) as file:
        yield file.load(), out or path
    if out is None:
        compact(path)


def _require_free(out: Path) -> None:
    """Before hours of work, not after."""
    if out.exists():
        raise MapError(f'{str(out)!r} is there already. Give another path for --out, or remove it.')
