# SPDX-License-Identifier: Apache-2.0
"""What a second encoder, one that takes texts, says of images: kept with keyframes, and watched by standing queries."""

from __future__ import annotations

from functools import partial
from typing import Any

from waymark_msgs.msg import Embedding

from waymark.places import LiveMap
from waymark_ros.conversions import embedding_vector, header_from_msg
from waymark_ros.qos import RESULTS
from waymark_ros.standing_queries import StandingQueries

LANE, WAITING = 'text_embedding', 30


class TextEmbeddings:
    """Listens to `text_embedding` while the node is active; nobody needs to publish there."""

    def __init__(self, node: Any, live_map: LiveMap, standing: StandingQueries) -> None:
        """Subscribe.

        Args:
            node: A ManagedNode that is being activated.
            live_map: Whose keyframes take the vectors.
            standing: Queries, perhaps by text.
        """
        self._node, self._map, self._standing = node, live_map, standing
        node.inbox.add_lane(LANE, WAITING, self._take)
        self._subscription = node.create_subscription(Embedding, LANE, partial(node.inbox.deposit, LANE), RESULTS)

    def _take(self, msg: Embedding) -> None:
        with self._node.guard(LANE):
            header, vector = header_from_msg(msg.header), embedding_vector(msg)
            self._map.add_text_vector(header.stamp_ns, vector, msg.model_id, msg.fingerprint)
            self._standing.observe(vector, msg.fingerprint, header)

    def destroy(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self._subscription)
