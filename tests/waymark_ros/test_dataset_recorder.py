# SPDX-License-Identifier: Apache-2.0
"""Live topics become a dataset: the same steps as from a bag, whatever order nodes find each other in."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

pytest.importorskip('pyarrow', reason='the extra waymark[datasets] is not installed')
pytestmark = [pytest.mark.ros, pytest.mark.slow]

PLAN = """
fps: 20
task: follow the wall
images:
  front: {topic: /toy/image, size: [32, 24]}
state:
  - {topic: /toy/joints, fields: {count: 'position[count]'}}
action:
  - {topic: /toy/command, fields: {forward: twist.linear.x}}
"""


class Toy:
    """Publishes image, joint and command of one number, 20 times a second; the number counts."""

    def __init__(self, node):
        from geometry_msgs.msg import TwistStamped
        from sensor_msgs.msg import Image, JointState

        self._node, self._count = node, 0
        self._image = node.create_publisher(Image, '/toy/image', 5)
        self._joints = node.create_publisher(JointState, '/toy/joints', 5)
        self._command = node.create_publisher(TwistStamped, '/toy/command', 5)
        node.create_timer(0.05, self._tick)

    def _tick(self):
        from geometry_msgs.msg import TwistStamped
        from sensor_msgs.msg import Image, JointState

        stamp = self._node.get_clock().now().to_msg()
        image = Image(height=24, width=32, encoding='mono8', step=32, data=bytes([self._count % 256]) * 768)
        joints = JointState(name=['count'], position=[float(self._count)])
        command = TwistStamped()
        command.twist.linear.x = float(self._count)
        for message, publisher in ((image, self._image), (joints, self._joints), (command, self._command)):
            message.header.stamp = stamp
            publisher.publish(message)
        self._count += 1


def test_live_topics_become_steps_that_belong_together(spinning, tmp_path):
    import rclpy

    from waymark.datasets import Dataset, DatasetWriter
    from waymark.datasets.plan import read_plan
    from waymark_ros.dataset_recorder import record_live

    (tmp_path / 'plan.yaml').write_text(PLAN)
    plan, is_over = read_plan(tmp_path / 'plan.yaml'), threading.Event()
    listener = rclpy.create_node('dataset_recorder')
    spinning(listener)
    until_s, heard = time.monotonic() + 30, []

    def tell(text):
        heard.append(text)
        if len(heard) == 1:  # who waits is told for what
            toy = rclpy.create_node('toy')
            Toy(toy)
            spinning(toy)
        if writer.steps + writer.total_frames >= 10 or time.monotonic() > until_s:
            is_over.set()

    with DatasetWriter(tmp_path / 'data', plan.fps, plan.features('image')) as writer:
        done = record_live(listener, plan, writer, is_over, tell)

    assert heard[0] == 'waiting for /toy/command, /toy/image, /toy/joints'
    dataset = Dataset(tmp_path / 'data')
    assert done.frames >= 10 and done.skipped == 0
    for episode in dataset.episodes:
        steps = list(dataset.steps(episode, dataset.info.cameras))
        counts = np.array([s.vectors['observation.state'][0] for s in steps])
        assert (np.diff(counts) >= 0).all()
        for step, count in zip(steps, counts, strict=True):
            assert step.images['observation.images.front'][0, 0, 0] == count % 256
            assert count <= step.vectors['action'][0] <= count + 2
