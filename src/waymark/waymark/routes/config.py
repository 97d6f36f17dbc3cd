# SPDX-License-Identifier: Apache-2.0
"""Configuration of the route follower."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param
from waymark.image.homography import HomographyConfig


@dataclass(frozen=True)
class SightingConfig(HomographyConfig):
    """When an image counts as a view of a keyframe, and how exact that is."""

    route_ratio: float = param(
        0.85, "Lowe's ratio test: the best match must be this much nearer than the second.", gt=0, le=1
    )
    max_misfit_px: float = param(
        4.0,
        'Largest root mean square distance of matches from a level view of flat ground: above it the homography is of '
        'something else.',
        gt=0,
        unit='px',
    )
    pixel_sigma: float = param(
        1.0, 'Standard deviation of a keyframe as a whole against an image: its features err together.', gt=0, unit='px'
    )
    tilt_sigma_rad: float = param(
        0.015, 'Standard deviation of roll and pitch where no attitude is known.', ge=0, le=0.5, unit='rad'
    )
    attitude_sigma_rad: float = param(
        0.004, 'Standard deviation of roll and pitch where an attitude is known.', ge=0, le=0.5, unit='rad'
    )


@dataclass(frozen=True)
class SteeringConfig(Config):
    """How the vehicle is led."""

    sideways: bool = param(
        True,
        'Whether the vehicle can move sideways (a multirotor); false: a base that steers by speed and yaw rate alone, '
        'stops where it is lost, and feels no wind.',
    )
    look_ahead_m: float = param(
        1.2, 'How far ahead on the way a vehicle that can not move sideways steers to.', gt=0, unit='m'
    )

    max_speed: float = param(3.0, 'Fastest along the route.', gt=0, le=50, unit='m/s')
    min_speed: float = param(0.3, 'Slowest along the route while it is followed.', gt=0, le=50, unit='m/s')
    max_side_speed: float = param(2.0, 'Fastest towards the route.', gt=0, le=50, unit='m/s')
    side_gain: float = param(0.8, 'Speed towards the route per metre beside it.', gt=0, le=10, unit='1/s')
    turn_gain: float = param(1.2, 'Yaw rate per radian of wrong heading.', gt=0, le=10, unit='1/s')
    max_yaw_rate: float = param(0.8, 'Largest yaw rate.', gt=0, le=10, unit='rad/s')
    side_acceleration: float = param(1.5, 'Largest acceleration in bends: they are flown slower.', gt=0, unit='m/s^2')
    braking: float = param(1.0, 'Deceleration before the end.', gt=0, unit='m/s^2')
    lag_s: float = param(
        0.3, 'Time that the vehicle needs to follow a velocity: bends are begun earlier.', ge=0, unit='s'
    )
    slow_beside_m: float = param(4.0, 'So far beside the route the vehicle returns first.', gt=0, unit='m')
    doubt_m: float = param(1.0, 'Standard deviation of the position at which it flies at `min_speed`.', gt=0, unit='m')
    arrive_m: float = param(0.5, 'Distance along the route at which its end is reached.', gt=0, unit='m')
    turn_backwards: bool = param(
        False, 'Whether the nose points along the way when flying backwards; false: as it was taught, tail first.'
    )


@dataclass(frozen=True)
class DriftConfig(Config):
    """What is expected of odometry and wind: standard deviations."""

    odometry_scale: float = param(0.05, 'Of the scale of odometry.', ge=0, le=1)
    odometry_noise: float = param(0.05, 'Of its way, per square root of a metre.', ge=0, unit='m')
    yaw_drift: float = param(0.02, 'Of its heading, per square root of a second.', ge=0, unit='rad')
    wind: float = param(1.0, 'Of the drift that odometry does not see.', ge=0, unit='m/s')
    wind_change: float = param(0.15, 'Of that drift, per square root of a second.', ge=0, unit='m/s')
    gate: float = param(5.0, 'Sightings further from what was expected than this many sigma are doubted.', gt=0)
    agree: int = param(3, 'Doubted sightings in a row that agree with each other, and are believed then.', ge=1)


@dataclass(frozen=True)
class RouteConfig(SightingConfig, SteeringConfig, DriftConfig):
    """How a route is followed."""

    lose_after_s: float = param(0.7, 'Time without a sighting after which the vehicle holds.', gt=0, unit='s')
    hold_gain: float = param(0.6, 'Speed towards the place that is held, per metre.', gt=0, unit='1/s')
    search: bool = param(False, 'Whether to fly a growing spiral where holding finds nothing.')
    search_after_s: float = param(10.0, 'Time of holding before the search begins.', ge=0, unit='s')
    search_step_m: float = param(6.0, 'Distance of the spiral from itself.', gt=0, unit='m')
    search_speed: float = param(1.5, 'Along the spiral.', gt=0, unit='m/s')
    search_radius_m: float = param(25.0, 'Where the spiral ends; the vehicle returns and holds.', gt=0, unit='m')
    camera_looks: str = param(
        'down',
        'Where the camera looks: down needs flat ground and a height; forward needs odometry, to teach.',
        choices=('down', 'forward'),
    )
    camera_yaw_deg: float = param(
        0.0,
        "Heading of the image's up in the vehicle (of its view, where the camera looks forward), counter-clockwise "
        'from its forward.',
        ge=-180,
        le=180,
        unit='degrees',
    )
    altitude_m: float = param(0.0, 'Height of the camera where nothing measures it; 0: unknown.', ge=0, unit='m')
