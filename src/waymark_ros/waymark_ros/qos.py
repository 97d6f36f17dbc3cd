# SPDX-License-Identifier: Apache-2.0
"""Quality of service, in one place.

Images are offered RELIABLE (RViz asks for it) and read BEST_EFFORT (serves every camera driver); the newest frame wins.
"""

from __future__ import annotations

from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, reliable: bool, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


IMAGES_OUT = _profile(5, reliable=True)
RESULTS = _profile(10, reliable=True)
LATCHED = _profile(1, reliable=True, latched=True)  # labels: who comes late gets them too
# A late recorder or viewer still gets the keyframes of this run.
KEYFRAMES = _profile(1000, reliable=True, latched=True)
# A command is worth nothing when the next is there; a late reader must know whether the vehicle may move.
COMMANDS_OUT = _profile(1, reliable=True)
COMMANDS_IN = _profile(5, reliable=False)  # serves every publisher
STATE = _profile(1, reliable=True, latched=True)
CLOCK = _profile(1, reliable=False)
SENSORS = _profile(50, reliable=False)  # odometry, ranges: read from whoever publishes them
TF = _profile(100, reliable=True)
TF_STATIC = _profile(100, reliable=True, latched=True)

# Without rclpy's events: waymark_ros.misfits says what they would.
QUIET_IN = SubscriptionEventCallbacks(use_default_callbacks=False)
QUIET_OUT = PublisherEventCallbacks(use_default_callbacks=False)


def images_in(depth: int) -> QoSProfile:
    """Read images, of which a node looks at the newest `depth`.

    The queue of DDS is a little deeper: the ROS thread empties it into the mailbox, where the newest wins and skips are
    counted; with a depth of 1 a busy core lost 8 % of 720p at 30 Hz here, uncounted.
    """
    return _profile(max(depth, 5), reliable=False)


def like_publisher(offered: QoSProfile, depth: int) -> QoSProfile:
    """Read whatever that publisher offers: as reliable and as latched as it is, so that nothing is incompatible."""
    return _profile(
        depth,
        reliable=offered.reliability == ReliabilityPolicy.RELIABLE,
        latched=offered.durability == DurabilityPolicy.TRANSIENT_LOCAL,
    )
