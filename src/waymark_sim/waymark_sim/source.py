# SPDX-License-Identifier: Apache-2.0
"""The simulator as an image source: frames with the exact pose behind each."""

from __future__ import annotations

from collections.abc import Iterator

from waymark.sources.base import SourceFrame, SourceInfo
from waymark.sources.config import ImageSourceConfig
from waymark.sources.stamps import stamp_of
from waymark.types import Frame, Header
from waymark_sim.world import World, build_world


class SimulatorSource:
    """A flight, rendered frame by frame."""

    def __init__(self, world: World, config: ImageSourceConfig) -> None:
        """Take a world."""
        self.world = world
        self._frame_id = config.frame_id
        self._closed = False
        flight = world.config
        count = round(flight.laps * flight.lap_s * flight.rate)
        self.info = SourceInfo(config.input, False, flight.rate, count, has_truth=True)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield laps * lap_s * rate frames, stamped 1 s + index / rate, with camera and exact T_map_base."""
        world, rate = self.world, self.world.config.rate
        for index in range(self.info.frame_count or 0):
            if self._closed:
                return
            T_map_base = world.route.pose(index / rate)
            T_map_base.setflags(write=False)
            header = Header(stamp_of(index, rate), self._frame_id)
            frame = Frame(header, world.render(T_map_base, index / rate, index), 'rgb')
            yield SourceFrame(frame, world.renderer.camera, T_map_base)

    def close(self) -> None:
        """End frames()."""
        self._closed = True


def open_simulator(config: ImageSourceConfig) -> SimulatorSource:
    """Open `sim:ground?seed=7&laps=2` or `sim:/path/picture.png?metres_per_pixel=0.1`.

    Args:
        config: A `rate_hz` other than 0 overrides the URI's `rate`.

    Raises:
        ConfigError: An unknown key or a bad value.
        SourceError: The ground's picture can't be read, or is too small for this altitude.
    """
    return SimulatorSource(build_world(config.input, config.rate_hz), config)
