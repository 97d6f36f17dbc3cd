# SPDX-License-Identifier: Apache-2.0
"""Recordings of synthetic flights: what the nodes would have published, as messages."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from waymark_test_flights import Flight, RunPlan  # flights.py beside this file, see conftest.py

from waymark.report.writer import McapRecorder

REPO = Path(__file__).resolve().parents[3]
FINGERPRINT = 'f' * 64


def make_types() -> Any:
    """The Jazzy types, waymark_msgs and what we use of vision_msgs, without ROS."""
    store = get_typestore(Stores.ROS2_JAZZY)
    found: dict[str, Any] = {}
    for folder in (REPO / 'src/waymark_msgs', REPO / 'packaging/interfaces/vision_msgs'):
        for file in sorted((folder / 'msg').glob('*.msg')):
            found.update(get_types_from_msg(file.read_text(), f'{folder.name}/msg/{file.stem}'))
    store.register(found)
    return store


def write_run(path: Path, types: Any, plan: RunPlan | None = None) -> Path:
    """Record a flight and close the recording."""
    plan = plan or RunPlan()
    with McapRecorder(path) as recorder:
        recorder.describe({'input': 'sim:ground?seed=7&laps=2', 'pipeline': plan.pipeline})
        FlightRecorder(plan, types, recorder).record()
    return path


class FlightRecorder:
    """Turns a flight into messages and writes them."""

    def __init__(self, plan: RunPlan, types: Any, recorder: McapRecorder) -> None:
        self.plan, self.types, self.recorder = plan, types, recorder
        self.flight = Flight(plan)
        self.keyframes: list[int] = []
        self.seen_pad = False
        self.definitions: dict[str, str] = {}

    def send(self, topic: str, type_name: str, log_ns: int, **fields: Any) -> None:
        if topic in self.plan.leave_out:
            return
        if type_name not in self.definitions:
            self.definitions[type_name] = self.types.generate_msgdef(type_name, ros_version=2)[0]
        cdr = bytes(self.types.serialize_cdr(self.new(type_name, **fields), type_name))
        name = topic if topic.startswith('/') else f'{self.plan.prefix}/{topic}'
        self.recorder.write(name, type_name, self.definitions[type_name], cdr, log_ns, log_ns)

    def new(self, type_name: str, **fields: Any) -> Any:
        return self.types.types[type_name](**fields)

    def time(self, ns: int) -> Any:
        return self.new('builtin_interfaces/msg/Time', sec=ns // 10**9, nanosec=ns % 10**9)

    def header(self, ns: int, frame_id: str = 'camera_optical_frame') -> Any:
        return self.new('std_msgs/msg/Header', stamp=self.time(ns), frame_id=frame_id)

    def pose(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Any:
        point = self.new('geometry_msgs/msg/Point', x=x, y=y, z=z)
        return self.new(
            'geometry_msgs/msg/Pose',
            position=point,
            orientation=self.new('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
        )

    def pose_with_covariance(self, *xyz: float) -> Any:
        return self.new('geometry_msgs/msg/PoseWithCovariance', pose=self.pose(*xyz), covariance=np.zeros(36))

    def record(self) -> None:
        for i in range(self.plan.laps * self.plan.frames_per_lap):
            stamp, image = self.flight.stamp_ns(i), self.flight.image(i)
            self.send_image(image, stamp)
            self.send_ground_truth(i, stamp)
            self.send(
                'embedding',
                'waymark_msgs/msg/Embedding',
                stamp,
                header=self.header(stamp),
                vector=self.flight.embedding(image),
                norm=3.0,
                model_id='hog',
                fingerprint=FINGERPRINT,
            )
            self.send_places(i, stamp)
            self.send_targets(i, stamp)
            if i % max(1, round(self.plan.rate_hz)) == 0:
                self.send_health(i, stamp)

    def send_image(self, image: np.ndarray, stamp: int) -> None:
        height, width = image.shape[:2]
        if self.plan.raw_images:
            kind, more = 'Image', {'height': height, 'width': width, 'encoding': 'bgr8', 'is_bigendian': 0}
            more |= {'step': 3 * width, 'data': image.ravel()}
        else:
            _, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 85])
            kind, more = 'CompressedImage', {'format': 'bgr8; jpeg compressed bgr8', 'data': data.ravel()}
        topic = 'image' if self.plan.raw_images else 'image/compressed'
        self.send(topic, f'sensor_msgs/msg/{kind}', stamp, header=self.header(stamp), **more)

    def send_ground_truth(self, i: int, stamp: int) -> None:
        x, y, _ = self.flight.pose(i)
        vector = self.new('geometry_msgs/msg/Vector3', x=0.0, y=0.0, z=0.0)
        twist = self.new('geometry_msgs/msg/Twist', linear=vector, angular=vector)
        self.send(
            'ground_truth',
            'nav_msgs/msg/Odometry',
            stamp,
            header=self.header(stamp, 'map'),
            child_frame_id='base_link',
            pose=self.pose_with_covariance(x, y, 30.0),
            twist=self.new('geometry_msgs/msg/TwistWithCovariance', twist=twist, covariance=np.zeros(36)),
        )

    def send_places(self, i: int, stamp: int) -> None:
        per_lap = self.plan.frames_per_lap
        if i < per_lap and i % 3 == 0:
            self.keyframes.append(i)
            self.send(
                'keyframes',
                'waymark_msgs/msg/Keyframe',
                stamp,
                header=self.header(stamp),
                keyframe_id=len(self.keyframes) - 1,
                fingerprint=FINGERPRINT,
                has_pose=False,
                pose=self.pose(),
            )
        part = (i - per_lap) / per_lap
        state = 0 if part < 0 else 2 if 0.2 <= part < 0.8 else 1
        match = self.match(i, stamp)
        if state == 2:
            self.send('place', 'waymark_msgs/msg/PlaceMatch', stamp, **vars(match))
        self.send(
            'localization',
            'waymark_msgs/msg/Localization',
            stamp,
            header=self.header(stamp),
            state=state,
            match=match,
            best_similarity=0.35 + 0.1 * math.sin(i / 5) + 0.2 * state,
            keyframe_count=len(self.keyframes),
        )

    def match(self, i: int, stamp: int) -> Any:
        number = min(range(len(self.keyframes)), key=lambda k: abs(self.keyframes[k] - i % self.plan.frames_per_lap))
        keyframe = self.keyframes[number]
        return self.new(
            'waymark_msgs/msg/PlaceMatch',
            header=self.header(stamp),
            keyframe_id=number,
            keyframe_stamp=self.time(self.flight.stamp_ns(keyframe)),
            similarity=0.9 - 0.002 * (i % 40),
            inliers=60 + (i * 37) % 90,
            quality=0.8,
            h_cur_ref=self.flight.H_cur_ref(i, keyframe).ravel(),
            is_planar=True,
            has_pose=False,
            pose=self.pose_with_covariance(),
            has_scale=False,
        )

    def send_targets(self, i: int, stamp: int) -> None:
        corners = self.flight.pad_corners_px(i)
        self.seen_pad |= corners is not None
        state = 1 if corners is not None else 2 if self.seen_pad else 0
        points = (
            []
            if corners is None
            else [self.new('geometry_msgs/msg/Point32', x=float(x), y=float(y), z=0.0) for x, y in corners]
        )
        pad = self.new(
            'waymark_msgs/msg/PlanarTarget',
            target_id='pad',
            state=state,
            homography=np.eye(3).ravel() if points else np.zeros(9),
            corners=points,
            quality=0.86 if points else 0.0,
            agreement=0.9,
            inliers=74 if points else 0,
            has_pose=False,
            pose=self.pose_with_covariance(),
        )
        self.send('targets', 'waymark_msgs/msg/PlanarTargetArray', stamp, header=self.header(stamp), targets=[pad])

    def send_health(self, i: int, stamp: int) -> None:
        nodes = {
            'image_source': 1.2,
            'image_encoder': 14.0,
            'homography_tracker': 31.0,
            'place_recognition': 22.0,
        }
        statuses = [self.status(i, name, p50) for name, p50 in nodes.items()]
        kind = 'diagnostic_msgs/msg/DiagnosticArray'
        self.send('/diagnostics', kind, stamp, header=self.header(stamp, ''), status=statuses)
        for level, text in ((20, 'started'), (30, self.plan.log_text))[: 1 + (i % 3 == 0)]:
            where = {'name': 'place_recognition', 'file': '', 'function': '', 'line': 0}
            fields = {'stamp': self.time(stamp), 'level': level, 'msg': text, **where}
            self.send('/rosout', 'rcl_interfaces/msg/Log', stamp, **fields)

    def status(self, i: int, name: str, p50_ms: float) -> Any:
        slow = name == 'homography_tracker' and i % 7 == 3
        values = {
            'rate_hz': f'{self.plan.rate_hz - (1.1 if slow else 0.0):.2f}',
            'latency_p50_ms': f'{p50_ms:.2f}',
            'latency_p95_ms': f'{p50_ms * 1.6 + i % 5:.2f}',
            'frames': str(i),
            'skipped': str(i // 9 if name == 'homography_tracker' else 0),
            'dropped': '0',
            'errors': '0',
            'backend': 'numpy',
        }
        return self.new(
            'diagnostic_msgs/msg/DiagnosticStatus',
            level=1 if slow else 0,
            name=name,
            message=f'skipped {i // 9} images: slower than the camera' if slow else 'working',
            hardware_id='waymark',
            values=[self.new('diagnostic_msgs/msg/KeyValue', key=k, value=v) for k, v in values.items()],
        )
