# SPDX-License-Identifier: Apache-2.0
"""`waymark sim`: teach a route in the simulator, repeat it, and watch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help='Fly in the simulator: teach a route, repeat it, and watch.', no_args_is_help=True)
_Video = Annotated[Path | None, typer.Option(help='Film of the flight: .gif, .mp4, .avi or .mkv.')]


@app.command()
def teach(
    map: Annotated[Path, typer.Option(help='Map file to write; beside it MAP.json says how it was flown.')],  # noqa: A002
    ground: Annotated[str, typer.Option(help="A picture, or 'ground' for a generated one.")] = 'ground',
    metres_per_pixel: Annotated[
        float | None, typer.Option(help='Scale of that picture; by default it is 200 m wide.')
    ] = None,
    altitude: Annotated[float, typer.Option(help='Above ground, m.')] = 20.0,
    speed: Annotated[float | None, typer.Option(help='m/s; by default 3, forward 1.')] = None,
    length: Annotated[float | None, typer.Option(help='Of the route, m; by default 95, forward 40.')] = None,
    seed: Annotated[int, typer.Option(min=0, help='Decides the way, the generated ground and all errors.')] = 0,
    attitude: Annotated[bool, typer.Option('--attitude/--no-attitude', help='Use roll and pitch.')] = True,
    video: _Video = None,
    simulator: Annotated[
        Literal['orthophoto', 'gazebo', 'mujoco', 'forward'],
        typer.Option(help='A quadrotor that looks down; forward: a base between walls. `repeat` takes the same.'),
    ] = 'orthophoto',
) -> None:
    """Have a pilot fly a route once, and keep it."""
    from waymark.evaluation.route_report import RouteOptions, request_of
    from waymark.simulated_routes import teach_file

    options = RouteOptions(
        ground, metres_per_pixel, altitude, speed, 'nominal', 1, seed, attitude, length, None, simulator
    )  # fmt: skip
    count, length_m = teach_file(map, request_of(options), video)
    typer.echo(f'{map}: a route of {length_m:.0f} m in {count} keyframes')


@app.command()
def repeat(
    map: Annotated[Path, typer.Option(help='Map file of `waymark sim teach`.')],  # noqa: A002 - the option's name
    case: Annotated[
        Literal['nominal', 'offset', 'wind', 'light', 'kidnap', 'reverse', 'blank', 'season'],
        typer.Option(help='What has changed since the route was taught.'),
    ] = 'nominal',
    seed: Annotated[int, typer.Option(min=0, help='Decides start, wind and all errors.')] = 1,
    video: _Video = None,
    json: Annotated[Path | None, typer.Option(help='Where the figures go.')] = None,
) -> None:
    """Fly a taught route again. Exit code 1 where its end is not reached."""
    from waymark.evaluation.route import figures
    from waymark.evaluation.show import require_writable, show_figures, write_figures
    from waymark.simulated_routes import repeat_file

    if json is not None:
        require_writable(json)
    log = repeat_file(map, case, seed, video)
    values = figures([log])
    show_figures(f'{case}: {map.name}', values)
    if json is not None:
        write_figures(json, values)
    raise typer.Exit(0 if log.is_success else 1)


@app.command()
def fly(
    ground: Annotated[str, typer.Option(help="A picture, or 'ground' for a generated one.")] = 'ground',
    metres_per_pixel: Annotated[float, typer.Option(help='Scale of that picture; 0: it is 200 m wide.')] = 0.0,
    altitude: Annotated[float, typer.Option(help='Above ground, m.')] = 20.0,
    seed: Annotated[int, typer.Option(min=0, help='Decides the generated ground, the way and all errors.')] = 7,
    wind: Annotated[tuple[float, float], typer.Option(help='East and north, m/s.')] = (0.0, 0.0),
    duration: Annotated[float, typer.Option(min=0.0, help='End after so many simulated seconds; 0: never.')] = 0.0,
    video: _Video = None,
    show: Annotated[
        bool | None, typer.Option('--show/--no-show', help='A window; by default where there is a display.')
    ] = None,
    record: Annotated[bool, typer.Option(help='Record to out/<run>/run.mcap and write a report.')] = False,
) -> None:
    """Fly a simulated drone by the ROS topic cmd_vel: it publishes image, camera_info, odometry, range, imu, /clock."""
    import sys

    from waymark.pipeline.sim_fly import FlyOptions
    from waymark.pipeline.sim_fly import fly as fly_it

    options = FlyOptions(ground, metres_per_pixel, altitude, seed, wind, duration, video, show, record)
    sys.exit(fly_it(options))


@app.command('export-gazebo')
def export_gazebo(
    folder: Annotated[Path, typer.Argument(help='Where world.sdf, bridge.yaml, harmonic.launch.py and the ground go.')],
    ground: Annotated[str, typer.Option(help="A picture, or 'ground' for a generated one.")] = 'ground',
    metres_per_pixel: Annotated[float, typer.Option(help='Scale of that picture; 0: it is 200 m wide.')] = 0.0,
    altitude: Annotated[float, typer.Option(help='Where the vehicle starts, m.')] = 20.0,
    seed: Annotated[int, typer.Option(min=0, help='Decides the generated ground and the way.')] = 7,
    traffic: Annotated[int, typer.Option(min=0, max=1000, help='Vehicles that drive about.')] = 0,
    width: Annotated[int, typer.Option(help='Of images, px.')] = 320,
    height: Annotated[int, typer.Option(help='Of images, px.')] = 240,
    rate: Annotated[float, typer.Option(help='Images per second.')] = 10.0,
) -> None:
    """Write the simulator's scene for Gazebo Harmonic: a world in SDF 1.9, ros_gz_bridge's topics, a launch file."""
    from waymark.pipeline.flight_simulator import FlightSimulatorConfig

    values = {
        'ground': ground,
        'metres_per_pixel': metres_per_pixel,
        'altitude': altitude,
        'seed': seed,
        'traffic': traffic,
        'width': width,
        'height': height,
        'image_rate_hz': rate,
    }
    config = FlightSimulatorConfig.from_mapping(values, 'waymark sim export-gazebo')
    from waymark_sim.harmonic import export_flight

    for path in export_flight(config, folder):
        typer.echo(path)
