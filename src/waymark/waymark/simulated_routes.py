# SPDX-License-Identifier: Apache-2.0
"""`waymark sim teach` and `repeat`: a route in a map file, what was flown beside it, and a film."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError, MapError, RouteError
from waymark.evaluation.route import FlightLog
from waymark.evaluation.route_limits import require_flown
from waymark.evaluation.route_run import Taught, config_for, open_ground, repeat, teach
from waymark.evaluation.route_scene import RouteFlights, walls_of, way_of
from waymark.flight_video import FlightVideo, GroundView, flight_picture
from waymark.maps import open_map, save_map
from waymark.routes import Guidance

if TYPE_CHECKING:
    from waymark_sim.ground import Ground
    from waymark_sim.simulator import SimStep

_TAUGHT_HZ = 5.0


def teach_file(path: Path, request: RouteFlights, video: Path | None = None) -> tuple[int, float]:
    """Teach a route into a new map file; beside it a .json says how it was flown.

    Args:
        path: Of the map.
        request: What is flown; its seed is `first_seed`.
        video: .gif, .mp4, .avi or .mkv.

    Returns:
        Number of keyframes, and the length of the way that was flown, m.

    Raises:
        MapError: The map can't be written, or something is there.
        ConfigError: The video can't be written.
        SourceError: The ground can't be read or is too small.
        RouteError: It shows too little.
    """
    _require_new(path)
    film = None if video is None else FlightVideo(video, _TAUGHT_HZ)
    config, encoder = config_for(request.simulator), load_encoder(EncoderConfig(threads=1))
    ground = open_ground(request, request.first_seed)
    frames: list[tuple[SimStep, None]] = []

    def keep(step: SimStep) -> None:
        if film is not None:
            frames.append((step, None))

    taught = teach(request, config, encoder, ground, request.first_seed, keep)
    save_map(path, taught.place_map)
    facts = {'request': dataclasses.asdict(request), 'poses': taught.poses.round(4).tolist()}
    facts_of(path).write_text(json.dumps(facts) + '\n', encoding='utf-8')
    if film is not None:
        with film:
            show = _filmed(film, ground, taught)
            for step, nothing in frames:
                show(step, nothing)
    route = next(iter(taught.place_map.routes.values()))
    return len(route.keyframe_ids), float(np.hypot(*np.diff(taught.poses[:, :2], axis=0).T).sum())


def repeat_file(
    path: Path, case: str, seed: int, video: Path | None, told: Callable[[Guidance], None] = lambda guidance: None
) -> FlightLog:
    """Repeat the route of a map that `teach_file` made.

    Args:
        path: Of the map.
        case: One of waymark.evaluation.route_cases.CASES.
        seed: Of noise, errors, start and wind.
        video: .gif, .mp4, .avi or .mkv.
        told: Called after each image.

    Raises:
        RouteError: How it was flown is not beside the map.
        MapError: The map can't be read, or another encoder made it.
    """
    if not path.is_file():
        raise MapError(f'{path}: there is no such map. Teach it: waymark sim teach --map {path}')
    request, poses = _read_facts(path)
    request = dataclasses.replace(request, case=case)
    encoder = load_encoder(EncoderConfig(threads=1))
    ground = open_ground(request, request.first_seed)
    with open_map(path, encoder.fingerprint) as file, ExitStack() as stack:
        walls = walls_of(request, way_of(request, ground, request.first_seed), request.first_seed)
        taught = Taught(file.load(), poses, walls)
        film = None if video is None else stack.enter_context(FlightVideo(video, request.rate_hz))
        show = None if film is None else _filmed(film, ground, taught)

        def watch(step: SimStep, guidance: Guidance) -> None:
            told(guidance)
            if show is not None:
                show(step, guidance)

        return repeat(request, config_for(request.simulator), encoder, ground, taught, seed, watch)


def _require_new(path: Path) -> None:
    if path.exists():
        raise MapError(f'--map {path} is there already. Give another path, or remove it.')
    if not path.resolve().parent.is_dir():
        raise MapError(f'--map {path}: there is no folder {path.parent}. Make it, or give another path.')


def facts_of(path: Path) -> Path:
    """The file beside a map that says how it was flown."""
    return path.with_name(path.name + '.json')


def _read_facts(path: Path) -> tuple[RouteFlights, Any]:
    try:
        facts = json.loads(facts_of(path).read_text(encoding='utf-8'))
        values = dict(facts['request'], size_wh=tuple(facts['request']['size_wh']))
        poses = np.array(facts['poses'], np.float64).reshape(-1, 3)
        request = RouteFlights(**values)
        require_flown(request)
        if len(poses) < 2 or not np.isfinite(poses).all():
            raise ValueError('poses')
        return request, poses
    except (OSError, ValueError, KeyError, TypeError, ConfigError):
        raise RouteError(
            f'{facts_of(path)}: does not say how the route was flown. Teach it: waymark sim teach --map {path}'
        ) from None


def _filmed(film: FlightVideo, ground: Ground, taught: Taught) -> Callable[[SimStep, Guidance | None], None]:
    view = GroundView(ground, taught.poses[:, :2])

    def show(step: SimStep, guidance: Guidance | None) -> None:
        if step.rgb is not None:
            film.write(flight_picture(step.rgb, view.drawn(step.T_map_base), guidance, step.stamp_s))

    return show
