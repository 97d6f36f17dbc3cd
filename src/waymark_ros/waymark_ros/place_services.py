# SPDX-License-Identifier: Apache-2.0
"""The services of place_recognition: keep and change the map, and ask it by image or by text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waymark_msgs.msg import PlaceMatch
from waymark_msgs.srv import EncodeImage, EncodeText, LoadMap, QueryByImage, QueryByText, SaveMap

from waymark.places import LiveMap
from waymark.places.queries import MOST_RESULTS, Answer
from waymark_ros.asking import Asker
from waymark_ros.conversions import embedding_vector, ns_to_time, picture_to_frame
from waymark_ros.place_conversions import match_to_msg


class PlaceServices:
    """Answers in the node's worker, between its images."""

    def __init__(self, node: Any, live_map: LiveMap) -> None:
        """Offer the services.

        Args:
            node: A ManagedNode that is being configured.
            live_map: What they are about.
        """
        self._map = live_map
        self._images = Asker(node, EncodeImage, 'image_encoder/encode_image')
        self._texts = Asker(node, EncodeText, 'image_encoder/encode_text')
        node.requests.serve(SaveMap, '~/save_map', self._save)
        node.requests.serve(LoadMap, '~/load_map', self._load)
        node.requests.serve(QueryByImage, '~/query_by_image', self._query_by_image)
        node.requests.serve(QueryByText, '~/query_by_text', self._query_by_text)

    def destroy(self) -> None:
        """Take the clients back; the node takes back its services."""
        self._images.destroy()
        self._texts.destroy()

    def _save(self, request: SaveMap.Request, response: SaveMap.Response) -> Iterator[None]:
        response.keyframe_count = self._map.save(request.path)
        yield

    def _load(self, request: LoadMap.Request, response: LoadMap.Response) -> Iterator[None]:
        for _ in self._map.loading(request.path):
            yield
        response.keyframe_count = len(self._map)
        yield

    def _query_by_image(self, request: QueryByImage.Request, response: QueryByImage.Response) -> Iterator[None]:
        frame = picture_to_frame(request.image, 'image')
        encoded = yield from self._images.ask(EncodeImage.Request(images=[request.image]))
        [embedding] = encoded.embeddings
        count = request.max_results or MOST_RESULTS
        found = self._map.find_image(frame.gray, embedding_vector(embedding), embedding.fingerprint, count)
        response.matches = [answer_to_msg(answer, frame.header) for answer in found]

    def _query_by_text(self, request: QueryByText.Request, response: QueryByText.Response) -> Iterator[None]:
        encoded = yield from self._texts.ask(EncodeText.Request(texts=[request.text]))
        [embedding] = encoded.embeddings
        count = request.max_results or MOST_RESULTS
        found = self._map.find_text(embedding_vector(embedding), embedding.fingerprint, count)
        response.matches = [answer_to_msg(answer, None) for answer in found]


def answer_to_msg(answer: Answer, header: Any) -> PlaceMatch:
    """An answer; one that local features did not verify has no inliers."""
    if answer.match is not None:
        return match_to_msg(answer.match, header)
    return PlaceMatch(
        keyframe_id=answer.keyframe_id,
        keyframe_stamp=ns_to_time(answer.keyframe_stamp_ns),
        similarity=float(answer.similarity),
    )
