# SPDX-License-Identifier: Apache-2.0
"""A map file and its encoder, opened to find photos on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.encoding.hog import HogEncoder
from waymark.errors import ConfigError, MapError, ModelError
from waymark.geo import GeoLocalizer, GroundMap
from waymark.maps import MapInfo
from waymark.pipeline.geo_localization import GeoLocalizationConfig


def open_localizer(config: GeoLocalizationConfig, progress: Callable[[str, float], None] | None = None) -> GeoLocalizer:
    """Open the map and load the encoder that made it.

    Args:
        config: Names both.
        progress: Told the stage and how far it is (0..1) where loading takes long.

    Raises:
        ConfigError: No map is named.
        MapError: It is missing, damaged, not made of tiles, or of another encoder.
        ModelError: The encoder is not what it should be.
        BackendUnavailable: The encoder's library or device is missing.
    """
    if not config.map:
        raise ConfigError(
            'map: geo_localization needs a map of the ground. Make one with waymark map from-ortho IMG '
            '--metres-per-pixel M --map FILE, and set map: FILE.'
        )
    ground = GroundMap.open(Path(config.map).expanduser())
    try:
        options = EncoderConfig(encoder=config.encoder, backend=config.backend, threads=config.threads)
        encoder = load_map_encoder(ground.info, config.map, options, progress)
    except BaseException:
        ground.close()
        raise
    return GeoLocalizer(ground, lambda rgb: encoder.encode(rgb).vector, config)


def load_map_encoder(
    info: MapInfo, path: str, config: EncoderConfig, progress: Callable[[str, float], None] | None = None
) -> Encoder:
    """Load the encoder that made a map.

    Args:
        info: Of the map.
        path: Its file, for errors.
        config: Of the encoder; where it names none, the name that the map keeps is looked for.
        progress: Told the stage and how far it is (0..1) where loading takes long.

    Raises:
        MapError: It is another encoder, or the map's name for it leads nowhere.
        ModelError: The encoder is not what it should be.
        BackendUnavailable: The encoder's library or device is missing.
    """
    name = config.encoder or ('hog' if info.model_id == HogEncoder.model_id else info.model_id)
    try:
        encoder = load_encoder(replace(config, encoder=name), progress)
    except ModelError as error:
        if config.encoder:
            raise
        raise MapError(f'{error} It is the encoder of map {path!r}: say where it is (encoder).') from None
    info.require_encoder(encoder.fingerprint, f'map {path!r}')
    return encoder
