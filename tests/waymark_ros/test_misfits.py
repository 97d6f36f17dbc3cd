# SPDX-License-Identifier: Apache-2.0
"""Which ends of a topic do not fit each other."""

from __future__ import annotations

import pytest
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

from waymark_ros.misfits import misfit

pytestmark = pytest.mark.ros
LOOSE = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
ENDLESS = Duration(seconds=9223372036, nanoseconds=854775807)  # as the graph says it of a duration that nobody set


@pytest.mark.parametrize(
    ('policy', 'more'),
    [
        ('RELIABILITY', {'reliability': ReliabilityPolicy.RELIABLE}),
        ('DURABILITY', {'durability': DurabilityPolicy.TRANSIENT_LOCAL}),
        ('DEADLINE', {'deadline': Duration(seconds=1)}),
        ('LIVELINESS', {'liveliness': LivelinessPolicy.MANUAL_BY_TOPIC}),
        ('LIVELINESS', {'liveliness_lease_duration': Duration(seconds=1)}),
    ],
)
def test_who_asks_for_more_than_is_offered_does_not_fit_and_who_offers_more_does(policy, more):
    strict = QoSProfile(**({'depth': 1, 'reliability': ReliabilityPolicy.BEST_EFFORT} | more))
    assert misfit(LOOSE, strict) == policy
    assert misfit(strict, LOOSE) == ''
    assert misfit(strict, strict) == ''


def test_a_duration_that_was_never_set_is_endless():
    as_seen = QoSProfile(depth=1, deadline=ENDLESS, liveliness_lease_duration=ENDLESS)
    assert misfit(QoSProfile(depth=1), as_seen) == misfit(as_seen, QoSProfile(depth=1)) == ''
