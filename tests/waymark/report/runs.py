# SPDX-License-Identifier: Apache-2.0
"""Synthetic recordings whose content is known exactly: a camera that looks down flies a closed route over drawn ground."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from waymark.report.writer import McapRecorder

REPO = Path(__file__).resolve().parents[3]
PX_PER_M = 20.0
PAD_M = (14.0, 3.0)  # centre of the pad on the ground
PAD_SIZE_M = 3.0
FINGERPRINT = 'f' * 64


def make_types() -> Any:
    """The Jazzy types and waymark_msgs, without ROS."""
    store = get_typestore(Stores.ROS2_JAZZY)
    found: dict[str, Any] = {}
    for file in sorted((REPO / 'src/waymark_msgs/msg').glob('*.msg')):
        found.update(get_types_from_msg(file.read_text(), f'waymark_msgs/msg/{file.stem}'))
    store.register(found)
    return store


@dataclass(frozen=True)
class RunPlan:
    """What is recorded. Two laps of `lap_s` at `rate_hz`; lap 2 is localized but for its first and last fifth."""

    lap_s: float = 10.0
    rate_hz: float = 4.0
    size_wh: tuple[int, int] = (160, 120)
    laps: int = 2
    start_ns: int = 1_000_000_000
    leave_out: tuple[str, ...] = ()  # topics
    prefix: str = ''  # namespace
    pipeline: str = 'config/demo.yaml'
    log_text: str = 'no answer from the encoder for 1.2 s'
    ground_px: int = 1400
    raw_images: bool = False

    @property
    def frames_per_lap(self) -> int:
        return round(self.lap_s * self.rate_hz)

    def with_(self, **changes: Any) -> RunPlan:
        return replace(self, **changes)


class Flight:
    """Poses, pictures and answers of a plan, all computed from the frame's number."""

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.ground = draw_ground(plan.ground_px)
        self.projection = np.random.default_rng(3).normal(size=(24 * 18, 96))

    def stamp_ns(self, i: int) -> int:
        return self.plan.start_ns + round(i * 1e9 / self.plan.rate_hz)

    def pose(self, i: int) -> tuple[float, float, float]:
        """East, north, m, and yaw, rad: an oval with a dent, the same on each lap but for 0.3 m."""
        phase = 2 * math.pi * (i % self.plan.frames_per_lap) / self.plan.frames_per_lap
        lap = i // self.plan.frames_per_lap
        radius = 1 + 0.22 * math.sin(3 * phase)
        return (
            17 * radius * math.cos(phase) + 0.3 * lap,
            11 * radius * math.sin(phase),
            phase / 4 + 0.02 * lap,
        )

    def H_ground_image(self, i: int) -> np.ndarray:
        """Image px to ground px."""
        x, y, yaw = self.pose(i)
        width, height = self.plan.size_wh
        scale = 12.0 * PX_PER_M / width  # a view is 12 m wide
        c, s = scale * math.cos(yaw), scale * math.sin(yaw)
        centre = self.plan.ground_px / 2
        u, v = centre + x * PX_PER_M, centre - y * PX_PER_M
        move = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, 1]])
        return np.array([[c, -s, u], [s, c, v], [0, 0, 1]]) @ move

    def image(self, i: int) -> np.ndarray:
        H = self.H_ground_image(i)
        return cv2.warpPerspective(
            self.ground, H, self.plan.size_wh, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_AREA
        )

    def H_cur_ref(self, query: int, keyframe: int) -> np.ndarray:
        H = np.linalg.inv(self.H_ground_image(query)) @ self.H_ground_image(keyframe)
        return H / H[2, 2]

    def pad_corners_px(self, i: int) -> np.ndarray | None:
        """The pad's corners in the image, None unless all are in view."""
        centre, half = self.plan.ground_px / 2, PAD_SIZE_M / 2
        offsets = np.array([[-half, half], [half, half], [half, -half], [-half, -half]]) + PAD_M
        ground = np.column_stack((centre + offsets[:, 0] * PX_PER_M, centre - offsets[:, 1] * PX_PER_M))
        corners = cv2.perspectiveTransform(ground[None], np.linalg.inv(self.H_ground_image(i)))[0]
        inside = (corners >= 0).all() and (corners < self.plan.size_wh).all()
        return corners if inside else None

    def embedding(self, image: np.ndarray) -> np.ndarray:
        small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (24, 18)).astype(float).ravel()
        vector = (small - small.mean()) @ self.projection
        return (vector / np.linalg.norm(vector)).astype(np.float32)


def draw_ground(size_px: int) -> np.ndarray:
    """Fields, roads, trees and the pad, BGR."""
    rng = np.random.default_rng(7)
    coarse = rng.uniform(0, 1, (size_px // 120, size_px // 120, 3)) * (60, 70, 50) + (60, 105, 90)
    ground = cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_NEAREST)
    fine = cv2.resize(rng.normal(0, 16, (size_px // 3, size_px // 3, 1)), (size_px, size_px))
    ground = np.clip(ground + fine[..., None], 0, 255).astype(np.uint8)
    for k in range(6):
        x = int(size_px * (k + 0.4) / 6)
        cv2.line(ground, (x, 0), (size_px - x, size_px), (150, 155, 158), 14, cv2.LINE_AA)
    for x, y, r in rng.integers((0, 0, 6), (size_px, size_px, 26), (260, 3)).tolist():
        cv2.circle(ground, (x, y), r, (30, 60 + r, 34), -1, cv2.LINE_AA)
    half = int(PAD_SIZE_M * PX_PER_M / 2)
    u, v = int(size_px / 2 + PAD_M[0] * PX_PER_M), int(size_px / 2 - PAD_M[1] * PX_PER_M)
    cv2.rectangle(ground, (u - half, v - half), (u + half, v + half), (245, 245, 245), -1)
    cv2.circle(ground, (u, v), int(half * 0.8), (40, 40, 200), 5, cv2.LINE_AA)
    cv2.putText(ground, 'H', (u - 14, v + 14), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (40, 40, 200), 5, cv2.LINE_AA)
    return ground


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
        number = min(
            range(len(self.keyframes)), key=lambda k: abs(self.keyframes[k] - i % self.plan.frames_per_lap)
        )
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
            inliers=74 if points else 0,
            has_pose=False,
            pose=self.pose_with_covariance(),
        )
        self.send(
            'targets', 'waymark_msgs/msg/PlanarTargetArray', stamp, header=self.header(stamp), targets=[pad]
        )

    def send_health(self, i: int, stamp: int) -> None:
        nodes = {
            'image_source': 1.2,
            'image_encoder': 14.0,
            'homography_tracker': 31.0,
            'place_recognition': 22.0,
        }
        statuses = []
        for name, p50 in nodes.items():
            slow = name == 'homography_tracker' and i % 7 == 3
            values = {
                'rate_hz': f'{self.plan.rate_hz - (1.1 if slow else 0.0):.2f}',
                'latency_p50_ms': f'{p50:.2f}',
                'latency_p95_ms': f'{p50 * 1.6 + i % 5:.2f}',
                'frames': str(i),
                'skipped': str(i // 9 if slow else 0),
                'dropped': '0',
                'errors': '0',
                'backend': 'numpy',
            }
            pairs = [self.new('diagnostic_msgs/msg/KeyValue', key=k, value=v) for k, v in values.items()]
            message = f'skipped {i // 9} images: slower than the camera' if slow else 'working'
            statuses.append(
                self.new(
                    'diagnostic_msgs/msg/DiagnosticStatus',
                    level=1 if slow else 0,
                    name=name,
                    message=message,
                    hardware_id='waymark',
                    values=pairs,
                )
            )
        self.send(
            '/diagnostics',
            'diagnostic_msgs/msg/DiagnosticArray',
            stamp,
            header=self.header(stamp, ''),
            status=statuses,
        )
        for level, text in ((20, 'started'), (30, self.plan.log_text))[: 1 + (i % 3 == 0)]:
            self.send(
                '/rosout',
                'rcl_interfaces/msg/Log',
                stamp,
                stamp=self.time(stamp),
                level=level,
                name='place_recognition',
                msg=text,
                file='',
                function='',
                line=0,
            )


MakeRun = Callable[..., Path]
