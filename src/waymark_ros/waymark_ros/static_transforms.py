# SPDX-License-Identifier: Apache-2.0
"""Fixed transforms from /tf_static: how a camera sits on a robot. A small reader, as tf2_ros is not everywhere."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tf2_msgs.msg import TFMessage

from waymark.places.rigid import inverse
from waymark_ros.conversions import transform_from_msg
from waymark_ros.qos import TF_STATIC

Floats = NDArray[np.float64]


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

    def destroy(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self._subscription)
