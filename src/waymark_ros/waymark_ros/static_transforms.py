# SPDX-License-Identifier: Apache-2.0
"""Fixed transforms from /tf_static: how a camera sits on a robot. A small reader, as tf2_ros is not everywhere."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tf2_msgs.msg import TFMessage

from waymark.places.rigid import inverse, transform
from waymark_ros.conversions import transform_from_msg
from waymark_ros.qos import TF_STATIC

Floats = NDArray[np.float64]
FIRST_S = 2.0  # after activation


class StaticTransforms:
    """Listens while the node is active; any thread may ask."""

    def __init__(self, node: Any) -> None:
        """Subscribe.

        Args:
            node: A ManagedNode that is being activated.
        """
        self._node = node
        self._lock = threading.Lock()
        self._edges: dict[str, dict[str, Floats]] = {}
        self._subscription = node.create_subscription(TFMessage, '/tf_static', self._take, TF_STATIC)

    def _take(self, msg: TFMessage) -> None:
        with self._node.guard('/tf_static'):
            for item in msg.transforms:
                T = transform_from_msg(item.transform)
                parent, child = item.header.frame_id, item.child_frame_id
                with self._lock:
                    self._edges.setdefault(parent, {})[child] = T
                    self._edges.setdefault(child, {})[parent] = inverse(T)

    def find(self, parent: str, child: str) -> Floats | None:
        """T_parent_child (4, 4) along fixed transforms; None where they do not join the two."""
        with self._lock:
            found, waiting = {parent: np.eye(4)}, deque([parent])
            while waiting and child not in found:
                here = waiting.popleft()
                for there, T in self._edges.get(here, {}).items():
                    if there not in found:
                        found[there] = found[here] @ T
                        waiting.append(there)
            return found.get(child)

    def is_offered(self) -> bool:
        """Whether somebody publishes fixed transforms, known so far or not."""
        return bool(self._node.count_publishers('/tf_static'))

    def destroy(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self._subscription)


class CameraMount:
    """How a camera sits on a robot: as a parameter says, else as /tf_static does. Any thread may ask."""

    def __init__(self, node: Any, camera_in_base: tuple[float, ...]) -> None:
        """Listen.

        Args:
            node: A ManagedNode that is being activated.
            camera_in_base: x, y, z in m and a unit quaternion x, y, z, w; empty: /tf_static says it.
        """
        self._given = transform_of(camera_in_base) if camera_in_base else None
        self._static = StaticTransforms(node)
        self._until_s = time.monotonic() + FIRST_S

    def find(self, base_frame: str, camera_frame: str) -> Floats | None:
        """T_base_camera (4, 4); None where it is not known."""
        return self._static.find(base_frame, camera_frame) if self._given is None else self._given

    def may_come(self) -> bool:
        """Whether what is not known may be on its way: transforms may come a moment after the first image."""
        return time.monotonic() < self._until_s and self._static.is_offered()

    def destroy(self) -> None:
        """Stop listening."""
        self._static.destroy()


def transform_of(values: tuple[float, ...]) -> Floats:
    """T (4, 4) of x, y, z and a unit quaternion x, y, z, w."""
    from waymark.image.rotation import rotation_matrix

    return transform(rotation_matrix((values[3], values[4], values[5], values[6])), np.array(values[:3]))
