# SPDX-License-Identifier: Apache-2.0
"""What smolvla_policy listens to: the images, joint states and odometry that its mapping names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nav_msgs.msg import Odometry
from sensor_msgs.msg import JointState

from waymark.errors import MessageError
from waymark.image.rotation import rpy_of
from waymark.policy.mapping import PolicyMapping
from waymark.policy.senses import Senses
from waymark_ros.conversions import pose_from_msg, time_to_ns
from waymark_ros.frames import Delivery
from waymark_ros.qos import SENSORS


class PolicyInputs:
    """Subscriptions of an active node. Callbacks only note; before `senses` is known they pass by."""

    def __init__(self, node: Any, mapping: PolicyMapping, senses: Callable[[], Senses | None]) -> None:
        """Subscribe.

        Args:
            node: A ManagedNode that is being activated.
            mapping: Names the topics.
            senses: Takes what comes; None while the policy is not known.
        """
        self._node, self._senses = node, senses
        self._images = [str(node.resolve_topic_name(i.topic)) for i in mapping.images]
        by_topic: dict[str, list[str]] = {}
        for image, topic in zip(mapping.images, self._images, strict=True):
            by_topic.setdefault(topic, []).append(image.key)
        for topic, keys in by_topic.items():
            node.hub.subscribe(node, topic, self._taker(keys), 1, node.common.image_transport)
        sources = {q.source for rows in mapping.states.values() for q in rows}
        kinds = {
            'joint': (JointState, 'joint_states', self._on_joints),
            'odometry': (Odometry, 'odometry', self._on_odometry),
        }
        self._subscriptions = [node.create_subscription(*kinds[s], SENSORS) for s in sorted(sources)]

    def destroy(self) -> None:
        """Stop listening."""
        for topic in set(self._images):
            self._node.hub.unsubscribe(self._node, topic)
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _taker(self, keys: list[str]) -> Callable[[Delivery], None]:
        def take(delivery: Delivery) -> None:
            senses = self._senses()
            if senses is None:
                return
            with self._node.guard('image'):
                frame = delivery.frame()
                for key in keys:
                    senses.see(key, frame.header.stamp_ns, lambda: frame)

        return take

    def _on_joints(self, msg: JointState) -> None:
        senses = self._senses()
        if senses is not None:
            with self._node.guard('joint_states'):
                values = {
                    f'{name} {of}': float(numbers[i])
                    for of, numbers in (('position', msg.position), ('velocity', msg.velocity), ('effort', msg.effort))
                    for i, name in enumerate(msg.name)
                    if i < len(numbers)
                }
                senses.sense('joint', _stamp(msg), values)

    def _on_odometry(self, msg: Odometry) -> None:
        senses = self._senses()
        if senses is not None:
            with self._node.guard('odometry'):
                T = pose_from_msg(msg.pose.pose)
                values = dict(zip(('x', 'y', 'z'), (float(v) for v in T[:3, 3]), strict=True))
                values |= dict(zip(('roll', 'pitch', 'yaw'), rpy_of(T[:3, :3]), strict=True))
                for kind in ('linear', 'angular'):
                    vector = getattr(msg.twist.twist, kind)
                    values |= {f'{kind}.{axis}': float(getattr(vector, axis)) for axis in 'xyz'}
                senses.sense('odometry', _stamp(msg), values)


def _stamp(msg: Any) -> int:
    stamp_ns = time_to_ns(msg.header.stamp)
    if stamp_ns <= 0:
        raise MessageError('it has a zero stamp: its publisher must fill header.stamp.')
    return stamp_ns
