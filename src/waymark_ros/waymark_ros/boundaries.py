# SPDX-License-Identifier: Apache-2.0
"""The part of a node that publishes `scene_boundary`: it looks at every frame of the node."""

from __future__ import annotations

from typing import Any

from waymark_msgs.msg import SceneBoundary

from waymark.shots import Boundary, BoundaryDetector, ShotsConfig
from waymark.types import Frame
from waymark_ros.conversions import header_to_msg, ns_to_time
from waymark_ros.qos import RESULTS


class BoundaryPublisher:
    """Publishes boundaries under the header of the first frame of the new shot, some frames after it."""

    def __init__(self, node: Any, config: ShotsConfig) -> None:
        """Offer the topic.

        Args:
            node: A ManagedNode that is being configured: its publisher goes when the node is cleaned up.
            config: Of the detector.
        """
        self._node = node
        self._detector = BoundaryDetector(config)
        self._topic = node.create_publisher(SceneBoundary, 'scene_boundary', RESULTS)

    def observe(self, frame: Frame) -> None:
        """Take the node's next frame; frames in between that the node skipped are missed, not errors."""
        boundary = self._detector.observe(frame)
        if boundary is not None:
            self._node.publish_latest(self._topic, boundary_to_msg(boundary))

    def reset(self) -> None:
        """Stamps start anew: what comes has nothing to do with what was."""
        self._detector.reset()


def boundary_to_msg(boundary: Boundary) -> SceneBoundary:
    """Where a new shot begins."""
    return SceneBoundary(
        header=header_to_msg(boundary.header),
        kind=SceneBoundary.CUT if boundary.kind == 'cut' else SceneBoundary.GRADUAL,
        score=float(boundary.score),
        start_stamp=ns_to_time(boundary.start_stamp_ns),
    )
