# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from std_msgs.msg import Header

from waymark.policy.chunks import Due
from waymark.policy.mapping import mapping_of
from waymark_ros.policy_outputs import commanded, trajectory_of, twist_of
from waymark_ros.safety_messages import trajectory_command

HEADER = Header(frame_id='base_link')


def mapping(output: str, **to: str):
    values = [{'name': n, 'to': t, **({'unit': 'deg'} if n == 'a' and output == 'joint_trajectory' else {})}
              for n, t in to.items()]  # fmt: skip
    return mapping_of({'fps': 10, 'action': {'output': output, 'values': values}})


def test_a_twist_has_each_value_on_its_axis_and_zero_elsewhere():
    due = Due(np.array([1.0, 2.0, 3.0]), 5)
    msg = twist_of(commanded(mapping('twist', a='angular.z', b='nowhere', c='linear.y'), due), HEADER)

    assert (msg.twist.angular.z, msg.twist.linear.y) == (1.0, 3.0)
    assert (msg.twist.linear.x, msg.twist.linear.z, msg.twist.angular.x, msg.twist.angular.y) == (0, 0, 0, 0)
    assert msg.header.frame_id == 'base_link'


def test_a_trajectory_is_one_point_in_radians_that_the_safety_filter_takes_as_wanted_at_once():
    due = Due(np.array([90.0, 0.5]), 5)
    msg = trajectory_of(commanded(mapping('joint_trajectory', a='pan', b='lift'), due), HEADER)
    command = trajectory_command('policy', msg)

    assert command.joints == ('pan', 'lift')
    assert command.values.tolist() == pytest.approx([math.pi / 2, 0.5])
