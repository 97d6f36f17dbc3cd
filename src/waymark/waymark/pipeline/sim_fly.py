# SPDX-License-Identifier: Apache-2.0
"""`waymark sim fly`: the simulator alone, as a pipeline that is made up for it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from waymark.pipeline.flight_simulator import FlightSimulatorConfig
from waymark.pipeline.launch import run_pipeline


@dataclass(frozen=True)
class FlyOptions:
    """What is flown: parameters of flight_simulator of the same names.

    Attributes:
        show: None: where there is a display.
        record: Whether to record and to write a report.
    """

    ground: str = 'ground'
    metres_per_pixel: float = 0.0
    altitude: float = 20.0
    seed: int = 7
    wind: tuple[float, float] = (0.0, 0.0)
    duration_s: float = 0.0
    video: Path | None = None
    show: bool | None = None
    record: bool = False


def parameters_of(options: FlyOptions) -> dict[str, Any]:
    """Parameters of the node, checked.

    Raises:
        ConfigError: One is out of range.
    """
    has_display = bool(os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'))
    values = {
        'ground': options.ground if options.ground == 'ground' else str(Path(options.ground).absolute()),
        'metres_per_pixel': options.metres_per_pixel,
        'altitude': options.altitude,
        'seed': options.seed,
        'wind': list(options.wind),
        'duration_s': options.duration_s,
        'video': '' if options.video is None else str(options.video.absolute()),
        'show': has_display if options.show is None else options.show,
    }
    FlightSimulatorConfig.from_mapping(values, 'waymark sim fly')
    return values


def fly(options: FlyOptions) -> int:
    """Fly until the time is up, or Ctrl-C; returns the exit code.

    Raises:
        WaymarkError: The options or the environment are wrong; nothing was started.
    """
    document = {'use_sim_time': True, 'nodes': [{'node': 'flight_simulator', 'parameters': parameters_of(options)}]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'sim-fly.yaml'
        path.write_text(yaml.safe_dump(document), encoding='utf-8')
        return run_pipeline(path, '', options.record, None, False, [])
