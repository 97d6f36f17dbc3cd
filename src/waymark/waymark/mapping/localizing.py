# SPDX-License-Identifier: Apache-2.0
"""A map file and its encoder, opened to find photos on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError
from waymark.geo import GeoLocalizer, GroundMap
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
        name = config.encoder or ground.info.model_id
        encoder = load_encoder(EncoderConfig(encoder=name, backend=config.backend, threads=config.threads), progress)
        ground.info.require_encoder(encoder.fingerprint, f'map {config.map!r}')
    except BaseException:
        ground.close()
        raise
    return GeoLocalizer(ground, lambda rgb: encoder.encode(rgb).vector, config)
