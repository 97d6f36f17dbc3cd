# SPDX-License-Identifier: Apache-2.0
"""Which velocity leads along a way, to a place, and in a spiral around one."""

from __future__ import annotations

import math

import numpy as np

from waymark.routes.config import RouteConfig, SteeringConfig
from waymark.routes.levelling import Floats
from waymark.routes.path import RoutePath
from waymark.routes.planar import Command, Planar, wrapped

_TURN_FIRST_RAD = math.radians(60.0)


def beside(path: RoutePath, s_m: float, pose: Planar) -> float:
    """How far left of the way a vehicle is, m; `s_m` is its place along it."""
    course = path.course(s_m)
    dx, dy = np.array([pose.x_m, pose.y_m]) - path.point(s_m)
    return float(-math.sin(course) * dx + math.cos(course) * dy)


def cruising_speed(config: SteeringConfig, path: RoutePath, s_m: float, side_m: float, sigma_m: float) -> float:
    """Speed along the way, m/s: slower in bends, in doubt, far beside it and before its end."""
    reach = config.max_speed**2 / 2 / config.braking
    bend = math.sqrt(config.side_acceleration / max(path.curvature(s_m, reach), 1e-6))
    sure = min(max(1.0 - sigma_m / config.doubt_m, 0.0) * 2.0, 1.0)  # full speed up to half of doubt_m
    near = max(1.0 - abs(side_m) / config.slow_beside_m, 0.0)
    left_m = max(path.length_m - s_m, 0.0)
    speed = min(config.max_speed, bend) * sure * near
    return min(max(speed, config.min_speed), math.sqrt(2 * config.braking * (left_m + 0.2)))


def along(
    config: SteeringConfig, path: RoutePath, s_m: float, pose: Planar, wind: Floats, sigma_m: float
) -> tuple[Floats, float]:
    """Velocity (2,) m/s in the route's frame, wind not yet taken off, and yaw rate that follow the way.

    Args:
        config: Gains and limits.
        path: The way.
        s_m: How far along it the vehicle is.
        pose: Of the vehicle, in the route's frame.
        wind: (2,) m/s, what the vehicle can not do against it.
        sigma_m: Standard deviation of its place.
    """
    side = beside(path, s_m, pose)
    speed = cruising_speed(config, path, s_m, side, sigma_m)
    ahead_m = min(s_m + speed * config.lag_s, path.length_m)
    course = path.course(ahead_m)
    tangent = np.array([math.cos(course), math.sin(course)])
    normal = np.array([-tangent[1], tangent[0]])
    back = float(np.clip(-config.side_gain * side, -config.max_side_speed, config.max_side_speed))
    turn = config.turn_gain * wrapped(path.heading(ahead_m) - pose.yaw_rad)
    return speed * tangent + back * normal, float(np.clip(turn, -config.max_yaw_rate, config.max_yaw_rate))


def driven(config: SteeringConfig, path: RoutePath, s_m: float, pose: Planar, sigma_m: float) -> Command:
    """What a base that can not move sideways is told: towards a point ahead on the way, by the circle that leads there.

    Pure pursuit (Coulter, CMU-RI-TR-92-01): a yaw rate of 2 v sin(a) / d for a point at the distance d and the angle a.
    A point more than 60 degrees aside is turned to on the spot. Backwards the tail leads.

    Args:
        config: Gains and limits.
        path: The way.
        s_m: How far along it the vehicle is.
        pose: Of the vehicle, in the route's frame.
        sigma_m: Standard deviation of its place.
    """
    ahead_m = min(s_m + config.look_ahead_m, path.length_m)
    target, course = path.point(ahead_m), path.course(ahead_m)
    beyond_m = s_m + config.look_ahead_m - ahead_m  # the way goes on straight behind its end
    x, y = target + beyond_m * np.array([math.cos(course), math.sin(course)]) - (pose.x_m, pose.y_m)
    gear = math.copysign(1.0, math.cos(wrapped(path.heading(s_m) - path.course(s_m))))
    aside = wrapped(math.atan2(y, x) - pose.yaw_rad - (math.pi if gear < 0 else 0.0))
    speed = cruising_speed(config, path, s_m, beside(path, s_m, pose), sigma_m)
    if abs(aside) > _TURN_FIRST_RAD:
        turn, speed = config.turn_gain * aside, 0.0
    else:
        turn = 2.0 * speed * math.sin(aside) / max(math.hypot(x, y), 0.5 * config.look_ahead_m)
    return Command(gear * speed, 0.0, 0.0, float(np.clip(turn, -config.max_yaw_rate, config.max_yaw_rate)))


def towards(config: RouteConfig, place: Floats, pose: Planar, most: float) -> Floats:
    """Velocity (2,) m/s in the route's frame that leads to a place and stays there."""
    way = config.hold_gain * (place - (pose.x_m, pose.y_m))
    speed = float(np.hypot(*way))
    return np.asarray(way * min(1.0, most / max(speed, 1e-9)))


def spiral(config: RouteConfig, flown_m: float) -> Floats | None:
    """Point (2,) m of an Archimedean spiral around its start after some way; None beyond the search radius.

    Length of r = step * angle / 2 pi is about r^2 pi / step.
    """
    radius = math.sqrt(max(flown_m, 0.0) * config.search_step_m / math.pi)
    if radius > config.search_radius_m:
        return None
    angle = 2 * math.pi * radius / config.search_step_m
    return radius * np.array([math.cos(angle), math.sin(angle)])


def command_of(velocity: Floats, yaw_rate: float, wind: Floats, yaw_rad: float) -> Command:
    """Turn a wanted velocity over ground in the route's frame into what the vehicle is told in its own.

    Args:
        velocity: (2,) m/s.
        yaw_rate: rad/s.
        wind: (2,) m/s that comes on top of what the vehicle does.
        yaw_rad: Its heading in the route's frame.
    """
    x, y = velocity - wind
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    return Command(float(c * x + s * y), float(-s * x + c * y), 0.0, float(yaw_rate))
