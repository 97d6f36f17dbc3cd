# SPDX-License-Identifier: Apache-2.0
"""Standing queries as services and events: a view is registered by image or by text, an event tells when it appears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from waymark_msgs.msg import Appearance as AppearanceMsg
from waymark_msgs.srv import AddStandingQuery, EncodeImage, EncodeText, RemoveStandingQuery

from waymark.errors import QueryError
from waymark.places.standing import Appearance
from waymark.places.watching import WatchList
from waymark.sources.folder import read_image
from waymark.types import Frame, Header
from waymark_ros.asking import Asker
from waymark_ros.conversions import embedding_vector, frame_to_image, header_to_msg, ns_to_time, picture_to_frame
from waymark_ros.qos import RESULTS

_END = object()


class StandingQueries:
    """Answers and watches in the node's worker."""

    def __init__(self, node: Any, config: Any) -> None:
        """Offer the services and the topic.

        Args:
            node: A ManagedNode that is being configured.
            config: PlacesConfig and WatchConfig in one.

        Raises:
            SourceError: One of `watch_images` can't be read.
        """
        self._node = node
        self.watched = WatchList(config, config)
        self._images = Asker(node, EncodeImage, 'image_encoder/encode_image')
        self._texts = Asker(node, EncodeText, 'image_encoder/encode_text')
        self._topic = node.create_publisher(AppearanceMsg, 'appearances', RESULTS)
        node.requests.serve(AddStandingQuery, '~/add_standing_query', self._add)
        node.requests.serve(RemoveStandingQuery, '~/remove_standing_query', self._remove)
        # Those of the parameters are registered once the encoder is known to be there.
        self._first = [self._of_text(t) for t in config.watch_texts] + [self._of_file(f) for f in config.watch_images]
        self._show()

    def observe(self, vector: Any, fingerprint: str, header: Header, features: Any = None) -> None:
        """Look at one image: its unit vector (D,), who made it, and its local features where they are at hand."""
        self._register_first()
        for appeared in self.watched.observe(vector, fingerprint, header.stamp_ns, features):
            self._node.publish_latest(self._topic, appearance_to_msg(appeared, header))
            self._node.get_logger().info(f'{appeared.name!r} has come into sight')

    def reset(self) -> None:
        """Stamps begin anew."""
        self.watched.reset()

    def destroy(self) -> None:
        """Take the clients back; the node takes back its services."""
        self._images.destroy()
        self._texts.destroy()

    def _register_first(self) -> None:
        """Go one step on with what the parameters name; images go on coming meanwhile."""
        if not self._first:
            return
        is_done = True  # also when it fails: the guard says why
        with self._node.guard('standing query of the parameters'):
            is_done = next(self._first[0], _END) is _END
        if is_done:
            self._first.pop(0)
            self._show()

    def _add(self, request: AddStandingQuery.Request, response: AddStandingQuery.Response) -> Iterator[None]:
        if not request.text and not len(request.image.data):
            raise QueryError('neither text nor image is given: say what is wanted.')
        if request.text:
            yield from self._of_text(request.text, request.name, request.threshold)
        else:
            yield from self._of_image(request.image, request.name, request.threshold)
        self._show()

    def _remove(self, request: RemoveStandingQuery.Request, response: RemoveStandingQuery.Response) -> Iterator[None]:
        self.watched.remove(request.name)
        self._show()
        yield

    def _of_text(self, text: str, name: str = '', threshold: float = 0.0) -> Iterator[None]:
        encoded = yield from self._texts.ask(EncodeText.Request(texts=[text]))
        [embedding] = encoded.embeddings
        self.watched.add_text(name or text, embedding_vector(embedding), embedding.fingerprint, threshold)

    def _of_image(self, image: Any, name: str, threshold: float = 0.0) -> Iterator[None]:
        frame = picture_to_frame(image, 'image')
        encoded = yield from self._images.ask(EncodeImage.Request(images=[image]))
        [embedding] = encoded.embeddings
        self.watched.add_image(name, frame.gray, embedding_vector(embedding), embedding.fingerprint, threshold)

    def _of_file(self, path: str) -> Iterator[None]:
        pixels, layout = read_image(Path(path))  # at once: a wrong path is refused at start
        return self._of_image(frame_to_image(Frame(Header(1), pixels, layout)), Path(path).stem)

    def _show(self) -> None:
        self._node.statistics.set('standing_queries', ', '.join(self.watched.names) or 'none')


def appearance_to_msg(appeared: Appearance, header: Header) -> AppearanceMsg:
    """The event, with the header of the image that made it sure."""
    return AppearanceMsg(
        header=header_to_msg(header),
        name=appeared.name,
        since=ns_to_time(appeared.since_ns),
        similarity=float(appeared.similarity),
        inliers=appeared.proof,
    )
