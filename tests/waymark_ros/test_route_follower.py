# SPDX-License-Identifier: Apache-2.0
"""The node route_follower in its own process, over DDS: a route is taught and repeated in a closed loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from ros_camera import TestCamera
from sensor_msgs.msg import CameraInfo, Range
from std_msgs.msg import Header as HeaderMsg
from waymark_msgs.action import RepeatRoute, TeachRoute
from waymark_msgs.msg import Localization

from waymark.maps import open_map
from waymark.types import Frame, Header
from waymark_ros.action_client import ThreadedActionClient
from waymark_ros.conversions import camera_to_msg, frame_to_image, ns_to_time, pose_to_msg, time_to_ns
from waymark_ros.qos import RESULTS
from waymark_sim.ground import generate_ground
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.route import rotation

pytestmark = pytest.mark.ros
NODE, NS, HEIGHT_M = 'route_follower', 1_000_000_000, 15.0
PATIENCE_S = 5.0


class Drone(TestCamera):
    """A point over generated ground; it flies what it is told, 0.2 s for each image."""

    def __init__(self) -> None:
        super().__init__(name='drone')
        self.renderer = OrthoRenderer(generate_ground(5, 1024, 80.0), (320, 240), math.radians(60))
        self.info = self.create_publisher(CameraInfo, 'camera_info', RESULTS)
        self.range = self.create_publisher(Range, 'range', RESULTS)
        self.odometry = self.create_publisher(Odometry, 'odometry', RESULTS)
        self.listen(TwistStamped, 'cmd/navigation')
        self.teach = ThreadedActionClient(self, TeachRoute, 'teach_route')
        self.repeat = ThreadedActionClient(self, RepeatRoute, 'repeat_route')
        self.feedback: list = []
        self.now_ns = self.get_clock().now().nanoseconds - 100 * NS
        self.x, self.y = -10.0, 0.0

    def is_ready(self) -> bool:
        publishers = (self.image, self.info, self.range, self.odometry)
        return self.wait_for(lambda: all(p.get_subscription_count() for p in publishers), 60.0)

    def begin(self, client: ThreadedActionClient, goal) -> object:
        """Send a goal; its handle."""
        assert client.wait_for_server(timeout_sec=30)
        answer = client.send_goal_async(goal, feedback_callback=self.on_feedback)
        return self.done(answer)

    def on_feedback(self, msg) -> None:
        with self.changed:
            self.feedback.append(msg.feedback)
            self.changed.notify_all()

    def done(self, answer):
        answer.add_done_callback(self._on_answer)
        assert self.wait_for(answer.done, 30.0)
        return answer.result()

    def result(self, handle):
        return self.done(handle.get_result_async())

    def fly(self) -> bool:
        """Send one moment, and wait until the node has worked on it; False where the image was lost."""
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = rotation(0.0, 0.0, 0.0), (self.x, self.y, HEIGHT_M)
        self.now_ns += NS // 5
        stamp, count = ns_to_time(self.now_ns), len(self.feedback)
        header = Header(self.now_ns, 'cam')
        self.info.publish(camera_to_msg(self.renderer.camera, header))
        reach = Range(header=HeaderMsg(stamp=stamp, frame_id='range'), min_range=0.1, max_range=99.0, range=HEIGHT_M)
        self.range.publish(reach)
        odometry = Odometry(header=HeaderMsg(stamp=stamp, frame_id='odom'), child_frame_id='base_link')
        odometry.pose.pose = pose_to_msg(T)
        self.odometry.publish(odometry)
        self.image.publish(frame_to_image(Frame(header, self.renderer.render(T))))
        return self.wait_for(lambda: len(self.feedback) > count, 3.0)

    def obey(self) -> None:
        """Do for 0.2 s what the last command says."""
        if self.heard['cmd/navigation']:
            linear = self.heard['cmd/navigation'][-1].twist.linear
            self.x, self.y = self.x + 0.2 * linear.x, self.y + 0.2 * linear.y


@pytest.fixture
def drone(spinning, start, tmp_path):
    drone = spinning(Drone())
    settings = f'routes:={tmp_path}', 'encoder:=hog', 'max_speed:=2.5', f'patience_s:={PATIENCE_S}'
    start(f'waymark_ros.nodes.{NODE}', '--ros-args', *(part for setting in settings for part in ('-p', setting)))
    assert drone.is_ready()
    return drone


def teach(drone: Drone):
    handle = drone.begin(drone.teach, TeachRoute.Goal(route_id='barn'))
    while drone.x < 6.0:
        if drone.fly():
            drone.x += 1.0
    drone.done(handle.cancel_goal_async())
    return drone.result(handle)


def refuse_bad_goals(drone: Drone) -> None:
    for client, goal, text in (
        (drone.repeat, RepeatRoute.Goal(route_id='nowhere'), 'Teach it first'),
        (drone.repeat, RepeatRoute.Goal(route_id='../barn'), 'letters, digits'),
        (drone.repeat, RepeatRoute.Goal(), 'letters, digits'),
        (drone.teach, TeachRoute.Goal(), 'letters, digits'),
        (drone.teach, TeachRoute.Goal(route_id='a/b'), 'letters, digits'),
        (drone.teach, TeachRoute.Goal(route_id='barn', min_keyframe_distance=2.0), 'min_keyframe_distance 2'),
    ):
        answer = drone.result(drone.begin(client, goal))
        assert (answer.status, answer.result.success) == (GoalStatus.STATUS_ABORTED, False)
        assert text in answer.result.message

    handle = drone.begin(drone.teach, TeachRoute.Goal(route_id='barn'))
    assert not drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn')).accepted  # one at a time
    drone.done(handle.cancel_goal_async())
    answer = drone.result(handle)  # nothing was seen: it ends all the same, although no image comes
    assert (answer.status, answer.result.success) == (GoalStatus.STATUS_ABORTED, False)
    assert 'no image came' in answer.result.message


@pytest.mark.slow
def test_bad_goals_end_with_the_reason_and_a_route_is_taught_and_repeated_over_real_topics(drone, tmp_path):
    refuse_bad_goals(drone)
    taught = teach(drone)

    assert (taught.status, taught.result.success) == (GoalStatus.STATUS_CANCELED, True)
    assert taught.result.keyframe_count >= 5
    with open_map(tmp_path / 'barn.wmap') as file:
        assert [r.name for r in file.load().routes.values()] == ['barn']
    drone.x, drone.y = -10.0, 1.5
    handle = drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn'))
    waiting = handle.get_result_async()
    for _ in range(150):
        drone.fly()
        drone.obey()
        if waiting.done():
            break

    answer = drone.done(waiting)
    assert (answer.status, answer.result.message) == (GoalStatus.STATUS_SUCCEEDED, 'the end is reached')
    assert drone.x == pytest.approx(5.5, abs=1.2)
    assert abs(drone.y) < 0.4
    assert drone.feedback[-1].progress == 1.0
    commands = drone.heard['cmd/navigation']
    assert commands[0].header.frame_id == 'base_link'
    assert time_to_ns(commands[-1].header.stamp) <= drone.now_ns
    assert drone.wait_for(lambda: commands[-1].twist.linear.x == 0.0)  # it stops at the end


def canceled(drone: Drone, handle) -> str:
    drone.done(handle.cancel_goal_async())
    answer = drone.result(handle)
    assert (answer.status, answer.result.success) == (GoalStatus.STATUS_CANCELED, False)
    return answer.result.message


@pytest.mark.slow
def test_a_repetition_is_cancelled_in_every_state_and_bad_files_and_speeds_are_refused(drone, tmp_path):
    drone.x = 0.0
    teach(drone)
    for speed in (math.nan, math.inf, -1.0, 51.0):
        handle = drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn', max_speed=speed))
        assert 'max_speed: must be 0 to 50 m/s' in aborted(drone, handle)
    whole = (tmp_path / 'barn.wmap').read_bytes()
    for name, data in (('cut', whole[: len(whole) // 2]), ('empty', b''), ('text', b'text ' * 999)):
        (tmp_path / f'{name}.wmap').write_bytes(data)
        message = aborted(drone, drone.begin(drone.repeat, RepeatRoute.Goal(route_id=name)))
        assert f'{name}.wmap' in message
        assert 'opy it again' in message

    handle = drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn'))
    assert canceled(drone, handle) == 'cancelled at 0 % of the route'  # before any image
    handle = drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn'))
    drone.x, drone.y = 0.0, 30.0  # nothing of the route is seen there
    drone.fly()
    assert drone.feedback[-1].localization_state == Localization.LOST
    assert canceled(drone, handle) == 'cancelled at 0 % of the route'  # GLOBAL_START

    handle = drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn'))
    drone.x, drone.y = 2.0, 0.0
    for _ in range(20):
        drone.fly()
        if drone.feedback[-1].localization_state == Localization.LOCALIZED:
            break
    assert drone.heard['cmd/navigation'][-1].twist.linear.x > 0
    assert 'cancelled at' in canceled(drone, handle)  # FOLLOWING
    assert drone.wait_for(lambda: drone.heard['cmd/navigation'][-1].twist.linear.x == 0.0)

    handle = drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn'))
    for y in (0.0,) * 6 + (30.0,) * 6:
        drone.y = y
        drone.fly()
    assert drone.feedback[-1].localization_state == Localization.LOST
    assert 'cancelled at' in canceled(drone, handle)  # HOLD


def aborted(drone: Drone, handle) -> str:
    answer = drone.result(handle)
    assert (answer.status, answer.result.success) == (GoalStatus.STATUS_ABORTED, False)
    return answer.result.message


@pytest.mark.slow
def test_a_goal_without_usable_images_is_given_up_with_the_reason_and_a_begun_lesson_is_kept(drone):
    handle = drone.begin(drone.teach, TeachRoute.Goal(route_id='blind'))
    waiting = handle.get_result_async()
    while not waiting.done():  # images, but no calibration
        drone.now_ns += NS // 5
        drone.image.publish(frame_to_image(Frame(Header(drone.now_ns, 'cam'), np.full((240, 320, 3), 90, np.uint8))))
        drone.wait_for(waiting.done, 0.5)
    answer = drone.done(waiting)
    assert (answer.status, answer.result.success) == (GoalStatus.STATUS_ABORTED, False)
    assert 'no camera_info has come. Send the goal again' in answer.result.message

    handle = drone.begin(drone.teach, TeachRoute.Goal(route_id='barn'))
    while drone.x < 0.0:
        if drone.fly():
            drone.x += 1.0
    count = len(drone.feedback)
    # It says each second that it waits, for longer than the patience, and keeps what it has seen.
    assert drone.wait_for(lambda: len(drone.feedback) > count + PATIENCE_S, 30.0)
    assert drone.feedback[-1].keyframe_count == drone.feedback[count - 1].keyframe_count > 0
    drone.done(handle.cancel_goal_async())
    assert drone.result(handle).result.success

    handle = drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn'))
    assert 'drone has sent nothing on /image for' in aborted(drone, handle)
    assert drone.feedback[-1].localization_state == Localization.LOST
    assert drone.begin(drone.repeat, RepeatRoute.Goal(route_id='barn')).accepted  # the node is free again
