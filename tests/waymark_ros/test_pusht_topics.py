# SPDX-License-Identifier: Apache-2.0
"""gym-pusht behind topics: nothing changes, and a command that is no place is refused."""

from __future__ import annotations

import threading

import numpy as np
import pytest

pytest.importorskip('gym_pusht', reason='gym-pusht is not installed (docs/policy_data.md)')


@pytest.mark.ros
@pytest.mark.slow
def test_topics_change_nothing_and_a_command_that_is_no_place_is_refused(spinning):
    import rclpy
    from sensor_msgs.msg import JointState
    from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

    from waymark_ros.pusht_topics import JOINTS, PushTopics
    from waymark_sim.pusht import PushWorld

    node, other = rclpy.create_node('pusht'), rclpy.create_node('policy')
    topics, is_over = PushTopics(node, [2], max_steps=12, image_px=32), threading.Event()
    commands, tees = other.create_publisher(JointTrajectory, 'pusht/command', 10), {}

    def answer(message):
        stamp = (message.header.stamp.sec, message.header.stamp.nanosec)
        tees.setdefault(stamp, message.position[2:4].tolist())
        for place in ([float('nan'), 0.0], [900.0, 256.0]):  # the second is kept inside, as gym-pusht does
            points = [JointTrajectoryPoint(positions=place)]
            commands.publish(JointTrajectory(header=message.header, joint_names=list(JOINTS), points=points))

    other.create_subscription(JointState, 'pusht/state', answer, 10)
    spinning(node)
    spinning(other)

    (result,) = topics.run(is_over)

    world = PushWorld()
    seen, expected = world.reset(2), []
    for _ in range(12):
        expected.append(seen.tee[:2].tolist())
        seen = world.step(np.array([512.0, 256.0]))
    assert result['steps'] == 12 and topics.refused >= 2 and topics.kept_inside == 12
    assert list(tees.values())[:12] == expected


@pytest.mark.ros
@pytest.mark.slow
def test_while_nobody_answers_the_clock_goes_on_and_the_observation_stays(spinning):
    import rclpy
    from rosgraph_msgs.msg import Clock
    from sensor_msgs.msg import JointState

    from waymark_ros.conversions import time_to_ns
    from waymark_ros.pusht_topics import PushTopics
    from waymark_ros.qos import CLOCK

    node, other = rclpy.create_node('pusht'), rclpy.create_node('nobody')
    topics, is_over, clocks, stamps = PushTopics(node, [2], 12, 0), threading.Event(), [], set()

    def on_clock(message):
        clocks.append(time_to_ns(message.clock))
        if len(clocks) == 3:
            is_over.set()

    other.create_subscription(Clock, '/clock', on_clock, CLOCK)
    other.create_subscription(JointState, 'pusht/state', lambda m: stamps.add(time_to_ns(m.header.stamp)), 10)
    spinning(node)
    spinning(other)

    assert topics.run(is_over) == []
    assert [b - a for a, b in zip(clocks, clocks[1:], strict=False)] == [1, 1]
    assert len(stamps) == 1 and clocks[0] - stamps.pop() < 100


@pytest.mark.ros
@pytest.mark.slow
def test_at_its_own_pace_the_world_waits_for_the_first_command_alone_and_goes_on_with_the_last(spinning):
    import rclpy
    from sensor_msgs.msg import JointState
    from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

    from waymark_ros.pusht_topics import JOINTS, PushTopics
    from waymark_sim.pusht import PushWorld

    node, other = rclpy.create_node('pusht'), rclpy.create_node('policy')
    topics, is_over, answered = PushTopics(node, [2, 3], 12, 0, pace_hz=50.0), threading.Event(), set()
    commands = other.create_publisher(JointTrajectory, 'pusht/command', 10)

    def answer_once(message):
        if message.position[-1] not in answered:
            answered.add(message.position[-1])
            points = [JointTrajectoryPoint(positions=[300.0, 256.0])]
            commands.publish(JointTrajectory(header=message.header, joint_names=list(JOINTS), points=points))

    other.create_subscription(JointState, 'pusht/state', answer_once, 10)
    spinning(node)
    spinning(other)

    results = topics.run(is_over)

    world = PushWorld()
    for result, seed in zip(results, (2, 3), strict=True):
        world.reset(seed)
        expected = max(world.step(np.array([300.0, 256.0])).coverage for _ in range(12))
        assert (result['steps'], result['coverage']) == (12, expected)
