# SPDX-License-Identifier: Apache-2.0
"""Read a recording into a Run: topics are found by their type, whatever their name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from waymark.errors import RecordingError
from waymark.report.reader import RecordedMessage, Recording
from waymark.report.run import (
    BoxesSample,
    KeyframeSample,
    LocalizationSample,
    LogSample,
    MatchSample,
    PositionSample,
    RouteSample,
    Run,
    StatusSample,
    TargetSample,
    stamp_of,
)
from waymark.report.topics import (
    COMPRESSED_IMAGE,
    DETECTIONS,
    DIAGNOSTICS,
    EMBEDDING,
    IMAGE,
    KEYFRAME,
    LOCALIZATION,
    LOG,
    NAVSAT,
    ODOMETRY,
    PLACE_MATCH,
    REPEAT_ROUTE,
    TARGETS,
    TEACH_ROUTE,
    header_stamp,
)

_ONE_SOURCE = (LOCALIZATION, PLACE_MATCH, KEYFRAME, TARGETS, DETECTIONS, EMBEDDING)
_LOCALIZED = 2
_TRACKING = 1


def collect(recording: Recording) -> Run:
    """Decode everything but images and embeddings, of which only the stamps are noted."""
    run = Run(recording, notes=list(recording.warnings))
    skipped = _topics_shown_elsewhere(run)
    failures: dict[str, tuple[int, str]] = {}
    for message in recording.messages():
        take = _HANDLERS.get(message.type_name)
        if take is None or message.topic in skipped:
            continue
        try:
            take(run, message)
        except (RecordingError, AttributeError) as error:  # a damaged definition names its fields otherwise
            count, first = failures.get(message.topic, (0, str(error)))
            failures[message.topic] = (count + 1, first)
    run.notes += [f'{n} messages of {topic} could not be read. {why}' for topic, (n, why) in failures.items()]
    if not recording.topics_of(PLACE_MATCH):
        run.notes += _notes_without_matches(run)
    return run


def _topics_shown_elsewhere(run: Run) -> set[str]:
    """Of several topics of one result type the busiest is shown; say so."""
    skipped: set[str] = set()
    for type_name in _ONE_SOURCE:
        shown, *others = [t.name for t in run.recording.topics_of(type_name)] or ['']
        if others:
            skipped.update(others)
            run.notes.append(f'{len(others) + 1} topics carry {type_name}; the report shows {shown}.')
    return skipped


def _notes_without_matches(run: Run) -> list[str]:
    if not run.matches:
        return []
    return ['No PlaceMatch topic was recorded; matches are taken from the Localization messages.']


def _take_localization(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    stamp = stamp_of(msg.header)
    run.localizations.append(
        LocalizationSample(stamp, int(msg.state), float(msg.best_similarity), int(msg.keyframe_count))
    )
    if msg.state == _LOCALIZED and not run.recording.topics_of(PLACE_MATCH):
        run.matches.append(_match(msg.match, stamp))


def _take_match(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    run.matches.append(_match(msg, stamp_of(msg.header)))


def _match(msg: Any, stamp_ns: int) -> MatchSample:
    homography = np.asarray(msg.h_cur_ref, np.float64).reshape(3, 3)
    return MatchSample(
        stamp_ns,
        int(msg.keyframe_id),
        stamp_of(msg.keyframe_stamp),
        float(msg.similarity),
        int(msg.inliers),
        homography,
    )


def _take_keyframe(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    at = msg.pose.position
    position = (float(at.x), float(at.y), float(at.z)) if msg.has_pose else None
    run.keyframes.append(KeyframeSample(stamp_of(msg.header), int(msg.keyframe_id), str(msg.fingerprint), position))


def _take_targets(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    for target in msg.targets:
        corners = np.array([[c.x, c.y] for c in target.corners], np.float64).reshape(-1, 2)
        whole = target.state == _TRACKING and corners.shape == (4, 2) and bool(np.isfinite(corners).all())
        run.targets.append(
            TargetSample(
                stamp_of(msg.header),
                str(target.target_id),
                int(target.state),
                corners if whole else None,
                float(target.quality),
                int(target.inliers),
            )
        )


def _take_boxes(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    rows, names, tracks = [], [], []
    for found in msg.detections:
        at = found.bbox.center
        row = (at.position.x, at.position.y, found.bbox.size_x, found.bbox.size_y, at.theta)
        if found.results and np.isfinite(row).all() and min(row[2:4]) >= 0:
            rows.append(row)
            names.append(str(found.results[0].hypothesis.class_id))
            tracks.append(str(found.id))
    boxes = np.array(rows, np.float64).reshape(-1, 5)
    run.boxes.append(BoxesSample(stamp_of(msg.header), boxes, tuple(names), tuple(tracks)))


def _take_teaching(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    said, goal = msg.feedback, bytes(msg.goal_id.uuid).hex()
    count, length = int(said.keyframe_count), float(said.length)
    run.routes.append(RouteSample(message.log_time_ns, goal, None, keyframes=count, length_m=length))


def _take_repetition(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    said, goal = msg.feedback, bytes(msg.goal_id.uuid).hex()
    if np.isfinite((said.progress, said.lateral_error)).all():
        progress, state = float(said.progress), int(said.localization_state)
        run.routes.append(RouteSample(message.log_time_ns, goal, progress, float(said.lateral_error), state))


def _take_odometry(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    at = msg.pose.pose.position
    _add_position(run, message.topic, stamp_of(msg.header), at.x, at.y, at.z)


def _take_navsat(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    if msg.status.status >= 0:  # sensor_msgs/NavSatStatus: -1 is no fix
        _add_position(run, message.topic, stamp_of(msg.header), msg.longitude, msg.latitude, msg.altitude)


def _add_position(run: Run, topic: str, stamp_ns: int, x: float, y: float, z: float) -> None:
    if np.isfinite((x, y)).all():
        z = float(z) if np.isfinite(z) else 0.0
        run.positions[topic].append(PositionSample(stamp_ns, float(x), float(y), z))


def _take_diagnostics(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    for status in msg.status:
        values = {str(v.key): str(v.value) for v in status.values}
        level = status.level if isinstance(status.level, int) else int(np.asarray(status.level))
        run.statuses.append(
            StatusSample(
                stamp_of(msg.header),
                str(status.name),
                str(status.hardware_id),
                level,
                str(status.message),
                values,
            )
        )


def _take_log(run: Run, message: RecordedMessage) -> None:
    msg = run.recording.decode(message)
    known = [s[-1] for s in run.image_stamps.values()] + [s.stamp_ns for s in run.localizations[-1:]]
    run.logs.append(LogSample(max(known, default=0), int(msg.level), str(msg.name), str(msg.msg)))


def _take_image_stamp(run: Run, message: RecordedMessage) -> None:
    run.image_stamps[message.topic].append(header_stamp(message))


def _take_embedding_stamp(run: Run, message: RecordedMessage) -> None:
    run.embedding_stamps.append(header_stamp(message))


_HANDLERS: dict[str, Callable[[Run, RecordedMessage], None]] = {
    LOCALIZATION: _take_localization,
    PLACE_MATCH: _take_match,
    KEYFRAME: _take_keyframe,
    TARGETS: _take_targets,
    DETECTIONS: _take_boxes,
    TEACH_ROUTE: _take_teaching,
    REPEAT_ROUTE: _take_repetition,
    EMBEDDING: _take_embedding_stamp,
    COMPRESSED_IMAGE: _take_image_stamp,
    IMAGE: _take_image_stamp,
    ODOMETRY: _take_odometry,
    NAVSAT: _take_navsat,
    DIAGNOSTICS: _take_diagnostics,
    LOG: _take_log,
}
