# SPDX-License-Identifier: Apache-2.0
"""How the camera moved, for nodes that follow things in its images: results wait a moment for `ego_homography`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from waymark_msgs.msg import FrameHomography

from waymark_ros.conversions import time_to_ns
from waymark_ros.detection_conversions import homography_from_msg
from waymark_ros.pairing import OptionalPairs
from waymark_ros.qos import RESULTS

TOPIC = 'ego_homography'
WAITING = 30  # results
STEPS = 600  # homographies that may wait: who looks for long at one image loses none

Item = TypeVar('Item')


class CameraSteps(Generic[Item]):
    """Listens while the node is active; the worker asks."""

    def __init__(
        self,
        node: Any,
        wait_s: float | None,
        learn: Callable[[int, int, NDArray[np.float64]], None],
        hand_on: Callable[[Item], None],
    ) -> None:
        """Subscribe to `ego_homography`.

        Args:
            node: A ManagedNode that is being activated.
            wait_s: How long a result waits for the homography with its stamp; None: nobody listens, nothing waits.
            learn: Told each step: stamps of the image before and of the image (ns), H_cur_prev.
            hand_on: Takes the results that have waited, in their order.
        """
        self._node, self._learn, self._hand_on = node, learn, hand_on
        self._pairs: OptionalPairs[Item, bool] = OptionalPairs(wait_s or 0.0, WAITING)
        self._subscription, self._topic = None, node.resolve_topic_name(TOPIC)
        if wait_s is not None:
            inbox = node.inbox
            inbox.add_lane(TOPIC, STEPS, self._on_step, is_first=True)
            self._subscription = node.create_subscription(
                FrameHomography, TOPIC, lambda msg: inbox.deposit(TOPIC, msg), RESULTS
            )

    def add(self, stamp_ns: int, item: Item) -> None:
        """Let a result wait, where somebody tells the camera's motion."""
        is_told = self._subscription is not None and self._node.count_publishers(self._topic) > 0
        self._leave(self._pairs.add_first(stamp_ns, item) if is_told else [*self._pairs.clear(), (item, None)])

    def hurry(self) -> None:
        """Hand on those whose time is up."""
        self._leave(self._pairs.due())

    def clear(self) -> None:
        """Stamps start anew: hand on those that wait."""
        self._leave(self._pairs.clear())

    def patience_s(self, longest_s: float) -> float:
        """How long nothing needs to be done."""
        patience_s = self._pairs.patience_s()
        return longest_s if patience_s is None else min(patience_s, longest_s)

    def destroy(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)

    def _on_step(self, msg: FrameHomography) -> None:
        with self._node.guard(TOPIC):
            self._learn(*homography_from_msg(msg))
            self._leave(self._pairs.add_second(time_to_ns(msg.header.stamp), True))

    def _leave(self, leaving: list[tuple[Item, bool | None]]) -> None:
        for item, _ in leaving:
            self._hand_on(item)
