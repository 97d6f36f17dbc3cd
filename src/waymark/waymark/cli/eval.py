# SPDX-License-Identifier: Apache-2.0
"""`waymark eval`: how good Waymark is on your own data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

_KEY, _TURN = 'stamp_s (or frame)', 'qx, qy, qz, qw of the vehicle'

app = typer.Typer(help='Measure on your own data, with a truth file.', no_args_is_help=True)


@app.command()
def places(
    database: Annotated[Path, typer.Option(help='Folder of reference images; files count in natural order from 0.')],
    queries: Annotated[Path, typer.Option(help='Folder of query images.')],
    truth: Annotated[
        Path,
        typer.Option(help='JSON: {"query_to_references": {"0": [3, 4], "1": []}}; an empty list: no right answer.'),
    ],
    json: Annotated[Path, typer.Option(help='Where the figures go.')],
    encoder: Annotated[
        str | None, typer.Option(help="'hog', an embedded model's name, a model folder or a manifest.")
    ] = None,
    sequence: Annotated[int, typer.Option(min=1, help='Rank by this many images: the query and those before it.')] = 1,
    rerank: Annotated[bool, typer.Option('--rerank/--no-rerank', help='Rank by more than the embedding.')] = True,
    online: Annotated[
        bool, typer.Option('--online', help='One sequence, given twice: each image may only match those before it.')
    ] = False,
    exclude_recent: Annotated[int, typer.Option(min=0, help='With --online: the last images that can not match.')] = 0,
    camera_info: Annotated[
        Path | None,
        typer.Option(
            help='Calibration of the camera (ROS camera_calibration YAML): scenes with depth are verified too.'
        ),
    ] = None,
) -> None:
    """Place recognition: recall, precision and time of queries against a database."""
    from waymark.evaluation.places_run import PlacesRequest
    from waymark.evaluation.show import show_places

    chosen = {} if encoder is None else {'encoder': encoder}
    request = PlacesRequest(
        database,
        queries,
        truth,
        sequence=sequence,
        rerank=rerank,
        online=online,
        exclude_recent=exclude_recent,
        camera_info=camera_info,
        **chosen,
    )
    show_places(request, json)


@app.command()
def shots(
    video: Annotated[str, typer.Option(help='Video, folder of images or rosbag2.')],
    truth: Annotated[
        Path,
        typer.Option(help='JSON: {"cuts": [first frame of each new shot, ...]}, and "gradual": [[first, end], ...].'),
    ],
    json: Annotated[Path | None, typer.Option(help='Write the numbers.')] = None,
) -> None:
    """Count boundaries found and made up: precision, recall and f1 at tolerance 0 and 1, ms per frame."""
    from waymark.evaluation.shots_report import show_evaluation

    show_evaluation(video, truth, json)


@app.command()
def detections(
    images: Annotated[Path, typer.Option(help='Folder of images.')],
    labels: Annotated[Path, typer.Option(help='Folder of YOLO-OBB labels: class x1 y1 .. x4 y4, shares of the image.')],
    json: Annotated[Path, typer.Option(help='Where the figures go.')],
    names: Annotated[
        Path | None, typer.Option(help='Class names of the labels: one per line, or YAML; default: those of the model.')
    ] = None,
    model: Annotated[
        str, typer.Option(help='Name of an embedded model, ONNX file, model folder or manifest.')
    ] = 'waymark-obb-1',
    decoder: Annotated[str, typer.Option(help="How outputs become boxes; '': as stated or recognised.")] = '',
    confidence: Annotated[float, typer.Option(min=0, max=1, help='Least score that counts.')] = 0.001,
    tile_overlap: Annotated[
        float, typer.Option(min=0, max=0.8, help='See large images in tiles that overlap by this share; 0: at once.')
    ] = 0.0,
    backend: Annotated[str, typer.Option(help='onnx, openvino, tensorrt, rknn, torch or auto.')] = 'auto',
) -> None:
    """Oriented boxes: average precision by exact rotated IoU, per class and class-agnostic, and ms per image."""
    from waymark.detection import DetectorConfig
    from waymark.evaluation.detections import DetectionsRequest
    from waymark.evaluation.detections_report import show_detections

    config = DetectorConfig(
        model=model,
        decoder=decoder,
        confidence=confidence,
        tile_overlap=tile_overlap,
        backend=backend,
        max_detections=0,
    )
    show_detections(DetectionsRequest(images, labels, names, config), json)


@app.command()
def geo(
    map_: Annotated[Path, typer.Option('--map', help='Picture of the ground, or a map of waymark map from-ortho.')],
    photos: Annotated[Path, typer.Option(help='Folder of photos.')],
    truth: Annotated[
        Path,
        typer.Option(
            help='CSV: file,x_px,y_px[,yaw_deg,altitude_m]: the pixel of the map below the camera; '
            'x_px and y_px empty: the photo is not on the map.'
        ),
    ],
    json: Annotated[Path, typer.Option(help='Where the figures go.')],
    metres_per_pixel: Annotated[
        float | None, typer.Option(help='Of the picture; default: what GeoTIFF tags or a world file say.')
    ] = None,
    camera_info: Annotated[
        Path | None, typer.Option(help='Calibration of the camera (ROS YAML): tells altitude, and tilt exactly.')
    ] = None,
    encoder: Annotated[
        str, typer.Option(help="'hog', an embedded model's name, a model folder or a manifest; default: the map's own.")
    ] = '',
    set_: Annotated[
        list[str] | None, typer.Option('--set', help='PARAMETER=VALUE of geo_localization, repeatable.')
    ] = None,
) -> None:
    """Photos found on a map: errors in metres, what is accepted, what of that is wrong."""
    from waymark.evaluation.geo import GeoRequest
    from waymark.evaluation.geo_report import show_geo

    request = GeoRequest(map_, photos, truth, metres_per_pixel, camera_info, encoder, tuple(set_ or ()))
    show_geo(request, json)


@app.command()
def homography(
    pairs: Annotated[
        Path,
        typer.Option(
            help='JSON: [{"reference": "a.png", "current": "b.png", "H": 3x3 or null}, ...], paths relative to it; '
            'H maps reference to current pixels, null: no homography is right.'
        ),
    ],
    json: Annotated[Path, typer.Option(help='Where the figures go.')],
    detector: Annotated[str, typer.Option(help='Local features: orb is fast, akaze is more exact.')] = 'akaze',
    thorough: Annotated[
        bool, typer.Option('--thorough', help='Go on where the first matches do not do: slower, finds more.')
    ] = False,
) -> None:
    """Registration of picture pairs: corner errors, what is lost, what is wrong, time."""
    from waymark.evaluation.homography_report import show_homography
    from waymark.image.registration import RegistrationConfig

    show_homography(pairs, RegistrationConfig(detector=detector, thorough=thorough), json)


@app.command()
def odometry(
    json: Annotated[Path, typer.Option(help='Where the figures go.')],
    simulator: Annotated[
        Literal['orthophoto'] | None, typer.Option(help='Fly over a picture of the ground, with exact truth.')
    ] = None,
    ground: Annotated[str, typer.Option(help="With --simulator: the picture, or 'ground' for a generated one.")] = '',
    metres_per_pixel: Annotated[float, typer.Option(help='Scale of that picture.')] = 0.0,
    altitude: Annotated[
        float | None, typer.Option(help='Above ground, m; with --input where no sensor says it.')
    ] = None,
    speed: Annotated[float, typer.Option(help='With --simulator: m/s.')] = 4.0,
    distance: Annotated[float, typer.Option(help='With --simulator: m; a closed route is flown again.')] = 200.0,
    seeds: Annotated[int, typer.Option(min=1, help='With --simulator: number of flights.')] = 5,
    first_seed: Annotated[int, typer.Option(min=0, help='With --simulator: seed of the first flight.')] = 0,
    attitude: Annotated[bool, typer.Option('--attitude/--no-attitude', help='Use roll and pitch.')] = True,
    size: Annotated[str, typer.Option(help='With --simulator: image size, px.')] = '640x480',
    fov_deg: Annotated[float, typer.Option(help='With --simulator: vertical field of view.')] = 60.0,
    rate: Annotated[float, typer.Option(help='With --simulator: images per second.')] = 10.0,
    tilt_deg: Annotated[float, typer.Option(help='With --simulator: jitter of roll, pitch, yaw.')] = 3.0,
    light: Annotated[float, typer.Option(help='With --simulator: share by which brightness wavers.')] = 0.3,
    noise: Annotated[float, typer.Option(help="With --simulator: the sensor's noise, grey levels.")] = 3.0,
    input: Annotated[str, typer.Option(help='Instead of --simulator: bag or folder of images.')] = '',  # noqa: A002
    truth: Annotated[Path | None, typer.Option(help=f'With --input: CSV with {_KEY}, x_m, y_m, z_m, {_TURN}.')] = None,
    sensors: Annotated[
        Path | None, typer.Option(help=f'With --input: CSV with {_KEY}, range_m or height_m, {_TURN}.')
    ] = None,
    camera_info: Annotated[Path | None, typer.Option(help='With --input: ROS calibration YAML.')] = None,
    plot: Annotated[Path | None, typer.Option(help='Draw truth and estimate, and the errors, into a PNG.')] = None,
    set_: Annotated[list[str] | None, typer.Option('--set', help='PARAMETER=VALUE of ego_motion, repeatable.')] = None,
) -> None:
    """Ego-motion over ground: drift in percent of the distance flown, and whether its covariance is honest (NEES)."""
    from waymark.evaluation.odometry_report import OdometryOptions, show_odometry

    options = OdometryOptions(
        simulator, ground, metres_per_pixel, altitude, speed, distance, seeds, first_seed, attitude, size, fov_deg,
        rate, tilt_deg, light, noise, input, truth, sensors, camera_info, plot, tuple(set_ or ()),
    )  # fmt: skip
    show_odometry(options, json)


@app.command()
def route(
    json: Annotated[Path, typer.Option(help='Where the figures go.')],
    simulator: Annotated[
        Literal['orthophoto', 'gazebo', 'mujoco', 'forward'],
        typer.Option(help='A quadrotor that looks down; forward: a base between walls that looks forward.'),
    ] = 'orthophoto',
    ground: Annotated[str, typer.Option(help="A picture, or 'ground' for a generated one per seed.")] = 'ground',
    metres_per_pixel: Annotated[
        float | None, typer.Option(help='Scale of that picture; by default it is 200 m wide.')
    ] = None,
    altitude: Annotated[float, typer.Option(help='Above ground, m.')] = 20.0,
    speed: Annotated[float | None, typer.Option(help='m/s; by default 3, forward 1.')] = None,
    case: Annotated[
        Literal['nominal', 'offset', 'wind', 'light', 'kidnap', 'reverse', 'blank', 'season'],
        typer.Option(help='What has changed since the route was taught.'),
    ] = 'nominal',
    seeds: Annotated[int, typer.Option(min=1, help='Number of flights.')] = 5,
    first_seed: Annotated[int, typer.Option(min=0, help='Seed of the first flight.')] = 0,
    attitude: Annotated[bool, typer.Option('--attitude/--no-attitude', help='Use roll and pitch.')] = True,
    length: Annotated[float | None, typer.Option(help='Of the route, m; by default 95, forward 40.')] = None,
    plot: Annotated[Path | None, typer.Option(help='Draw the first flights into a PNG.')] = None,
) -> None:
    """Teach a route, repeat it: how often its end is reached, and how far beside it the vehicle flies."""
    from waymark.evaluation.route_report import RouteOptions, show_route

    show_route(
        RouteOptions(
            ground, metres_per_pixel, altitude, speed, case, seeds, first_seed, attitude, length, plot,
            simulator,
        ),
        json,
    )  # fmt: skip
