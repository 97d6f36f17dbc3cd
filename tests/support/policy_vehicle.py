# SPDX-License-Identifier: Apache-2.0
"""A vehicle for smolvla_policy: sends images and states, gives goals, hears commands and the heartbeat."""

from __future__ import annotations

from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from ros_camera import TestCamera
from sensor_msgs.msg import JointState
from std_msgs.msg import Header as HeaderMsg
from std_srvs.srv import SetBool, Trigger
from waymark_msgs.action import RunPolicy

from waymark.types import Frame, Header
from waymark_ros.action_client import ThreadedActionClient
from waymark_ros.conversions import frame_to_image, ns_to_time
from waymark_ros.qos import RESULTS

NODE = 'smolvla_policy'
SEND_HZ = 20.0


class Vehicle(TestCamera):
    """Sends on a timer; `x` is where it says that it is."""

    def __init__(self) -> None:
        super().__init__(name='vehicle')
        self.x = 0.0
        self.odometry = self.create_publisher(Odometry, 'odometry', RESULTS)
        self.joints = self.create_publisher(JointState, 'joint_states', RESULTS)
        self.listen(TwistStamped, 'cmd/policy')
        self.listen(DiagnosticStatus, f'{NODE}/status')
        self.client = ThreadedActionClient(self, RunPolicy, 'run_policy')
        self.enabling = self.create_client(SetBool, f'{NODE}/enable')
        self.releasing = self.create_client(Trigger, 'safety_filter/release')
        self.feedback: list[Any] = []
        self.create_timer(1 / SEND_HZ, self.send_all)

    def send_all(self) -> None:
        now_ns = self.get_clock().now().nanoseconds
        header = HeaderMsg(stamp=ns_to_time(now_ns), frame_id='odom')
        odometry = Odometry(header=header, child_frame_id='base_link')
        odometry.pose.pose.position.x, odometry.pose.pose.orientation.w = self.x, 1.0
        self.odometry.publish(odometry)
        self.joints.publish(JointState(header=header, name=['lift'], position=[0.02]))
        self.image.publish(frame_to_image(Frame(Header(now_ns, 'cam'), np.full((48, 64, 3), 7, np.uint8))))
        with self.changed:
            self.changed.notify_all()

    @property
    def commands(self) -> list[TwistStamped]:
        return self.heard['cmd/policy']

    def mode(self) -> str:
        """What the last heartbeat says."""
        return self.fact('state')

    def fact(self, key: str) -> str:
        beats = self.heard[f'{NODE}/status']
        return '' if not beats else next((v.value for v in beats[-1].values if v.key == key), '')

    def enable(self) -> None:
        assert self.press(self.enabling, SetBool.Request(data=True)).success

    def release(self) -> None:
        """Let the safety filter go."""
        assert self.press(self.releasing, Trigger.Request()).success

    def begin(self, instruction: str, seconds: int = 0) -> Any:
        """Send a goal; its handle."""
        assert self.client.wait_for_server(timeout_sec=30)
        goal = RunPolicy.Goal(instruction=instruction)
        goal.duration.sec = seconds
        return self.done(self.client.send_goal_async(goal, feedback_callback=self._on_feedback))

    def result(self, handle: Any) -> Any:
        return self.done(handle.get_result_async())

    def done(self, answer: Any) -> Any:
        answer.add_done_callback(self._on_answer)
        assert self.wait_for(answer.done, 30.0)
        return answer.result()

    def _on_feedback(self, msg: Any) -> None:
        with self.changed:
            self.feedback.append(msg.feedback)
            self.changed.notify_all()
