# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes and tracks as ROS messages; how the camera moved as numbers.

The angle is theta of `waymark.boxes` as it is: from +x (right) towards +y (down), w = size_x along it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header as HeaderMsg
from vision_msgs.msg import (
    BoundingBox2D,
    Detection2D,
    Detection2DArray,
    LabelInfo,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
    Point2D,
    Pose2D,
    VisionClass,
)
from waymark_msgs.msg import FrameHomography, OrientedTrackArray
from waymark_msgs.msg import OrientedTrack as TrackMsg

from waymark.detection.tracks import OrientedTrack
from waymark.errors import MessageError
from waymark.objects import Sighting
from waymark.types import Header
from waymark_ros.conversions import header_to_msg, ns_to_time, time_to_ns


def detections_to_msg(seen: Sighting, header: Header) -> Detection2DArray:
    """Every box of an image; `id` is its track's, empty while it has none."""
    stamp = header_to_msg(header)
    found = seen.detections
    first = zip(found.names, found.scores.tolist(), strict=True)
    kinds = [[best, *rest] for best, rest in zip(first, seen.others or [()] * len(found), strict=True)]
    rows = zip(found.boxes.tolist(), kinds, seen.track_ids, strict=True)
    return Detection2DArray(header=stamp, detections=[_detection(stamp, *row) for row in rows])


def _detection(stamp: HeaderMsg, box: list[float], kinds: list[tuple[str, float]], track: int | None) -> Detection2D:
    cx, cy, w, h, theta = box
    centre = Pose2D(position=Point2D(x=cx, y=cy), theta=theta)
    return Detection2D(
        header=stamp,
        results=[ObjectHypothesisWithPose(hypothesis=ObjectHypothesis(class_id=n, score=s)) for n, s in kinds],
        bbox=BoundingBox2D(center=centre, size_x=w, size_y=h),
        id='' if track is None else str(track),
    )


def tracks_to_msg(tracks: tuple[OrientedTrack, ...], header: Header) -> OrientedTrackArray:
    """All that is followed, with covariances."""
    return OrientedTrackArray(header=header_to_msg(header), tracks=[_track(t) for t in tracks])


def _track(track: OrientedTrack) -> TrackMsg:
    cx, cy, w, h, theta = track.box.tolist()
    return TrackMsg(
        track_id=str(track.track_id),
        class_id=track.class_name,
        score=track.score,
        is_seen=track.is_seen,
        cx=cx,
        cy=cy,
        w=w,
        h=h,
        theta=theta,
        covariance=track.covariance.ravel(),
        velocity=track.velocity,
    )


def object_labels_to_msg(labels: tuple[str, ...], threshold: float, header: Header) -> LabelInfo:
    """The classes that boxes may have; Detection2D holds their names."""
    return LabelInfo(
        header=HeaderMsg(stamp=ns_to_time(header.stamp_ns)),
        class_map=[VisionClass(class_id=number, class_name=name) for number, name in enumerate(labels)],
        threshold=float(threshold),
    )


def homography_from_msg(msg: FrameHomography) -> tuple[int, int, NDArray[np.float64]]:
    """Stamps of the image before and of the image (ns), and H_cur_prev (3, 3).

    Raises:
        MessageError: It is not finite, has no inverse, or its stamps are not in order.
    """
    before_ns, now_ns = time_to_ns(msg.previous_stamp), time_to_ns(msg.header.stamp)
    H = np.array(msg.h_cur_prev, np.float64).reshape(3, 3)
    size = float(np.abs(H).max())
    if not math.isfinite(size) or abs(np.linalg.det(H)) <= 1e-12 * size**3 or not 0 < before_ns < now_ns:
        raise MessageError(
            f'it is none: H {H.ravel().round(6).tolist()} from {before_ns} to {now_ns} ns must be finite, have an '
            'inverse and go forward in time.'
        )
    return before_ns, now_ns, H
