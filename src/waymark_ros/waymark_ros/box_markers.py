# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes for RViz and Foxglove: outlines and captions in front of the camera."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point, Vector3
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from waymark.detected_pictures import COLOURS, caption
from waymark.image.camera import CameraModel
from waymark.objects import Sighting
from waymark.objects.outlines import outlines
from waymark.types import Frame
from waymark_ros.conversions import header_to_msg

LINE = 0.003  # width of a line, as a share of its distance
TEXT = 0.03  # height of a caption, likewise
MOST_CAPTIONS = 100  # each is a marker of its own


def markers(seen: Sighting, frame: Frame, camera: CameraModel | None, depth_m: float) -> MarkerArray:
    """Draw what was seen in an image; what was drawn before goes.

    Args:
        seen: The boxes.
        frame: Their image.
        camera: Its calibration, where it is known: in RViz's Camera display the outlines then lie on the objects.
        depth_m: How far in front of it they are drawn.
    """
    header = header_to_msg(frame.header)
    shapes = outlines(seen.detections.boxes, frame.size_wh, camera, depth_m)
    colours = [_colour(kind) for kind in seen.detections.classes.tolist()]
    lines = Marker(header=header, ns='boxes', type=Marker.LINE_LIST, action=Marker.ADD, scale=Vector3(x=LINE * depth_m))
    lines.pose.orientation.w = 1.0
    # Every side twice: from each corner to the next. Corners 0 to 1 run along theta.
    ends = shapes[:, [0, 1, 1, 2, 2, 3, 3, 0]].reshape(-1, 3).tolist()
    lines.points = [Point(x=x, y=y, z=z) for x, y, z in ends]
    lines.colors = [colour for colour in colours for _ in range(8)]
    texts = [_caption(seen, i, shapes[i], colours[i], lines, depth_m) for i in range(min(len(shapes), MOST_CAPTIONS))]
    return MarkerArray(markers=[Marker(header=header, action=Marker.DELETEALL), lines, *texts])


def _caption(
    seen: Sighting, index: int, shape: NDArray[np.float64], colour: ColorRGBA, like: Marker, depth_m: float
) -> Marker:
    text = Marker(header=like.header, ns='captions', id=index, type=Marker.TEXT_VIEW_FACING, action=Marker.ADD)
    top = shape[shape[:, 1].argmin()].tolist()
    text.pose.position = Point(x=top[0], y=top[1] - TEXT * depth_m, z=top[2])
    text.pose.orientation.w = 1.0
    text.scale, text.color, text.text = (
        Vector3(z=TEXT * depth_m),
        colour,
        caption(seen.detections, index, seen.track_ids),
    )
    return text


def _colour(kind: int) -> ColorRGBA:
    red, green, blue = (float(v) / 255 for v in COLOURS[kind % len(COLOURS)])
    return ColorRGBA(r=red, g=green, b=blue, a=1.0)
