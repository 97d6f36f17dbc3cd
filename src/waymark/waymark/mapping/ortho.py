# SPDX-License-Identifier: Apache-2.0
"""A map from a picture of the ground: `waymark map from-ortho`, and the same in memory for `waymark eval geo`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.errors import ConfigError, MapError
from waymark.geo import OrthoPicture, cut_tiles, plan_tiles, read_ortho
from waymark.mapping.exporting import Origin
from waymark.mapping.georeference import Georeference, read_georeference
from waymark.mapping.progress import shown
from waymark.maps import MapInfo, OrthoFrame, PlaceMap, save_map

Tell = Callable[[int, int], None]
_FINEST_M, _COARSEST_M = 1e-3, 100.0
_console = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class OrthoRequest:
    """What `waymark map from-ortho` is asked for.

    Attributes:
        image: Picture of the ground, north up unless `up_bearing_deg` says otherwise.
        metres_per_pixel: Its scale; None: as the picture's own georeference says.
        encoder: 'hog', an embedded model's name, a model folder or a manifest.
        anchor: 'LATITUDE,LONGITUDE' of the picture's middle; '': as its georeference says, else none.
        up_bearing_deg: Where its up points, clockwise from true north; None: as its georeference says, else 0.
    """

    image: Path
    metres_per_pixel: float | None = None
    encoder: str = 'waymark-place-1'
    anchor: str = ''
    up_bearing_deg: float | None = None


def make_ortho_file(request: OrthoRequest, out: Path) -> None:
    """Make the map, write it, say what it is.

    Raises:
        MapError: The picture can't be used, or something is at `out` already.
        ConfigError: The scale is missing or impossible, or the anchor is no place.
        ModelError: The encoder is not what it should be.
    """
    if out.exists():
        raise MapError(f'{str(out)!r} is there already. Give another path for --map, or remove it.')
    picture = read_ortho(request.image)
    frame = frame_of(request, picture)
    encoder = load_encoder(EncoderConfig(encoder=request.encoder))
    with shown('cutting tiles') as progress:
        place_map = ortho_map(picture, frame, encoder, progress)
    save_map(out, place_map)
    width, height = (f'{n * frame.metres_per_pixel:.0f}' for n in frame.size_wh)
    _console.print(
        f'{out}: {len(place_map)} tiles of {frame.size_wh[0]}x{frame.size_wh[1]} px, {frame.metres_per_pixel:g} m per '
        f'pixel, {width} x {height} m, {picture.known.mean():.0%} of it known',
        markup=False,
    )
    if frame.latitude_deg is None:
        _console.print('Where on Earth it lies is not known: positions are metres from its middle (--anchor LAT,LON).')
    else:
        _console.print(
            f'its middle lies at {frame.latitude_deg:.6f}, {frame.longitude_deg:.6f}; its up is '
            f'{frame.up_bearing_deg:.2f} degrees clockwise from north'
        )


def ortho_map(picture: OrthoPicture, frame: OrthoFrame, encoder: Encoder, progress: Tell | None = None) -> PlaceMap:
    """Make the map in memory.

    Raises:
        MapError: Nothing of the picture is enough for a tile.
    """
    made = []
    total = len(plan_tiles(picture.size_wh))
    for done, keyframe in enumerate(cut_tiles(picture, frame, lambda rgb: encoder.encode(rgb).vector), start=1):
        if keyframe is not None:
            made.append(keyframe)
        if progress is not None:
            progress(done, total)
    if not any(k.vector.any() for k in made):
        raise MapError('the picture of the ground shows next to nothing: no tile of it can be told from another.')
    return PlaceMap(MapInfo(encoder.fingerprint, encoder.model_id, ortho=frame), made)


def frame_of(request: OrthoRequest, picture: OrthoPicture) -> OrthoFrame:
    """Scale and place of a picture: what was said counts, then what the file says.

    Raises:
        ConfigError: The scale is missing or impossible, or the anchor is no place.
    """
    said = read_georeference(request.image, picture.size_wh) or Georeference()
    scale = said.metres_per_pixel if request.metres_per_pixel is None else request.metres_per_pixel
    if scale is None:
        raise ConfigError(
            f'{request.image}: its scale is missing, and the file does not say it (no GeoTIFF tags, no world file). '
            'Give --metres-per-pixel, such as 0.3.'
        )
    if not _FINEST_M <= scale <= _COARSEST_M:
        raise ConfigError(
            f'--metres-per-pixel {scale:g}: no scale of a picture of the ground. Give {_FINEST_M:g} to {_COARSEST_M:g}.'
        )
    latitude, longitude = said.latitude_deg, said.longitude_deg
    if request.anchor:
        origin = Origin.parse(request.anchor)
        latitude, longitude = origin.latitude_deg, origin.longitude_deg
    bearing = said.up_bearing_deg if request.up_bearing_deg is None else request.up_bearing_deg
    try:
        return OrthoFrame(picture.size_wh, scale, latitude, longitude, bearing)
    except ValueError as error:
        raise ConfigError(f'--anchor {request.anchor!r}: {error}.') from None
